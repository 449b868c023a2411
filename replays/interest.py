"""How much a game is worth watching: a number from 0 to 100 by a fixed formula.

==========  ====  ===================================================================
part        most  is
==========  ====  ===================================================================
swings        15  changes of lead before the separation, 4 or more for all points
closeness     20  1 - |a - b| / (a + b), for the room a, b of both at the separation; in games
                  decided before it, for their territories at the median ply
fight         10  plies until the separation, an eighth of the playable cells for all points
contact       10  plies with the heads within 6 cells before the separation, 30 for all
suspense      10  the ply from which on the result was proved, as a share of all plies; a game
                  decided before the separation gets all points
drama         10  a missed win or a comeback 10, else a head-on gamble 5
upset         15  1 - the winner's expected score by rating; a draw, the difference of both
                  expected scores; 0 where ratings are not known
rarity        10  log2(1 / share of games with its rarest tag) / 8, where shares are known
==========  ====  ===================================================================

The weights are a choice, not a measurement: closeness and swings are what people watch for.
Abandoned and forfeited games score 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np

from replays.analysis import Analysis
from replays.commentary import comeback_cells
from replays.format import Ending
from replays.marks import MarkKind, distances, fight_end
from replays.playback import Playback

SWINGS: Final = 4
NEAR_CELLS: Final = 6
NEAR_PLIES: Final = 30
RARE_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class Interest:
    """The parts of the score, in points."""

    swings: float = 0.0
    closeness: float = 0.0
    fight: float = 0.0
    contact: float = 0.0
    suspense: float = 0.0
    drama: float = 0.0
    upset: float = 0.0
    rarity: float = 0.0

    @property
    def score(self) -> float:
        """All of it, 0 to 100."""
        return (
            self.swings
            + self.closeness
            + self.fight
            + self.contact
            + self.suspense
            + self.drama
            + self.upset
            + self.rarity
        )


def interest(
    playback: Playback,
    analysis: Analysis,
    *,
    expected: float | None = None,
    tags: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
) -> Interest:
    """Return what makes a game worth watching.

    Args:
        playback: the game.
        analysis: its territory pass.
        expected: seat 0's expected score by rating, 0 to 1.
        tags: of the game's commentary.
        shares: for each tag the share of games that have it, above 0 to 1.
    """
    replay = playback.replay
    if replay.ending is not Ending.RULES:
        return Interest()
    counted = analysis.survey
    end = fight_end(playback, counted)
    near = int((distances(playback)[: end + 1] <= NEAR_CELLS).sum())
    kinds = {mark.kind for mark in analysis.marks}
    if MarkKind.MISSED_WIN in kinds or comeback_cells(playback, analysis):
        drama = 10.0
    else:
        drama = 5.0 if MarkKind.HEAD_ON_GAMBLE in kinds else 0.0
    decided = analysis.decided
    known = [shares[tag] for tag in tags if tag in shares] if shares else []
    return Interest(
        swings=15 * min(1.0, len(analysis.lead_changes) / SWINGS),
        closeness=20 * _closeness(analysis, end),
        fight=10 * min(1.0, 8 * end / replay.ruleset.playable_cells),
        contact=10 * min(1.0, near / NEAR_PLIES),
        suspense=10 * (1.0 if decided is None or not replay.plies else decided / replay.plies),
        drama=drama,
        upset=15 * _upset(playback, expected),
        rarity=10 * min(1.0, -log2(min(known)) / RARE_BITS) if known else 0.0,
    )


def _closeness(analysis: Analysis, end: int) -> float:
    counted = analysis.survey
    if counted.separation is not None:
        first, second = counted.room_high[counted.separation].tolist()
        return _evenness(first, second)
    counts = counted.territory[: end + 1].tolist()
    return float(np.median([_evenness(first, second) for first, second in counts]))


def _evenness(first: int, second: int) -> float:
    return 1 - abs(first - second) / (first + second) if first + second else 1.0


def _upset(playback: Playback, expected: float | None) -> float:
    if expected is None:
        return 0.0
    winner = playback.replay.outcome.winner
    if winner is None:
        return abs(2 * expected - 1)
    return 1 - (expected if winner == 0 else 1 - expected)
