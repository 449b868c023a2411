"""Territory on bitboards: who reaches which cell first, and how much room there is.

A bitboard is uint64 ``(height,)``, one word a row, bit ``c`` for column ``c``; up to 32 columns it
may be uint32, and floods are then twice as fast. The wall border keeps rows 0 and height - 1 and
the outermost columns empty, so that shifts need no masks.

Territory is by distance in plies: a cell belongs to the rider who can be there strictly earlier,
and to nobody where both arrive at once. ``reach_0 & ~reach_1`` is what rider 0 reaches first; cells
that both reach at once are in both boards.
"""

import numpy as np
from numpy.typing import NDArray

from tron_env.compiling import kernel, njit, part
from tron_env.errors import RulesetError
from tron_env.kernel import ALIVE, EMPTY
from tron_env.types import Int16Array, Int32Array, UInt8Array

BoardRows = NDArray[np.uint64] | NDArray[np.uint32]

ONE = np.uint64(1)
ZERO = np.uint64(0)
CHECKERED = np.uint64(0x5555555555555555)

_PAIRS = np.uint64(0x5555555555555555)
_NIBBLES = np.uint64(0x3333333333333333)
_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F)
_SUM = np.uint64(0x0101010101010101)
_TWO, _FOUR, _TOP = np.uint64(2), np.uint64(4), np.uint64(56)
_FIRST = np.uintp(1)


@njit(inline="always")
def popcount(word: np.uint64) -> int:
    """Return the number of set bits."""
    word -= (word >> ONE) & _PAIRS
    word = (word & _NIBBLES) + ((word >> _TWO) & _NIBBLES)
    word = (word + (word >> _FOUR)) & _BYTES
    # Not int(): Numba keeps that unsigned, and unsigned with signed makes float64.
    return np.int64((word * _SUM) >> _TOP)  # type: ignore[return-value]


@njit(inline="always")
def bit(col: int) -> np.uint64:
    """Return the word with only column ``col`` set."""
    return ONE << np.uint64(col)


@njit(inline="always")
def neighbours(board: BoardRows, row: int) -> np.uint64:
    """Return the cells of one inner row that touch a cell of ``board`` by an edge."""
    word: np.uint64 = board[row]
    touching: np.uint64 = (word << ONE) | (word >> ONE) | board[row - 1] | board[row + 1]
    return touching


@njit()
def pack_free(i: int, cells: UInt8Array, out_free: BoardRows) -> None:
    """Write the empty cells of game ``i`` into ``out_free``, ``(height,)``."""
    height, width = cells.shape[1], cells.shape[2]
    for row in range(height):
        word = ZERO
        for col in range(width):
            if cells[i, row, col] == EMPTY:
                word |= bit(col)
        out_free[row] = word


@njit()
def count(board: BoardRows) -> int:
    """Return the number of cells of a board."""
    total = 0
    for row in range(board.shape[0]):
        total += popcount(board[row])
    return total


@part
def _grow_both(
    free: BoardRows,
    reach_0: BoardRows,
    reach_1: BoardRows,
    out_0: BoardRows,
    out_1: BoardRows,
) -> bool:
    changed = ZERO
    # Rows as unsigned numbers: only then is the loop compiled to vector instructions.
    for row in range(_FIRST, np.uintp(free.shape[0]) - _FIRST):
        word_0, word_1 = reach_0[row], reach_1[row]
        open_row = free[row] & ~(word_0 | word_1)
        new_0 = open_row & (
            (word_0 << ONE) | (word_0 >> ONE) | reach_0[row - _FIRST] | reach_0[row + _FIRST]
        )
        new_1 = open_row & (
            (word_1 << ONE) | (word_1 >> ONE) | reach_1[row - _FIRST] | reach_1[row + _FIRST]
        )
        out_0[row] = word_0 | new_0
        out_1[row] = word_1 | new_1
        changed |= new_0 | new_1
    return bool(changed != ZERO)


@kernel
def split(
    free: BoardRows,
    reach_0: BoardRows,
    reach_1: BoardRows,
    scratch_0: BoardRows,
    scratch_1: BoardRows,
) -> None:
    """Flood from both riders at once until nothing changes, in place.

    Args:
        free: ``(height,)``, the empty cells.
        reach_0: starts with rider 0's head (or nothing, where it is dead); ends with that head and
            every cell it reaches no later than rider 1.
        reach_1: the same for rider 1.
        scratch_0: overwritten, like ``scratch_1``; rows 0 and height - 1 must be 0.
        scratch_1: see ``scratch_0``.
    """
    while True:
        _grow_both(free, reach_0, reach_1, scratch_0, scratch_1)
        if not _grow_both(free, scratch_0, scratch_1, reach_0, reach_1):
            return


