"""The twin of ``agents.graphs.correction``: what is added to an own move of the root."""

import numpy as np

from agents.graphs.description import CORRECTION_UNIT, HOPE_LIMIT, NEVER
from agents.graphs.twin_leaves import EXITS, PROMISE, SHARE, SPARE
from tron_env.compiling import njit
from tron_env.types import ACTIONS, Int64Array


@njit()
def correction(
    table: Int64Array,
    action: int,
    early: Int64Array,
    behind: Int64Array,
    exits: int,
    numbers: Int64Array,
) -> int:
    """Return what is added to an own move that is neither won nor lost.

    Args:
        table: int64 ``(16,)``, the root's joint plies.
        action: the move.
        early: int64 ``(4,)``, what each move was worth before the tree grew.
        behind: int64 ``(4,)``, positions with a way on behind each move.
        exits: empty neighbours of the cell moved to.
        numbers: the description.
    """
    worst, next_worst = NEVER, NEVER
    for reply in range(ACTIONS):
        value = table[action * ACTIONS + reply]
        if value < worst:
            worst, next_worst = value, worst
        elif value < next_worst:
            next_worst = value
    spare = min(next_worst - worst, HOPE_LIMIT)
    promise = min(early.max() - early[action], HOPE_LIMIT)
    share = behind[action] * CORRECTION_UNIT // (behind.sum() + 1)
    added = spare * numbers[SPARE] - promise * numbers[PROMISE]
    added += (share * numbers[SHARE] + exits * numbers[EXITS]) * CORRECTION_UNIT
    # As the runtime divides: towards zero.
    size = abs(added) // CORRECTION_UNIT
    return int(np.sign(added) * size)
