"""One node of the joint search: what the stack holds of it, and how values pass between nodes.

Values are of the rider to move at the node (negamax). The kernels here know nothing of the rules:
``joint_search`` plays the moves.
"""

from agents import transposition
from tron_env.compiling import kernel, part
from tron_env.types import Int64Array, UInt8Array

MAX_DEPTH = 60
"""Half-plies."""

WIN = 16_000_000
"""Value of a won position, less one a half-ply until then."""

FINAL = 255
"""Depth kept with values that no deeper search changes."""

PROVEN = 15_000_000
"""Values beyond this are forced wins or losses."""

# Columns of the stack, int64 (MAX_DEPTH + 2, STACK_WIDTH), one row a half-ply. At odd levels rider
# 0's cell is the one it is about to enter, which is still free.
(
    ROW_0,
    COL_0,
    ROW_1,
    COL_1,
    KEY,
    ALPHA,
    BETA,
    BEST,
    BEST_ACTION,
    TRIED,
    FIRST,
    KILLER,
    ACTION,
    SETTLED,
    FLOOR,
    LINE,
) = range(16)
STACK_WIDTH = 16

# Fields of the control array, int64 (CONTROL_WIDTH,): where the search stands, positions evaluated,
# root actions settled, whether the depth has cut anything off, whether the action on top is to be
# searched again, the age of the search and the oldest entries it believes.
LEVEL, NODES, PROBED, CUT, AGAIN, AGE, OLDEST = range(7)
CONTROL_WIDTH = 7


@kernel
def begin(stack: Int64Array, control: Int64Array, first: int) -> None:
    """Prepare an iteration from the position in row 0 of the stack, ``first`` tried first."""
    open_node(stack, 0, -WIN - 1, WIN + 1, first)
    control[LEVEL] = 0
    control[PROBED] = 0
    control[CUT] = 0
    control[AGAIN] = 0


@part
def open_node(stack: Int64Array, level: int, alpha: int, beta: int, first: int) -> None:
    """Start a node whose cells and key are in place; ``first`` is its likely best action, or -1."""
    node = stack[level]
    node[ALPHA] = node[FLOOR] = alpha
    node[BETA] = beta
    node[BEST] = -WIN - 1
    node[BEST_ACTION] = -1
    node[TRIED] = 0
    node[FIRST] = first
    node[SETTLED] = 0
    node[LINE] = 0


@part
def next_action(stack: Int64Array, level: int) -> int:
    """Return the next action to try, or -1 where nothing is left to find."""
    node = stack[level]
    if node[ALPHA] >= node[BETA]:
        return -1
    if node[FIRST] >= 0 and not node[TRIED] >> node[FIRST] & 1:
        return int(node[FIRST])
    if not node[TRIED] >> node[KILLER] & 1:
        return int(node[KILLER])
    for action in range(4):
        if not node[TRIED] >> action & 1:
            return action
    return -1


@part
def _settle(
    stack: Int64Array, control: Int64Array, lines: UInt8Array, level: int, value: int, below: int
) -> None:
    """Take the value of the action on top into account; ``below`` plies of its line are known."""
    node = stack[level]
    node[SETTLED] += 1
    if level == 0:
        control[PROBED] += 1
    if value <= node[BEST]:
        return
    node[BEST] = value
    node[BEST_ACTION] = node[ACTION]
    if value > node[ALPHA]:
        node[ALPHA] = value
        node[KILLER] = node[ACTION]
        lines[level, 0] = node[ACTION]
        for i in range(below):
            lines[level, i + 1] = lines[level + 1, i]
        node[LINE] = below + 1


@part
def _relative(value: int, level: int) -> int:
    """Count a proven value's distance from the node instead of from the root."""
    if value > PROVEN:
        return value + level
    if value < -PROVEN:
        return value - level
    return value


@part
def remember(
    stack: Int64Array, control: Int64Array, table: Int64Array, level: int, depth: int
) -> None:
    """Keep a finished node in the table."""
    node = stack[level]
    bound = transposition.EXACT
    if node[BEST] >= node[BETA]:
        bound = transposition.AT_LEAST
    elif node[BEST] <= node[FLOOR]:
        bound = transposition.AT_MOST
    transposition.put(
        table,
        node[KEY],
        _relative(node[BEST], level),
        bound,
        depth - level,
        node[BEST_ACTION],
        control[AGE],
    )


@kernel
def leave(
    stack: Int64Array,
    control: Int64Array,
    lines: UInt8Array,
    level: int,
    value: int,
    scouted: bool,
    below: int,
) -> None:
    """Settle the action on top with a value, or have it searched again if only scouted."""
    node = stack[level]
    if scouted and node[ALPHA] < value < node[BETA]:
        control[AGAIN] = 1
        return
    control[AGAIN] = 0
    _settle(stack, control, lines, level, value, below)


@kernel
def enter(
    stack: Int64Array,
    control: Int64Array,
    lines: UInt8Array,
    table: Int64Array,
    level: int,
    depth: int,
) -> bool:
    """Open the child whose cells and key are in place, unless the table settles it."""
    node, child = stack[level], stack[level + 1]
    alpha, beta = -node[BETA], -node[ALPHA]
    if node[SETTLED] > 0 and control[AGAIN] == 0:
        alpha = beta - 1
    first = -1
    entry = transposition.find(table, child[KEY], control[OLDEST])
    if entry != 0:
        first = transposition.action_of(entry)
        known = transposition.depth_of(entry)
        if known >= depth - level - 1:
            value = _relative(transposition.value_of(entry), -level - 1)
            bound = transposition.bound_of(entry)
            exact = bound == transposition.EXACT
            if (
                exact
                or (bound == transposition.AT_LEAST and value >= beta)
                or (bound == transposition.AT_MOST and value <= alpha)
            ):
                if known != FINAL:
                    control[CUT] = 1
                leave(stack, control, lines, level, -value, not exact and beta - alpha == 1, 0)
                return False
    open_node(stack, level + 1, alpha, beta, first)
    return True