@kernel
def flood(free: BoardRows, reach: BoardRows, scratch: BoardRows) -> None:
    """Flood ``reach`` through ``free`` in place; ``scratch`` as in ``split``."""
    last = np.uintp(free.shape[0]) - _FIRST
    while True:
        changed = ZERO
        for row in range(_FIRST, last):
            word = reach[row]
            touching = (word << ONE) | (word >> ONE) | reach[row - _FIRST] | reach[row + _FIRST]
            scratch[row] = word | (touching & free[row])
        for row in range(_FIRST, last):
            word = scratch[row]
            touching = (word << ONE) | (word >> ONE) | scratch[row - _FIRST] | scratch[row + _FIRST]
            grown = word | (touching & free[row])
            changed |= grown ^ reach[row]
            reach[row] = grown
        if changed == ZERO:
            return


@njit()
def separated(reach_0: BoardRows, reach_1: BoardRows, free: BoardRows) -> bool:
    """Tell from the result of ``split`` whether the riders can never meet again."""
    for row in range(1, free.shape[0] - 1):
        if reach_0[row] & reach_1[row]:
            return False
        if neighbours(reach_0, row) & reach_1[row] & free[row]:
            return False
        if neighbours(reach_1, row) & reach_0[row] & free[row]:
            return False
    return True


@part
def fillable(same: int, other: int) -> int:
    """Return the longest path by colours alone, from a cell left out of the counts.

    ``same`` and ``other`` count the cells of that cell's colour and of the other one, as on a
    checkerboard: every ply changes the colour, so that a path holds at most one more of the other.
    """
    return 2 * same + 1 if other > same else 2 * other


@njit()
def fill_bound(area: BoardRows, row: int, col: int) -> int:
    """Return an upper bound of the plies a rider at ``(row, col)`` can still make in ``area``.

    By the colours of its cells; ``area`` leaves the head's own cell out.
    """
    total = 0
    same = 0
    for i in range(area.shape[0]):
        word = area[i]
        total += popcount(word)
        same += popcount(word & (CHECKERED << np.uint64((i + row + col) & 1)))
    return fillable(same, total - same)


@njit()
def _territory(
    cells: UInt8Array, heads: Int16Array, causes: UInt8Array, out_counts: Int32Array
) -> None:
    height = cells.shape[1]
    free = np.zeros(height, dtype=np.uint64)
    boards = np.zeros((4, height), dtype=np.uint64)
    for i in range(cells.shape[0]):
        pack_free(i, cells, free)
        boards[:] = ZERO
        for seat in range(2):
            if causes[i, seat] == ALIVE:
                boards[seat, heads[i, seat, 0]] = bit(heads[i, seat, 1])
        split(free, boards[0], boards[1], boards[2], boards[3])
        for seat in range(2):
            total = 0
            for row in range(height):
                total += popcount(boards[seat, row] & ~boards[1 - seat, row] & free[row])
            out_counts[i, seat] = total


def territory(cells: UInt8Array, heads: Int16Array, causes: UInt8Array) -> Int32Array:
    """Count the empty cells that each rider reaches strictly before the other.

    Args:
        cells: uint8 ``(n, height, width)``, ``CellKind``; at most 64 by 64, walls around.
        heads: int16 ``(n, 2, 2)``, (row, col).
        causes: uint8 ``(n, 2)``; a dead rider reaches nothing.

    Returns:
        int32 ``(n, 2)``.

    Raises:
        RulesetError: the shapes do not fit together.
    """
    n = cells.shape[0]
    if cells.ndim != 3 or max(cells.shape[1:]) > 64:
        raise RulesetError(f"cells are {cells.shape}; expected (n, height, width) up to 64 by 64")
    if heads.shape != (n, 2, 2) or causes.shape != (n, 2):
        raise RulesetError(f"heads {heads.shape} and causes {causes.shape} do not fit {n} games")
    counts: Int32Array = np.zeros((n, 2), dtype=np.int32)
    _territory(cells, heads, causes, counts)
    return counts
