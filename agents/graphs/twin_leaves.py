"""The leaves of the twin: positions valued without looking further, from one flood.

Boards here are uint64 ``(32,)``, bit ``c`` for column ``c``.
"""

import numpy as np

from agents.graphs.boards import SIDE
from agents.graphs.description import APART, CLOSED, FLOOD_STRIDE, OPEN, SOONER, WIN
from tron_env.compiling import njit
from tron_env.territory import CHECKERED, ONE, ZERO, BoardRows, bit, neighbours, popcount
from tron_env.types import Int64Array

# The description as int64 numbers.
ROUNDS, WIDTH, SOLO_ROUNDS, SOLO_WIDTH, RIDES = range(5)
OWN_REGRET, REPLY_REGRET, PLY_COST, SOLO_COST, MAX_PLIES = range(5, 10)
CELL, EDGE, INNER, APART_CELL, APART_EDGE, CLASH, AHEAD, STRIDES, HOPE = range(10, 19)
MORE_ROUNDS, LIVE, PINCHED_COST = range(19, 22)

# What a flood found, int64, by rider.
CELLS, EVEN, EDGES, INSIDE, PINCHED = range(5)
FINDINGS = 5

# Scratch boards, uint64 (5, 32): what is left, what each rider reaches, what is new of that.
LEFT, REACH, NEW, BOARDS = 0, 1, 3, 5


@njit(inline="always")
def bit_of(cell: int) -> np.uint64:
    """Return the word of a cell's row with only that cell set."""
    return bit(cell % SIDE)


@njit(inline="always")
def holds(free: BoardRows, cell: int) -> bool:
    """Tell whether a board holds a cell."""
    return bool(free[cell // SIDE] & bit_of(cell) != ZERO)


@njit(inline="always")
def inside(cell: int) -> int:
    """Return a cell, or the nearest corner where its number lies beyond the board."""
    return max(0, min(SIDE * SIDE - 1, cell))


@njit(inline="always")
def colour(cell: int) -> int:
    """Return 0 or 1, the colour of a cell."""
    return (cell // SIDE + cell) % 2


@njit()
def _flood(own: int, other: int, strides: int, boards: BoardRows) -> None:
    """Write what each rider reaches no later than the other into ``boards[REACH:NEW]``.

    ``boards[LEFT]`` holds the empty cells and is used up. The heads' own cells count as reached
    while the flood runs and are left out at the end.
    """
    left, reach, new = boards[LEFT], boards[REACH:NEW], boards[NEW:]
    reach[:] = 0
    heads = (own, other)
    for rider in range(2):
        if colour(heads[rider]) == 0:
            reach[rider, heads[rider] // SIDE] |= bit_of(heads[rider])
    for step in range(1, strides * FLOOD_STRIDE + 2):
        changed = ZERO
        for row in range(1, SIDE - 1):
            for rider in range(2):
                new[rider, row] = neighbours(reach[rider], row) & left[row]
        for row in range(1, SIDE - 1):
            changed |= new[0, row] | new[1, row]
            left[row] &= ~(new[0, row] | new[1, row])
            for rider in range(2):
                reach[rider, row] |= new[rider, row]
        if step == 1:
            for rider in range(2):
                if colour(heads[rider]) == 1:
                    reach[rider, heads[rider] // SIDE] |= bit_of(heads[rider])
        elif changed == ZERO:
            break
    for rider in range(2):
        reach[rider, heads[rider] // SIDE] &= ~bit_of(heads[rider])


@njit(inline="always")
def _pinched(area: BoardRows, row: int) -> np.uint64:
    """Return the cells of one inner row whose neighbours in the area are not joined around them."""
    above, word, below = area[row - 1], area[row], area[row + 1]
    left, right = word << ONE, word >> ONE
    # Around the cell, the neighbours after which a group of joined ones ends.
    end_0 = above & ~((above >> ONE) & right)
    end_1 = right & ~((below >> ONE) & below)
    end_2 = below & ~((below << ONE) & left)
    end_3 = left & ~((above << ONE) & above)
    parted: np.uint64 = (end_0 & end_1) | (end_2 & end_3) | ((end_0 | end_1) & (end_2 | end_3))
    pinched: np.uint64 = parted & word
    return pinched


@njit()
def measure(
    free: BoardRows, own: int, other: int, strides: int, boards: BoardRows, found: Int64Array
) -> tuple[int, int]:
    """Write what a flood found into ``found``, int64 ``(2, FINDINGS)``; ``boards`` are overwritten.

    Returns:
        the number of cells reached at once, and one that is 0 only if the riders cannot meet.
    """
    left, reach = boards[LEFT], boards[REACH:NEW]
    left[:] = free
    left[own // SIDE] &= ~bit_of(own)
    left[other // SIDE] &= ~bit_of(other)
    _flood(own, other, strides, boards)
    found[:] = 0
    tied = contact = 0
    for row in range(1, SIDE - 1):
        both = reach[0, row] & reach[1, row]
        tied += popcount(both)
        reach[0, row] ^= both
        reach[1, row] ^= both
    for row in range(1, SIDE - 1):
        contact += popcount(neighbours(reach[0], row) & reach[1, row])
        for rider in range(2):
            word = reach[rider, row]
            found[rider, CELLS] += popcount(word)
            found[rider, EVEN] += popcount(word & (CHECKERED << np.uint64(row & 1)))
            found[rider, EDGES] += popcount(word & (word << ONE))
            found[rider, EDGES] += popcount(word & reach[rider, row + 1])
            beside = (word << ONE) & (word >> ONE)
            found[rider, INSIDE] += popcount(
                word & beside & reach[rider, row - 1] & reach[rider, row + 1]
            )
            found[rider, PINCHED] += popcount(_pinched(reach[rider], row))
    return tied, tied + contact


@njit()
def evaluate(
    free: BoardRows,
    own: int,
    other: int,
    was_apart: int,
    ply: int,
    solo: int,
    numbers: Int64Array,
    boards: BoardRows,
    found: Int64Array,
) -> tuple[int, int]:
    """Return the value of a position without looking further, and its kind.

    ``boards`` and ``found`` are scratch memory as in ``measure``.
    """
    tied, contact = measure(free, own, other, numbers[STRIDES], boards, found)
    own_stuck = found[0, CELLS] + tied == 0
    other_stuck = found[1, CELLS] + tied == 0
    if own == other:
        return -numbers[CLASH], CLOSED
    if not was_apart and (own_stuck or other_stuck):
        if own_stuck and other_stuck:
            return 0, CLOSED
        return (ply * SOONER - WIN if own_stuck else WIN - ply * SOONER), CLOSED
    edges = found[0, EDGES] - found[1, EDGES]
    apart = was_apart or contact == 0
    if apart:
        lead = solo
        for rider in range(2):
            cells, even = found[rider, CELLS], found[rider, EVEN]
            same = even if colour(own) == 0 else cells - even
            fill = min(2 * same + 1, 2 * (cells - same))
            lead += fill if rider == 0 else -fill
        value = lead * numbers[APART_CELL] + edges * numbers[APART_EDGE]
        if lead:
            value += numbers[AHEAD] if lead > 0 else -numbers[AHEAD]
    else:
        cells = found[0, CELLS] - found[1, CELLS]
        inner = found[0, INSIDE] - found[1, INSIDE]
        value = cells * numbers[CELL] + edges * numbers[EDGE] + inner * numbers[INNER]
        value -= (found[0, PINCHED] - found[1, PINCHED]) * numbers[PINCHED_COST]
    if own_stuck or ply >= numbers[MAX_PLIES]:
        return value, CLOSED
    return value, (APART if apart else OPEN)
