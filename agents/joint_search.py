"""Alpha-beta over alternating half-plies on bitboards, as a resumable Numba loop.

A joint ply is searched as two half-plies: rider 0 (the one deciding) moves, then rider 1 answers
knowing it, which is pessimistic for rider 0. Values are of the rider to move (negamax). After the
first action of a node the others are searched with an empty window, and once more where they prove
better (principal variation search: J. Pearl's Scout, 1980). A position in which the riders can
never meet again is a leaf at any depth.

The stack is explicit, so that a search can be left after any number of nodes and resumed, and
because recursion crashes Numba's cache.
"""

from agents import transposition
from agents.evaluation import CLASH, DRAWN, apart, evaluate
from agents.search_nodes import (
    ACTION,
    AGAIN,
    AGE,
    BEST,
    BETA,
    COL_0,
    COL_1,
    CUT,
    FINAL,
    FLOOR,
    KEY,
    LEVEL,
    LINE,
    NODES,
    ROW_0,
    ROW_1,
    TRIED,
    WIN,
    enter,
    leave,
    next_action,
    remember,
)
from tron_env import lanes, territory
from tron_env.chambers import pinched_cells
from tron_env.compiling import kernel, part
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import BoardRows
from tron_env.types import Int32Array, Int64Array, UInt8Array


@part
def is_free(free: BoardRows, row: int, col: int) -> bool:
    """Tell whether one cell is set."""
    return bool(free[row] & territory.bit(col) != territory.ZERO)


@part
def flip(free: BoardRows, row: int, col: int) -> None:
    """Take one cell, or give it back."""
    free[row] ^= territory.bit(col)


@part
def ways(free: BoardRows, row: int, col: int) -> int:
    """Return how many neighbours of a cell are free."""
    total = 0
    for action in range(4):
        if is_free(free, row + ROW_STEP[action], col + COL_STEP[action]):
            total += 1
    return total


@kernel
def position_key(
    free: BoardRows, row_0: int, col_0: int, row_1: int, col_1: int, keys: Int64Array
) -> int:
    """Return the hash of a position with rider 0 to move."""
    key = keys[transposition.HEAD_0, row_0, col_0] ^ keys[transposition.HEAD_1, row_1, col_1]
    for row in range(free.shape[0]):
        for col in range(8 * free.itemsize):
            if not is_free(free, row, col):
                key ^= keys[transposition.TAKEN, row, col]
    return int(key)


@kernel
def resume(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    lines: UInt8Array,
    table: Int64Array,
    keys: Int64Array,
    weights: Int64Array,
    numbers: Int32Array,
    depth: int,
    max_nodes: int,
) -> bool:
    """Search on until the end or until ``control[NODES]`` has reached ``max_nodes``.

    The root needs at least one free target for each rider. ``control[PROBED]`` counts root actions
    searched to the end; from the first on, ``BEST`` and ``BEST_ACTION`` of row 0 are meaningful,
    and the first ``LINE`` numbers of ``lines[0]`` are the principal variation.

    Args:
        free: ``(height,)``; changed while the search runs, restored when it has ended.
        stack: int64 ``(MAX_DEPTH + 2, STACK_WIDTH)``.
        control: int64 ``(CONTROL_WIDTH,)``.
        lines: uint8 ``(MAX_DEPTH + 2, MAX_DEPTH + 2)``, overwritten.
        table: see ``transposition``.
        keys: see ``transposition``.
        weights: of the evaluation, like ``numbers``.
        numbers: overwritten.
        depth: half-plies, 1 to ``MAX_DEPTH``.
        max_nodes: evaluated positions, counted over all calls.

    Returns:
        whether the search has ended.
    """
    level = control[LEVEL]
    while control[NODES] < max_nodes:
        action = stack[level, ACTION] if control[AGAIN] else next_action(stack, level)
        if action < 0:
            remember(stack, control, table, level, depth)
            if level == 0:
                control[LEVEL] = 0
                return True
            node = stack[level]
            if level % 2 == 0:
                flip(free, node[ROW_0], node[COL_0])
                flip(free, node[ROW_1], node[COL_1])
            level -= 1
            # With the window it was opened with: what it has found since narrows it.
            scouted = node[BETA] - node[FLOOR] == 1
            leave(stack, control, lines, level, -node[BEST], scouted, node[LINE])
            continue
        stack[level, TRIED] |= 1 << action
        stack[level, ACTION] = action
        if level % 2 == 0:
            opened = _first_moves(
                free,
                stack,
                control,
                lines,
                table,
                keys,
                weights,
                numbers,
                level,
                depth,
            )
        else:
            opened = _second_moves(
                free,
                stack,
                control,
                lines,
                table,
                keys,
                weights,
                numbers,
                level,
                depth,
            )
        if opened:
            control[AGAIN] = 0
            level += 1
    control[LEVEL] = level
    return False


