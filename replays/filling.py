"""How long a rider alone can still ride: an exact or bounded longest path, in Numba kernels.

Once two riders can never meet again, the game is two longest-path problems; who has the longer
path wins. Depth-first search takes the way with the largest chamber bound first
(``tron_env.chambers``), of equals the one along walls, and cuts off what cannot be longer than the
longest path known. Whenever it stops, everything not looked at yet still has a bound, so that both
limits are proofs.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env import territory
from tron_env.chambers import CELLS, new_numbers, room
from tron_env.compiling import kernel
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import BoardRows
from tron_env.types import Int32Array, Int64Array, UInt8Array

UInt64Rows = NDArray[np.uint64]

# Columns of the stack, one row a ply of the path: where it stands, which child comes next, how
# many there are, then each child's action and its bound.
_ROW, _COL, _NEXT, _CHILDREN, _ACTION, _BOUND = 0, 1, 2, 3, 4, 8
FILL_STACK_WIDTH: Final = 12


# Fields of the control array, int64 (FILL_CONTROL_WIDTH,): where the search stands, bounds
# computed, plies of the longest path found and of the longest possible.
LEVEL, SPENT, LONGEST, MOST = range(4)
FILL_CONTROL_WIDTH: Final = 4


@kernel
def _expand(free: BoardRows, stack: Int32Array, level: int, numbers: Int32Array) -> int:
    """Write the children of a node, best first; return how many bounds were computed."""
    row, col = stack[level, _ROW], stack[level, _COL]
    count = 0
    for action in range(4):
        to_row, to_col = row + ROW_STEP[action], col + COL_STEP[action]
        if not free[to_row] & territory.bit(to_col):
            continue
        free[to_row] ^= territory.bit(to_col)
        bound = 1 + room(free, to_row, to_col, numbers)
        exits = 0
        for way in range(4):
            if free[to_row + ROW_STEP[way]] & territory.bit(to_col + COL_STEP[way]):
                exits += 1
        free[to_row] ^= territory.bit(to_col)
        # Bounds first, then few exits: both in one number.
        rank = 4 * bound + 3 - exits
        place = count
        while place > 0 and stack[level, _BOUND + place - 1] < rank:
            stack[level, _BOUND + place] = stack[level, _BOUND + place - 1]
            stack[level, _ACTION + place] = stack[level, _ACTION + place - 1]
            place -= 1
        stack[level, _BOUND + place] = rank
        stack[level, _ACTION + place] = action
        count += 1
    for place in range(count):
        stack[level, _BOUND + place] //= 4
    stack[level, _CHILDREN] = count
    stack[level, _NEXT] = 0
    return count


@kernel
def begin_fill(
    free: BoardRows,
    row: int,
    col: int,
    stack: Int32Array,
    control: Int64Array,
    numbers: Int32Array,
) -> None:
    """Prepare a search for the longest path of a rider alone; arguments as of ``longest_fill``."""
    stack[0, _ROW], stack[0, _COL] = row, col
    control[LEVEL] = control[LONGEST] = 0
    control[MOST] = room(free, row, col, numbers)
    control[SPENT] = 1 + _expand(free, stack, 0, numbers)


@kernel
def resume_fill(
    free: BoardRows,
    stack: Int32Array,
    control: Int64Array,
    numbers: Int32Array,
    out_path: UInt8Array,
    most_bounds: int,
) -> bool:
    """Search on until the end or until ``control[SPENT]`` has reached ``most_bounds``.

    ``control[LONGEST]`` is the length of the longest path found, whose actions are in ``out_path``.

    Args:
        free: ``(height,)``; changed while searching, see ``leave_fill``.
        stack: see ``longest_fill``, like ``numbers`` and ``out_path``.
        control: int64 ``(FILL_CONTROL_WIDTH,)``.
        numbers: see ``stack``.
        out_path: see ``stack``.
        most_bounds: about how many bounds may be computed, counted over all calls.

    Returns:
        whether the search has ended; its path is then the longest one.
    """
    level = control[LEVEL]
    best = control[LONGEST]
    while control[SPENT] < most_bounds:
        if best >= control[MOST]:
            control[LEVEL] = level
            return True
        child = stack[level, _NEXT]
        if child < stack[level, _CHILDREN] and level + stack[level, _BOUND + child] > best:
            action = stack[level, _ACTION + child]
            stack[level, _NEXT] = child + 1
            to_row = stack[level, _ROW] + ROW_STEP[action]
            to_col = stack[level, _COL] + COL_STEP[action]
            free[to_row] ^= territory.bit(to_col)
            level += 1
            stack[level, _ROW], stack[level, _COL] = to_row, to_col
            control[SPENT] += _expand(free, stack, level, numbers)
            if level > best:
                best = control[LONGEST] = level
                for ply in range(best):
                    out_path[ply] = stack[ply, _ACTION + stack[ply, _NEXT] - 1]
            continue
        if level == 0:
            control[LEVEL] = 0
            control[MOST] = best
            return True
        free[stack[level, _ROW]] ^= territory.bit(stack[level, _COL])
        level -= 1
    control[LEVEL] = level
    return False


@kernel
def leave_fill(free: BoardRows, stack: Int32Array, control: Int64Array) -> None:
    """Restore ``free`` wherever a search stands, and lower its upper bound to what is left open."""
    # What is left open at any level may still hold a longer path, up to its bound.
    most = control[LONGEST]
    for ply in range(control[LEVEL] + 1):
        if stack[ply, _NEXT] < stack[ply, _CHILDREN]:
            most = max(most, ply + stack[ply, _BOUND + stack[ply, _NEXT]])
        if ply:
            free[stack[ply, _ROW]] ^= territory.bit(stack[ply, _COL])
    control[MOST] = min(control[MOST], most)
    control[LEVEL] = 0


@kernel
def longest_fill(
    free: BoardRows,
    row: int,
    col: int,
    most_bounds: int,
    stack: Int32Array,
    control: Int64Array,
    numbers: Int32Array,
    out_path: UInt8Array,
) -> tuple[int, int, int]:
    """Bound the longest path of a rider alone from a taken cell.

    Args:
        free: ``(height,)``; changed while searching, restored at the end.
        row: of the head.
        col: see ``row``.
        most_bounds: about how many bounds may be computed; one whole descent always is.
        stack: int32 ``(CELLS, FILL_STACK_WIDTH)``, overwritten.
        control: int64 ``(FILL_CONTROL_WIDTH,)``, overwritten.
        numbers: see ``chambers.new_numbers``; overwritten.
        out_path: uint8 ``(CELLS,)``; starts with the actions of the longest path found.

    Returns:
        the plies of the longest path found, an upper bound of any path's, and the bounds computed;
        the first two are equal where the length is exact.
    """
    begin_fill(free, row, col, stack, control, numbers)
    while not resume_fill(free, stack, control, numbers, out_path, most_bounds):
        if control[LEVEL] < control[LONGEST]:
            break
        # The descent is not at its end.
        most_bounds = control[SPENT] + 1
    leave_fill(free, stack, control)
    return control[LONGEST], control[MOST], control[SPENT]


class FillScratch:
    """The memory that a search for the longest path overwrites."""

    def __init__(self) -> None:
        self.stack: Int32Array = np.zeros((CELLS, FILL_STACK_WIDTH), dtype=np.int32)
        self.control: Int64Array = np.zeros(FILL_CONTROL_WIDTH, dtype=np.int64)
        self.numbers = new_numbers()
        self.path: UInt8Array = np.zeros(CELLS, dtype=np.uint8)


def fill_limits(
    cells: UInt8Array, head: tuple[int, int], most_bounds: int = 1000
) -> tuple[int, int, tuple[int, ...]]:
    """Bound how many plies a rider alone can still make.

    Args:
        cells: uint8 ``(height, width)``, ``CellKind``; every trail in it stays.
        head: the rider's cell, (row, col).
        most_bounds: the budget; see ``longest_fill``.

    Returns:
        a length that is possible, one that no path exceeds, and the actions of the possible one.
    """
    free: UInt64Rows = np.zeros(cells.shape[0], dtype=np.uint64)
    territory.pack_free(0, cells[None], free)
    scratch = FillScratch()
    low, high, _ = longest_fill(
        free,
        head[0],
        head[1],
        most_bounds,
        scratch.stack,
        scratch.control,
        scratch.numbers,
        scratch.path,
    )
    return low, high, tuple(scratch.path[:low].tolist())
