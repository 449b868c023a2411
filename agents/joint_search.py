"""Alpha-beta over alternating half-plies on bitboards, as a resumable Numba loop.

A joint ply is searched as two half-plies: rider 0 (the one deciding) moves, then rider 1 answers
knowing it, which is pessimistic for rider 0. The stack is explicit, so that a search can be left
after any number of nodes and resumed, and because recursion crashes Numba's cache.
"""

import numpy as np
from numpy.typing import NDArray

from tron_env import territory
from tron_env.compiling import njit
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import BoardRows

Int64Array = NDArray[np.int64]

MAX_DEPTH = 60
"""Half-plies."""

WIN = 1_000_000
"""Value of a won position, less one a half-ply until then."""

DRAW = 0

PROVEN = WIN // 2
"""Values beyond this are forced wins or losses."""

SEPARATED_CELL = 3
"""Worth of a cell once the riders are separated; a contested one counts 1."""

SEPARATED_LEAD = 40
"""Added for having more room at all once separated. At depth 4, 120 games each against (1, 0),
(3, 0), (1, 100) and (5, 200) for these two scored 0.48 to 0.50: they matter little there."""

# Columns of the stack, int64 (MAX_DEPTH + 2, STACK_WIDTH), one row a half-ply.
ROW_0, COL_0, ROW_1, COL_1, ALPHA, BETA, BEST, BEST_ACTION, TRIED, HINT, ACTION = range(11)
STACK_WIDTH = 11

# Fields of the control array, int64 (3,).
LEVEL, NODES, PROBED = range(3)
CONTROL_WIDTH = 3


@njit(inline="always")
def is_free(free: BoardRows, row: int, col: int) -> bool:
    """Tell whether one cell is set."""
    return bool(free[row] & territory.bit(col) != territory.ZERO)


@njit()
def ways(free: BoardRows, row: int, col: int) -> int:
    """Return how many neighbours of a cell are free."""
    total = 0
    for action in range(4):
        if is_free(free, row + ROW_STEP[action], col + COL_STEP[action]):
            total += 1
    return total


@njit()
def evaluate(
    free: BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    other_to_move: bool,
    boards: BoardRows,
) -> int:
    """Value a position with moves left for rider 0, by territory or by room once separated.

    Args:
        free: empty cells; both heads' cells are taken.
        row_0: of rider 0's head, like the three that follow.
        col_0: see ``row_0``.
        row_1: see ``row_0``.
        col_1: see ``row_0``.
        other_to_move: rider 0 has already moved in this joint ply, rider 1 has not.
        boards: uint64 ``(4, height)``, overwritten.
    """
    boards[:] = territory.ZERO
    boards[0, row_0] = territory.bit(col_0)
    boards[1, row_1] = territory.bit(col_1)
    if other_to_move:
        for action in range(4):
            row, col = row_1 + ROW_STEP[action], col_1 + COL_STEP[action]
            boards[1, row] |= territory.bit(col) & free[row]
    territory.split(free, boards[0], boards[1], boards[2], boards[3])
    if territory.separated(boards[0], boards[1], free):
        for row in range(free.shape[0]):
            boards[2, row] = boards[0, row] & free[row]
            boards[3, row] = boards[1, row] & free[row]
        lead = territory.fill_bound(boards[2], row_0, col_0)
        lead -= territory.fill_bound(boards[3], row_1, col_1)
        if other_to_move:
            lead += 1
        if lead > 0:
            return lead * SEPARATED_CELL + SEPARATED_LEAD
        if lead < 0:
            return lead * SEPARATED_CELL - SEPARATED_LEAD
        return 0
    value = 0
    for row in range(1, free.shape[0] - 1):
        value += territory.popcount(boards[0, row] & ~boards[1, row])
        value -= territory.popcount(boards[1, row] & ~boards[0, row])
    return value


@njit()
def begin(stack: Int64Array, control: Int64Array) -> None:
    """Prepare a search from the heads in row 0 of the stack; hints stay."""
    stack[0, ALPHA] = -WIN - 1
    stack[0, BETA] = WIN + 1
    stack[0, BEST] = -WIN - 1
    stack[0, BEST_ACTION] = -1
    stack[0, TRIED] = 0
    control[LEVEL] = 0
    control[PROBED] = 0


@njit(inline="always")
def _settle(stack: Int64Array, level: int, action: int, value: int) -> None:
    """Take the value of an action into account at its half-ply."""
    row = stack[level]
    if level % 2 == 0:
        if value > row[BEST]:
            row[BEST] = value
            row[BEST_ACTION] = action
            row[HINT] = action
        row[ALPHA] = max(row[ALPHA], value)
    else:
        if value < row[BEST]:
            row[BEST] = value
            row[BEST_ACTION] = action
            row[HINT] = action
        row[BETA] = min(row[BETA], value)


