"""The twin of the compiled tree search: the same description, played by Numba kernels.

Values equal those of the graph exactly. Boards here are uint64 ``(32,)``, bit ``c`` for column
``c``; what the graph does for many positions at once is done one by one, in the same order.
"""

from typing import Final

import numpy as np

from agents.graphs.description import (
    APART,
    CLOSED,
    FACTS,
    FLOOD_STRIDE,
    IS_APART,
    JOINT,
    MAX_LOSS,
    NEVER,
    OPEN,
    OTHER,
    OWN,
    PARENT,
    PLY,
    REJECTED,
    SHUT,
    SLOT,
    SOLO,
    SOONER,
    WIN,
    TreeSearch,
)
from tron_env.compiling import njit
from tron_env.territory import ONE, ZERO, BoardRows, bit, neighbours, popcount
from tron_env.types import ACTIONS, Float32Array, Int64Array, Plane

SIDE: Final = 32
_STEPS = np.array([-SIDE, 1, SIDE, -1], dtype=np.int64)
_COLOURS = np.array([[0x55555555, 0xAAAAAAAA], [0xAAAAAAAA, 0x55555555]], dtype=np.uint64)
"""By row parity and colour: the columns of that colour."""

# The description as int64 numbers.
_ROUNDS, _WIDTH, _OWN, _REPLY, _COST, _SOLO_COST, _MAX, _CELL, _EDGE, _AC, _AE, _STRIDES = range(12)

# What a flood found, int64, by rider.
_CELLS, _EVEN, _EDGES = range(3)

# Scratch boards, uint64 (5, 32): what is left, what each rider reaches, what is new of that.
_LEFT, _REACH, _NEW, _BOARDS = 0, 1, 3, 5


def values(description: TreeSearch, observations: Float32Array) -> Float32Array:
    """Return the logits of the compiled search, float32 ``(k, 4)``.

    Args:
        description: of the search.
        observations: float32 ``(k, 5, 32, 32)``.
    """
    weights = description.evaluation
    numbers = np.array(
        [
            description.rounds,
            description.width,
            description.own_regret,
            description.reply_regret,
            description.ply_cost,
            description.solo_cost,
            description.max_plies,
            weights.cell,
            weights.edge,
            weights.apart_cell,
            weights.apart_edge,
            weights.strides,
        ],
        dtype=np.int64,
    )
    occupied = observations[:, : Plane.OWN_HEAD].max(axis=1) >= 0.5
    bits = np.where(occupied, 0, 1).astype(np.uint64) << np.arange(SIDE, dtype=np.uint64)
    free = bits.sum(axis=2, dtype=np.uint64)
    heads = observations[:, Plane.OWN_HEAD :].reshape(-1, 2, SIDE * SIDE).argmax(axis=2)
    out = np.empty((len(observations), ACTIONS), dtype=np.int64)
    for k in range(len(observations)):
        _search(free[k], heads[k, 0], heads[k, 1], numbers, out[k])
    return out.astype(np.float32)


@njit(inline="always")
def _bit(cell: int) -> np.uint64:
    return bit(cell % SIDE)


