"""How to last longest alone: branch and bound over one rider's paths, as a resumable Numba loop.

Every node is valued by a rollout that hugs walls, which is a path that really exists, and is cut
off where the tree of chambers, with a checkerboard in each, shows that no path through it can be
longer than the best known.
"""

from agents.joint_search import flip, is_free, ways
from agents.search_nodes import LEVEL, NODES
from tron_env.chambers import room
from tron_env.compiling import kernel, part
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import BoardRows
from tron_env.types import Int32Array, Int64Array

MAX_FILL_DEPTH = 200
"""Plies; beyond, rollouts decide."""

BEST_LENGTH, BEST_FIRST, MOST, CUT = 3, 4, 5, 6
FILL_CONTROL_WIDTH = 7
"""Fields of the control array behind those shared with the joint search."""

ROW, COL, TRIED, ACTION = range(4)
FILL_STACK_WIDTH = 4


@part
def _tightest(free: BoardRows, row: int, col: int, tried: int) -> int:
    """Return the action whose target has the fewest ways on, dead ends last, or -1.

    Bits of ``tried`` are actions to leave out.
    """
    best, best_ways = -1, 9
    for action in range(4):
        if tried >> action & 1:
            continue
        next_row, next_col = row + ROW_STEP[action], col + COL_STEP[action]
        if not is_free(free, next_row, next_col):
            continue
        found = ways(free, next_row, next_col)
        if found == 0:
            found = 8
        if found < best_ways:
            best, best_ways = action, found
    return best


@kernel
def rollout(free: BoardRows, row: int, col: int, scratch: BoardRows) -> int:
    """Return how many plies one lasts by always taking the tightest way on.

    ``scratch`` is ``(height,)``, overwritten.
    """
    for i in range(free.shape[0]):
        scratch[i] = free[i]
    plies = 0
    while True:
        best = _tightest(scratch, row, col, 0)
        if best < 0:
            return plies
        row += ROW_STEP[best]
        col += COL_STEP[best]
        flip(scratch, row, col)
        plies += 1


@kernel
def begin_fill(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    numbers: Int32Array,
) -> None:
    """Prepare a search from the head in row 0 of the stack; what is known already stays known."""
    stack[0, TRIED] = 0
    control[LEVEL] = 0
    control[CUT] = 0
    control[MOST] = room(free, stack[0, ROW], stack[0, COL], numbers)


@kernel
def resume_fill(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    numbers: Int32Array,
    scratch: BoardRows,
    depth: int,
    max_nodes: int,
) -> bool:
    """Search on until the end or until ``control[NODES]`` has reached ``max_nodes``.

    ``control[BEST_LENGTH]`` and ``control[BEST_FIRST]`` hold the longest path known and its first
    action; start with 0 and -1. The search ends early once that length equals ``control[MOST]``.
    ``control[CUT]`` tells whether the depth has cut anything off.

    Args:
        free: ``(height,)``; changed while the search runs, restored when it has run to its
            full depth.
        stack: int64 ``(MAX_FILL_DEPTH + 2, FILL_STACK_WIDTH)``.
        control: int64 ``(FILL_CONTROL_WIDTH,)``.
        numbers: see ``chambers.new_numbers``; overwritten.
        scratch: ``(height,)``, overwritten.
        depth: plies, 1 to ``MAX_FILL_DEPTH``.
        max_nodes: visited positions, counted over all calls.

    Returns:
        whether the search has ended.
    """
    level = control[LEVEL]
    while control[NODES] < max_nodes:
        if control[BEST_LENGTH] >= control[MOST]:
            return True
        action = _tightest(free, stack[level, ROW], stack[level, COL], stack[level, TRIED])
        if action >= 0 and level == depth:
            control[CUT] = 1
            action = -1
        if action < 0:
            if level == 0:
                return True
            flip(free, stack[level, ROW], stack[level, COL])
            level -= 1
            continue
        stack[level, TRIED] |= 1 << action
        stack[level, ACTION] = action
        row = stack[level, ROW] + ROW_STEP[action]
        col = stack[level, COL] + COL_STEP[action]
        level += 1
        control[NODES] += 1
        flip(free, row, col)
        stack[level, ROW], stack[level, COL], stack[level, TRIED] = row, col, 0
        if level + room(free, row, col, numbers) <= control[BEST_LENGTH]:
            flip(free, row, col)
            level -= 1
            continue
        length = level + rollout(free, row, col, scratch)
        if length > control[BEST_LENGTH]:
            control[BEST_LENGTH] = length
            control[BEST_FIRST] = stack[0, ACTION]
    control[LEVEL] = level
    return False
