"""How much a game is worth watching: a number from 0 to 100 by a fixed formula.

==========  ====  ===================================================================
part        most  is
==========  ====  ===================================================================
swings        20  changes of lead before the separation, 4 or more for all points
closeness     25  1 - |a - b| / (a + b), for the room a, b of both at the separation; in games
                  decided before it, for their territories at the median ply
fight         15  plies until the separation, an eighth of the playable cells for all points
contact       15  plies with the heads within 6 cells before the separation, 30 for all
suspense      15  the ply from which on the result was proved, as a share of all plies; a game
                  decided before the separation gets all points
drama         10  a missed win or a comeback 10, else a head-on gamble 5
==========  ====  ===================================================================

The weights are a choice, not a measurement: closeness and swings are what people watch for.
Abandoned and forfeited games score 0.
"""

from dataclasses import astuple, dataclass
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


@dataclass(frozen=True, slots=True)
class Interest:
    """The parts of the score, in points."""

    swings: float = 0.0
    closeness: float = 0.0
    fight: float = 0.0
    contact: float = 0.0
    suspense: float = 0.0
    drama: float = 0.0

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
        swings=20 * min(1.0, len(analysis.lead_changes) / SWINGS),
        closeness=25 * _closeness(analysis, end),
        fight=15 * min(1.0, 8 * end / replay.ruleset.playable_cells),
        contact=15 * min(1.0, near / NEAR_PLIES),
        suspense=15 * (1.0 if decided is None or not replay.plies else decided / replay.plies),
        drama=drama,
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