@njit(inline="always")
def _holds(free: BoardRows, cell: int) -> bool:
    return bool(free[cell // SIDE] & _bit(cell) != ZERO)


@njit(inline="always")
def _inside(cell: int) -> int:
    return max(0, min(SIDE * SIDE - 1, cell))


@njit(inline="always")
def _colour(cell: int) -> int:
    return (cell // SIDE + cell) % 2


@njit()
def _flood(own: int, other: int, strides: int, boards: BoardRows) -> None:
    """Write what each rider reaches no later than the other into ``boards[_REACH:_NEW]``.

    ``boards[_LEFT]`` holds the empty cells and is used up. The heads' own cells count as reached
    while the flood runs and are left out at the end.
    """
    left, reach, new = boards[_LEFT], boards[_REACH:_NEW], boards[_NEW:]
    reach[:] = 0
    heads = (own, other)
    for rider in range(2):
        if _colour(heads[rider]) == 0:
            reach[rider, heads[rider] // SIDE] |= _bit(heads[rider])
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
                if _colour(heads[rider]) == 1:
                    reach[rider, heads[rider] // SIDE] |= _bit(heads[rider])
        elif changed == ZERO:
            break
    for rider in range(2):
        reach[rider, heads[rider] // SIDE] &= ~_bit(heads[rider])


@njit()
def _measure(
    free: BoardRows, own: int, other: int, strides: int, boards: BoardRows, found: Int64Array
) -> tuple[int, int]:
    """Write what a flood found into ``found``, int64 ``(2, 3)``; ``boards`` are overwritten.

    Returns:
        the number of cells reached at once, and one that is 0 only if the riders cannot meet.
    """
    left, reach = boards[_LEFT], boards[_REACH:_NEW]
    left[:] = free
    left[own // SIDE] &= ~_bit(own)
    left[other // SIDE] &= ~_bit(other)
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
            found[rider, _CELLS] += popcount(word)
            found[rider, _EVEN] += popcount(word & _COLOURS[row % 2, 0])
            found[rider, _EDGES] += popcount(word & (word << ONE))
            found[rider, _EDGES] += popcount(word & reach[rider, row + 1])
    return tied, tied + contact


@njit()
def _evaluate(
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

    ``boards`` and ``found`` are scratch memory as in ``_measure``.
    """
    tied, contact = _measure(free, own, other, numbers[_STRIDES], boards, found)
    own_stuck = found[0, _CELLS] + tied == 0
    other_stuck = found[1, _CELLS] + tied == 0
    if own == other:
        return 0, CLOSED
    if not was_apart and (own_stuck or other_stuck):
        if own_stuck and other_stuck:
            return 0, CLOSED
        return (ply * SOONER - WIN if own_stuck else WIN - ply * SOONER), CLOSED
    edges = found[0, _EDGES] - found[1, _EDGES]
    apart = was_apart or contact == 0
    if apart:
        lead = solo
        for rider in range(2):
            cells, even = found[rider, _CELLS], found[rider, _EVEN]
            same = even if _colour(own) == 0 else cells - even
            fill = min(2 * same + 1, 2 * (cells - same))
            lead += fill if rider == 0 else -fill
        value = lead * numbers[_AC] + edges * numbers[_AE]
    else:
        cells = found[0, _CELLS] - found[1, _CELLS]
        value = cells * numbers[_CELL] + edges * numbers[_EDGE]
    if own_stuck or ply >= numbers[_MAX]:
        return value, CLOSED
    return value, (APART if apart else OPEN)


@njit()
def _expand(
    free: BoardRows,
    facts: Int64Array,
    numbers: Int64Array,
    boards: BoardRows,
    found: Int64Array,
    out_values: Int64Array,
    out_kinds: Int64Array,
) -> None:
    """Value the joint plies of one node; see ``agents.graphs.search`` and ``_measure``."""
    apart = facts[IS_APART]
    for action in range(ACTIONS):
        own = _inside(facts[OWN] + _STEPS[action])
        accepted = _holds(free, own)
        for reply in range(ACTIONS):
            slot = action * ACTIONS + reply
            out_kinds[slot] = CLOSED
            other = facts[OTHER] if apart else _inside(facts[OTHER] + _STEPS[reply])
            if not accepted or (reply > 0 if apart else not _holds(free, other)):
                out_values[slot] = NEVER if accepted else -NEVER
                continue
            out_values[slot], out_kinds[slot] = _evaluate(
                free,
                own,
                other,
                apart,
                facts[PLY] + 1,
                facts[SOLO] + apart,
                numbers,
                boards,
                found,
            )


@njit()
def _worst(table: Int64Array, action: int) -> int:
    least = table[action * ACTIONS]
    for reply in range(1, ACTIONS):
        least = min(least, table[action * ACTIONS + reply])
    return int(least)


@njit()
def _value(table: Int64Array) -> int:
    best = _worst(table, 0)
    for action in range(1, ACTIONS):
        best = max(best, _worst(table, action))
    return best


@njit()
def _write_regrets(
    tree: Int64Array,
    kinds: Int64Array,
    facts: Int64Array,
    numbers: Int64Array,
    out: Int64Array,
) -> None:
    """Write the regret of every open joint ply, else SHUT; a parent comes before its children."""
    for node in range(len(facts)):
        best = _value(tree[node])
        parent = facts[node, PARENT]
        # The parent's own row is already made up to sums along its line.
        along = out[parent * JOINT + facts[node, SLOT]] if parent > 0 else 0
        for slot in range(JOINT):
            worst = _worst(tree[node], slot // ACTIONS)
            loss = min(best - worst, MAX_LOSS) * numbers[_OWN]
            loss += min(tree[node, slot] - worst, MAX_LOSS) * numbers[_REPLY]
            out[node * JOINT + slot] = along + loss
    for node in range(len(facts)):
        cost = facts[node, PLY] * numbers[_COST]
        cost += facts[node, SOLO] * (numbers[_SOLO_COST] - numbers[_COST])
        for slot in range(JOINT):
            if kinds[node, slot] == CLOSED:
                out[node * JOINT + slot] = SHUT
            else:
                out[node * JOINT + slot] += cost


@njit()
def _search(
    root_free: BoardRows, own: int, other: int, numbers: Int64Array, out_values: Int64Array
) -> None:
    rounds, width = numbers[_ROUNDS], numbers[_WIDTH]
    most = 2 + rounds * width
    free = np.zeros((most, SIDE), dtype=np.uint64)
    tree = np.zeros((most, JOINT), dtype=np.int64)
    kinds = np.zeros((most, JOINT), dtype=np.int64)
    facts = np.zeros((most, FACTS), dtype=np.int64)
    regrets = np.zeros(most * JOINT, dtype=np.int64)
    boards = np.zeros((_BOARDS, SIDE), dtype=np.uint64)
    found = np.zeros((2, 3), dtype=np.int64)
    free[1] = root_free
    facts[1, OWN], facts[1, OTHER] = own, other
    _, contact = _measure(root_free, own, other, numbers[_STRIDES], boards, found)
    facts[1, IS_APART] = contact == 0
    _expand(free[1], facts[1], numbers, boards, found, tree[1], kinds[1])
    nodes = 2
    for _ in range(rounds):
        _write_regrets(
            tree[:nodes], kinds[:nodes], facts[:nodes], numbers, regrets[: nodes * JOINT]
        )
        first = nodes
        for _ in range(width):
            # Of equal regrets the first is taken, as in the graph.
            place = regrets[: first * JOINT].argmin()
            if regrets[place] >= SHUT:
                break
            regrets[place] = SHUT
            parent, slot = place // JOINT, place % JOINT
            node = nodes
            nodes += 1
            was_apart = facts[parent, IS_APART]
            facts[node, OWN] = facts[parent, OWN] + _STEPS[slot // ACTIONS]
            facts[node, OTHER] = facts[parent, OTHER]
            if not was_apart:
                facts[node, OTHER] += _STEPS[slot % ACTIONS]
            facts[node, PLY] = facts[parent, PLY] + 1
            facts[node, SOLO] = facts[parent, SOLO] + was_apart
            facts[node, IS_APART] = kinds[parent, slot] == APART
            facts[node, PARENT], facts[node, SLOT] = parent, slot
            free[node] = free[parent]
            for cell in facts[node, :2]:
                free[node, cell // SIDE] &= ~_bit(cell)
            kinds[parent, slot] = CLOSED
            _expand(free[node], facts[node], numbers, boards, found, tree[node], kinds[node])
        if nodes == first:
            break
        for node in range(nodes - 1, first - 1, -1):
            at = node
            while at > 1:
                tree[facts[at, PARENT], facts[at, SLOT]] = _value(tree[at])
                at = facts[at, PARENT]
    for action in range(ACTIONS):
        out_values[action] = max(REJECTED, min(WIN, _worst(tree[1], action)))
