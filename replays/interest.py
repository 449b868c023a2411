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
upset         15  rating points by which the winner stood below the loser, 200 for all points; a
                  draw counts half of the difference, a person's win over a model 100 points
rarity        10  1 - s / 0.2, not below 0, for the share s of its round's games that have its
                  rarest tag
==========  ====  ===================================================================

The first six follow from the game alone, by its territory pass; ``upset`` and ``rarity`` need its
round. The weights are a choice, not a measurement: closeness and swings are what people watch for.
Abandoned and forfeited games score 0.
"""

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from replays.analysis import Analysis
from replays.format import PERSON, Ending, Replay
from replays.marks import MarkKind, distances, fight_end
from replays.playback import Playback
from replays.titles import comeback_cells
from tron_env.types import Outcome, Seat

UPSET_RATING: Final = 200
"""Rating points of surprise for all points."""
PERSON_SURPRISE: Final = 100
"""Rating points that a person's win over a model counts as."""
RARE_SHARE: Final = 0.2

SWINGS: Final = 4
NEAR_CELLS: Final = 6
NEAR_PLIES: Final = 30


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
        return float(sum(astuple(self)))


def interest(playback: Playback, analysis: Analysis) -> Interest:
    """Return what makes a game worth watching; ``analysis`` is that of ``playback``."""
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
    return Interest(
        swings=15 * min(1.0, len(analysis.lead_changes) / SWINGS),
        closeness=20 * _closeness(analysis, end),
        fight=10 * min(1.0, 8 * end / replay.ruleset.playable_cells),
        contact=10 * min(1.0, near / NEAR_PLIES),
        suspense=10 * (1.0 if decided is None or not replay.plies else decided / replay.plies),
        drama=drama,
        upset=upset_points(PERSON_SURPRISE) if _person_won(replay) else 0.0,
    )


def upset_points(surprise: float) -> float:
    """Return the points for a winner who stood ``surprise`` rating points below the loser.

    >>> upset_points(50), upset_points(-300)
    (3.75, 0.0)
    """
    return 15 * min(1.0, max(0.0, surprise) / UPSET_RATING)


def surprise_of(outcome: Outcome, gap: float) -> float:
    """Return how many rating points of surprise a result is.

    Args:
        outcome: of a game that the rules ended.
        gap: by how many rating points the first seat's rider stands above the second's.

    >>> surprise_of(Outcome.SECOND_WINS, 120.0), surprise_of(Outcome.DRAW, -120.0)
    (120.0, 60.0)
    """
    if outcome.winner is None:
        return abs(gap) / 2
    return -gap if outcome.winner is Seat.FIRST else gap


def rarity_points(share: float) -> float:
    """Return the points for a game whose rarest tag this share of the games has.

    >>> rarity_points(0.01), rarity_points(0.5)
    (9.5, 0.0)
    """
    return 10 * max(0.0, 1 - share / RARE_SHARE)


def _person_won(replay: Replay) -> bool:
    winner = replay.outcome.winner
    if winner is None:
        return False
    return replay.models[winner] == PERSON and replay.models[winner.other] != PERSON


def _closeness(analysis: Analysis, end: int) -> float:
    counted = analysis.survey
    if counted.separation is not None:
        first, second = counted.room_high[counted.separation].tolist()
        return _evenness(first, second)
    counts = counted.territory[: end + 1].tolist()
    return float(np.median([_evenness(first, second) for first, second in counts]))


def _evenness(first: int, second: int) -> float:
    return 1 - abs(first - second) / (first + second) if first + second else 1.0