@njit(inline="always")
def _next_action(stack: Int64Array, level: int) -> int:
    """Return the next action to try, the hint first, or -1 where nothing is left to find."""
    row = stack[level]
    if row[ALPHA] >= row[BETA]:
        return -1
    if not row[TRIED] >> row[HINT] & 1:
        return int(row[HINT])
    for action in range(4):
        if not row[TRIED] >> action & 1:
            return action
    return -1


@njit(inline="always")
def _push(stack: Int64Array, level: int) -> None:
    stack[level, ALPHA] = stack[level - 1, ALPHA]
    stack[level, BETA] = stack[level - 1, BETA]
    stack[level, BEST] = -WIN - 1 if level % 2 == 0 else WIN + 1
    stack[level, BEST_ACTION] = -1
    stack[level, TRIED] = 0


@njit(inline="always")
def _flip(free: BoardRows, row: int, col: int) -> None:
    free[row] ^= territory.bit(col)


@njit(nogil=True)
def resume(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    boards: BoardRows,
    depth: int,
    max_nodes: int,
) -> bool:
    """Search on until the end or until ``control[NODES]`` has reached ``max_nodes``.

    The root needs at least one free target for each rider. ``control[PROBED]`` counts root actions
    searched to the end; from the first on, ``BEST`` and ``BEST_ACTION`` of row 0 are meaningful.

    Args:
        free: uint64 ``(height,)``; changed while the search runs, restored when it has ended.
        stack: int64 ``(MAX_DEPTH + 2, STACK_WIDTH)``.
        control: int64 ``(CONTROL_WIDTH,)``.
        boards: uint64 ``(4, height)``, overwritten.
        depth: half-plies, 1 to ``MAX_DEPTH``.
        max_nodes: evaluated positions, counted over all calls.

    Returns:
        whether the search has ended.
    """
    level = control[LEVEL]
    while control[NODES] < max_nodes:
        action = _next_action(stack, level)
        if action < 0:
            if level == 0:
                control[LEVEL] = 0
                return True
            value = stack[level, BEST]
            if level % 2 == 0:
                _flip(free, stack[level, ROW_0], stack[level, COL_0])
                _flip(free, stack[level, ROW_1], stack[level, COL_1])
            level -= 1
            _settle(stack, level, stack[level, ACTION], value)
            if level == 0:
                control[PROBED] += 1
            continue
        stack[level, TRIED] |= 1 << action
        stack[level, ACTION] = action
        if level % 2 == 0:
            level = _first_moves(free, stack, control, boards, level, depth)
        else:
            level = _second_moves(free, stack, control, boards, level, depth)
    control[LEVEL] = level
    return False


@njit()
def _first_moves(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    boards: BoardRows,
    level: int,
    depth: int,
) -> int:
    """Play rider 0's action; return the level to go on from."""
    node, child = stack[level], stack[level + 1]
    row = node[ROW_0] + ROW_STEP[node[ACTION]]
    col = node[COL_0] + COL_STEP[node[ACTION]]
    if not is_free(free, row, col):
        return level
    if level + 1 == depth:
        _flip(free, row, col)
        value = evaluate(free, row, col, node[ROW_1], node[COL_1], True, boards)
        _flip(free, row, col)
        control[NODES] += 1
        _settle(stack, level, node[ACTION], value)
        if level == 0:
            control[PROBED] += 1
        return level
    # The cell stays free for now: rider 1 may still ride onto it in the same joint ply.
    child[ROW_0], child[COL_0] = row, col
    child[ROW_1], child[COL_1] = node[ROW_1], node[COL_1]
    _push(stack, level + 1)
    return level + 1


@njit()
def _second_moves(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    boards: BoardRows,
    level: int,
    depth: int,
) -> int:
    """Play rider 1's action, which completes a joint ply; return the level to go on from."""
    node, child = stack[level], stack[level + 1]
    row_0, col_0 = node[ROW_0], node[COL_0]
    row = node[ROW_1] + ROW_STEP[node[ACTION]]
    col = node[COL_1] + COL_STEP[node[ACTION]]
    if not is_free(free, row, col):
        return level
    if row == row_0 and col == col_0:
        control[NODES] += 1
        _settle(stack, level, node[ACTION], DRAW)
        return level
    _flip(free, row_0, col_0)
    _flip(free, row, col)
    lives_0 = ways(free, row_0, col_0) > 0
    lives_1 = ways(free, row, col) > 0
    if lives_0 and lives_1 and level + 1 < depth:
        child[ROW_0], child[COL_0], child[ROW_1], child[COL_1] = row_0, col_0, row, col
        _push(stack, level + 1)
        return level + 1
    if lives_0 and lives_1:
        value = evaluate(free, row_0, col_0, row, col, False, boards)
    elif lives_0:
        value = WIN - level
    elif lives_1:
        value = level - WIN
    else:
        value = DRAW
    control[NODES] += 1
    _flip(free, row_0, col_0)
    _flip(free, row, col)
    _settle(stack, level, node[ACTION], value)
    return level
