"""The twin of ``agents.graphs.filling``: riding on to the end of a region alone."""

import numpy as np

from agents.graphs.boards import SIDE
from agents.graphs.filling import SEEN, STEPS, STUCK
from tron_env.compiling import njit
from tron_env.territory import ONE, ZERO, BoardRows
from tron_env.types import UInt8Array

_BEYOND = 2 * SIDE
"""Cells before and behind the board, so that two rows away is always something."""

RIDDEN = SIDE * SIDE + 2 * _BEYOND
"""Cells of the scratch board."""


@njit()
def ride(free: BoardRows, cell: int, heading: int, actions: UInt8Array, scratch: UInt8Array) -> int:
    """Return the plies until the end, by the best style.

    Args:
        free: uint64 ``(32,)``, the empty cells.
        cell: the head.
        heading: an action.
        actions: what ``filling.rule`` returns.
        scratch: uint8 ``(RIDDEN,)``, overwritten.
    """
    most = 0
    for style in range(actions.shape[0]):
        scratch[:] = 0
        for row in range(SIDE):
            for col in range(SIDE):
                if free[row] >> np.uint64(col) & ONE != ZERO:
                    scratch[_BEYOND + row * SIDE + col] = 1
        at, facing, plies = _BEYOND + cell, heading, 0
        while True:
            code = 0
            for i in range(len(SEEN)):
                code |= scratch[at + SEEN[i]] << i
            action = actions[style, facing, code]
            if action == STUCK:
                break
            at += STEPS[action]
            scratch[at] = 0
            facing = action
            plies += 1
        most = max(most, plies)
    return most
