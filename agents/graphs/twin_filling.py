"""The twin of ``agents.graphs.filling``: riding on to the end of a region alone."""

import numpy as np

from agents.graphs.boards import SIDE
from agents.graphs.filling import NO_WAY, RING, STEPS, STUCK
from tron_env.compiling import njit
from tron_env.territory import ONE, ZERO, BoardRows
from tron_env.types import ACTIONS, Int64Array, UInt8Array

_BEYOND = 2 * SIDE
"""Cells before and behind the board, so that two rows away is always something."""

RIDDEN = SIDE * SIDE + 2 * _BEYOND
"""Cells of the scratch board."""

_AROUND = np.array(RING)
_ITSELF = 1 << len(RING)


@njit()
def ride(
    free: BoardRows,
    cell: int,
    heading: int,
    costs: Int64Array,
    ranks: Int64Array,
    scratch: UInt8Array,
) -> int:
    """Return the plies until the end, by the best style.

    Args:
        free: uint64 ``(32,)``, the empty cells.
        cell: the head.
        heading: an action.
        costs: what ``filling.costs`` returns.
        ranks: what ``filling.ranks`` returns.
        scratch: uint8 ``(RIDDEN,)``, overwritten.
    """
    most = 0
    for style in range(ranks.shape[0]):
        scratch[:] = 0
        for row in range(SIDE):
            for col in range(SIDE):
                if free[row] >> np.uint64(col) & ONE != ZERO:
                    scratch[_BEYOND + row * SIDE + col] = 1
        at, facing, plies = _BEYOND + cell, heading, 0
        while True:
            least, chosen = NO_WAY, STUCK
            for action in range(ACTIONS):
                target = at + STEPS[action]
                if scratch[target] == 0:
                    continue
                code = _ITSELF
                for i in range(len(_AROUND)):
                    code |= scratch[target + _AROUND[i]] << i
                cost = costs[code] + ranks[style, facing, action]
                if cost < least:
                    least, chosen = cost, action
            if chosen == STUCK:
                break
            at += STEPS[chosen]
            scratch[at] = 0
            facing = chosen
            plies += 1
        most = max(most, plies)
    return most