@part
def _first_moves(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    lines: UInt8Array,
    table: Int64Array,
    keys: Int64Array,
    weights: Int64Array,
    numbers: Int32Array,
    level: int,
    depth: int,
) -> bool:
    """Play rider 0's action; return whether the child is now to be searched."""
    node, child = stack[level], stack[level + 1]
    row = node[ROW_0] + ROW_STEP[node[ACTION]]
    col = node[COL_0] + COL_STEP[node[ACTION]]
    if not is_free(free, row, col):
        return False
    # The cell stays free for now: rider 1 may still ride onto it in the same joint ply.
    child[ROW_0], child[COL_0] = row, col
    child[ROW_1], child[COL_1] = node[ROW_1], node[COL_1]
    child[KEY] = node[KEY] ^ keys[transposition.PENDING, row, col]
    if not enter(stack, control, lines, table, level, depth):
        return False
    if level + 1 < depth:
        return True
    flip(free, row, col)
    value = evaluate(free, row, col, node[ROW_1], node[COL_1], True, weights, numbers)
    flip(free, row, col)
    control[NODES] += 1
    control[CUT] = 1
    transposition.put(table, child[KEY], -value, transposition.EXACT, 0, -1, control[AGE])
    leave(stack, control, lines, level, value, False, 0)
    return False


@part
def _second_moves(
    free: BoardRows,
    stack: Int64Array,
    control: Int64Array,
    lines: UInt8Array,
    table: Int64Array,
    keys: Int64Array,
    weights: Int64Array,
    numbers: Int32Array,
    level: int,
    depth: int,
) -> bool:
    """Play rider 1's action, which completes a joint ply; return as ``_first_moves`` does."""
    before, node, child = stack[level - 1], stack[level], stack[level + 1]
    row_0, col_0 = node[ROW_0], node[COL_0]
    row_1 = node[ROW_1] + ROW_STEP[node[ACTION]]
    col_1 = node[COL_1] + COL_STEP[node[ACTION]]
    if not is_free(free, row_1, col_1):
        return False
    if row_1 == row_0 and col_1 == col_0:
        control[NODES] += 1
        leave(stack, control, lines, level, -weights[CLASH], False, 0)
        return False
    # Taking a cell can only part the riders where it parts its own neighbours.
    board = lanes.load(free)
    pinched = pinched_cells(board)
    may_part = (
        lanes.has(pinched, before[ROW_0], before[COL_0])
        or lanes.has(pinched, node[ROW_1], node[COL_1])
        or lanes.has(pinched, row_0, col_0)
        or lanes.has(pinched_cells(board ^ lanes.cell(board, row_0, col_0)), row_1, col_1)
    )
    flip(free, row_0, col_0)
    flip(free, row_1, col_1)
    child[ROW_0], child[COL_0], child[ROW_1], child[COL_1] = row_0, col_0, row_1, col_1
    child[KEY] = (
        before[KEY]
        ^ keys[transposition.HEAD_0, before[ROW_0], before[COL_0]]
        ^ keys[transposition.HEAD_0, row_0, col_0]
        ^ keys[transposition.TAKEN, row_0, col_0]
        ^ keys[transposition.HEAD_1, node[ROW_1], node[COL_1]]
        ^ keys[transposition.HEAD_1, row_1, col_1]
        ^ keys[transposition.TAKEN, row_1, col_1]
    )
    lives_0 = ways(free, row_0, col_0) > 0
    lives_1 = ways(free, row_1, col_1) > 0
    known = 0
    if lives_0 and lives_1:
        if not enter(stack, control, lines, table, level, depth):
            flip(free, row_0, col_0)
            flip(free, row_1, col_1)
            return False
        if level + 1 < depth:
            if not (may_part and apart(free, row_0, col_0, row_1, col_1)):
                return True
            known = FINAL
        else:
            control[CUT] = 1
        value = evaluate(free, row_0, col_0, row_1, col_1, False, weights, numbers)
        transposition.put(table, child[KEY], value, transposition.EXACT, known, -1, control[AGE])
    elif lives_0:
        value = WIN - level - 1
    elif lives_1:
        value = level + 1 - WIN
    else:
        value = weights[DRAWN]
    control[NODES] += 1
    flip(free, row_0, col_0)
    flip(free, row_1, col_1)
    leave(stack, control, lines, level, -value, False, 0)
    return False
