"""What the heuristics think of each action, as Numba kernels.

Values are integers below 2**24, so that float32 and the compiled graphs hold them exactly. Every
kernel takes whole arrays of a ``BatchEngine`` and writes float32 ``(k, 4)`` for k riders.
"""

import numpy as np

from tron_env import territory
from tron_env.compiling import njit
from tron_env.kernel import ALIVE, COL_STEP, EMPTY, ROW_STEP
from tron_env.types import Float32Array, Int16Array, IntArray, UInt8Array

REJECTED = -1_000_000
"""The value of an action that is not accepted: below any other."""

MAX_WEIGHT = 4
"""Of a cell of territory."""

WIN = 4000
"""The value of a joint ply that leaves only oneself alive: above any weighed territory."""

HUG_SCALE = 8
"""One cell of territory outweighs every tie-break (0 to 3)."""

REPLY_SCALE = 12
"""Divisible by any number of replies, so that means stay integers."""

REPLY_WORST, REPLY_MEAN, REPLY_STILL = 0, 1, 2
TIE_ORDER, TIE_HUG, TIE_OPEN = 0, 1, 2


@njit()
def exits(i: int, cells: UInt8Array, row: int, col: int) -> int:
    """Return how many neighbours of an inner cell are empty."""
    total = 0
    for action in range(4):
        if cells[i, row + ROW_STEP[action], col + COL_STEP[action]] == EMPTY:
            total += 1
    return total


@njit()
def wall_hugger_values(
    cells: UInt8Array,
    heads: Int16Array,
    games: IntArray,
    seats: IntArray,
    ranks: Float32Array,
    out_values: Float32Array,
) -> None:
    """Write ``WallHugger`` values: 4 * (3 - exits) + rank, or the rank alone in a dead end."""
    for k in range(games.shape[0]):
        i, seat = games[k], seats[k]
        for action in range(4):
            row = heads[i, seat, 0] + ROW_STEP[action]
            col = heads[i, seat, 1] + COL_STEP[action]
            if cells[i, row, col] != EMPTY:
                out_values[k, action] = REJECTED
                continue
            ways = exits(i, cells, row, col)
            out_values[k, action] = ranks[action] + (4 * (4 - ways) if ways > 0 else 0)


@njit()
def voronoi_values(
    cells: UInt8Array,
    heads: Int16Array,
    causes: UInt8Array,
    games: IntArray,
    seats: IntArray,
    reply: int,
    tie: int,
    own_weight: int,
    other_weight: int,
    out_values: Float32Array,
) -> None:
    """Write ``Voronoi`` values; ``reply`` is a ``REPLY_...``, ``tie`` a ``TIE_...``."""
    height = cells.shape[1]
    free = np.zeros(height, dtype=np.uint64)
    boards = np.zeros((4, height), dtype=np.uint64)
    for k in range(games.shape[0]):
        i, seat = games[k], seats[k]
        territory.pack_free(i, cells, free)
        other_row, other_col = heads[i, 1 - seat, 0], heads[i, 1 - seat, 1]
        other_lives = causes[i, 1 - seat] == ALIVE
        for action in range(4):
            row = heads[i, seat, 0] + ROW_STEP[action]
            col = heads[i, seat, 1] + COL_STEP[action]
            if causes[i, seat] != ALIVE or cells[i, row, col] != EMPTY:
                out_values[k, action] = REJECTED
                continue
            ways = exits(i, cells, row, col)
            worst, total, replies = WIN, 0, 0
            if other_lives and reply == REPLY_STILL:
                worst = _weighed(
                    free, row, col, other_row, other_col, own_weight, other_weight, boards
                )
            elif other_lives:
                for answer in range(4):
                    row_1 = other_row + ROW_STEP[answer]
                    col_1 = other_col + COL_STEP[answer]
                    if cells[i, row_1, col_1] != EMPTY:
                        continue
                    value = _weighed(free, row, col, row_1, col_1, own_weight, other_weight, boards)
                    replies += 1
                    total += value
                    worst = min(worst, value)
            if reply == REPLY_MEAN and replies > 0:
                value = total * (REPLY_SCALE // replies)
            else:
                value = worst * REPLY_SCALE
            bonus = 0
            if tie == TIE_HUG:
                bonus = 3 - ways
            elif tie == TIE_OPEN:
                bonus = ways
            out_values[k, action] = value * HUG_SCALE + bonus


@njit()
def _weighed(
    free: territory.BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    own_weight: int,
    other_weight: int,
    boards: territory.BoardRows,
) -> int:
    """Return the weighed difference of territory for riders at cells 0 and 1.

    Each territory holds its head's cell too, except that both on one cell hold nothing.
    """
    boards[:] = territory.ZERO
    boards[0, row_0] = territory.bit(col_0)
    boards[1, row_1] = territory.bit(col_1)
    # The two cells are taken: the floods start on them and never enter them.
    free[row_0] &= ~territory.bit(col_0)
    was_free = free[row_1]
    free[row_1] &= ~territory.bit(col_1)
    territory.split(free, boards[0], boards[1], boards[2], boards[3])
    free[row_1] = was_free
    free[row_0] |= territory.bit(col_0)
    total = 0
    for row in range(free.shape[0]):
        total += own_weight * territory.popcount(boards[0, row] & ~boards[1, row])
        total -= other_weight * territory.popcount(boards[1, row] & ~boards[0, row])
    return total
