"""What decided a game: the territory pass, who had already lost when, and the turning points.

Everything here is counted or proved, nothing is judged; judging needs a search (``replays.deep``).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from replays.marks import Mark, fight_end, find_marks, leads
from replays.playback import Playback
from replays.survey import Survey, survey
from tron_env.types import DeathCause, Outcome

LEAD_SHARE: Final = 0.04
"""A lead counts from this share of the riders' territories on, so that the parity of plies, which
moves a dozen cells to and fro, does not count as a change of lead."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The territory pass over one game."""

    survey: Survey
    forced: tuple[Outcome | None, ...]
    """For each ply how the game ends if both play their best from there, where that is proved."""
    decided: int | None
    """The first ply from which on the result was proved to be what it became."""
    lead_changes: tuple[int, ...]
    """The plies at which another rider took a clear lead in territory, before the separation."""
    marks: tuple[Mark, ...]
    """By ply."""


def analyze(playback: Playback) -> Analysis:
    """Run the territory pass over a game."""
    counted = survey(playback)
    forced = forced_outcomes(playback, counted)
    decided = _decided(playback, counted, forced)
    return Analysis(
        survey=counted,
        forced=forced,
        decided=decided,
        lead_changes=_lead_changes(playback, counted),
        marks=find_marks(playback, counted, forced, decided),
    )


def forced_outcomes(playback: Playback, counted: Survey) -> tuple[Outcome | None, ...]:
    """Return for each ply the proved result of best play, None where there is no proof.

    Riders that cannot meet have two games of their own: who can make fewer plies dies first, and
    equal numbers are a draw. The ply limit cuts both numbers.
    """
    over = any(cause is not DeathCause.NONE for cause in playback.replay.causes)
    outcomes: list[Outcome | None] = []
    for ply in range(playback.plies + 1):
        if ply == playback.plies and over:
            outcomes.append(playback.replay.outcome)
            continue
        if counted.separation is None or ply < counted.separation:
            outcomes.append(None)
            continue
        left = playback.replay.ruleset.max_plies - ply
        low = np.minimum(counted.room_low[ply], left)
        high = np.minimum(counted.room_high[ply], left)
        outcomes.append(_compare(low.tolist(), high.tolist(), left))
    return tuple(outcomes)


def _compare(low: list[int], high: list[int], left: int) -> Outcome | None:
    if high[0] < low[1]:
        return Outcome.SECOND_WINS
    if high[1] < low[0]:
        return Outcome.FIRST_WINS
    if low[0] == high[0] == low[1] == high[1]:
        return Outcome.TRUNCATED if low[0] == left else Outcome.DRAW
    return None


def _decided(playback: Playback, counted: Survey, forced: tuple[Outcome | None, ...]) -> int | None:
    if counted.separation is None:
        return None
    ply = playback.plies
    while ply > counted.separation and forced[ply - 1] is playback.replay.outcome:
        ply -= 1
    return ply if ply < playback.plies else None


def _lead_changes(playback: Playback, counted: Survey) -> tuple[int, ...]:
    lead = leads(counted)
    leader = 0
    changes = []
    for ply in range(fight_end(playback, counted) + 1):
        clear = max(4.0, LEAD_SHARE * float(counted.territory[ply].sum()))
        now = int(np.sign(lead[ply])) if abs(lead[ply]) >= clear else leader
        if leader and now != leader:
            changes.append(ply)
        leader = now
    return tuple(changes)
