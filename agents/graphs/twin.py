"""The twin of the compiled tree search: the same description, played by Numba kernels.

Values equal those of the graph exactly. What the graph does for many positions at once is done one
by one, in the same order; boards are those of ``agents.graphs.twin_leaves``.
"""

import numpy as np

from agents.graphs.boards import ACTION_OFFSETS, SIDE
from agents.graphs.description import (
    APART,
    BOUND_LIMIT,
    BOUND_UNIT,
    CLOSED,
    FACTS,
    FIRST,
    HOPE_LIMIT,
    HOPE_UNIT,
    IS_APART,
    JOINT,
    LENGTH,
    MAX_LOSS,
    NEVER,
    OTHER,
    OWN,
    PARENT,
    PLY,
    REJECTED,
    SHUT,
    SLOT,
    SOLO,
    WIN,
    TreeSearch,
)
from agents.graphs.filling import costs, ranks
from agents.graphs.twin_filling import RIDDEN, ride
from agents.graphs.twin_leaves import (
    BOARDS,
    FINDINGS,
    HOPE,
    LIVE,
    MORE_ROUNDS,
    OWN_REGRET,
    PLY_COST,
    REPLY_REGRET,
    RIDES,
    ROUNDS,
    SOLO_COST,
    SOLO_ROUNDS,
    SOLO_WIDTH,
    STRIDES,
    WIDTH,
    bit_of,
    evaluate,
    holds,
    inside,
    measure,
)
from tron_env.compiling import njit
from tron_env.territory import BoardRows
from tron_env.types import ACTIONS, BoolArray, Float32Array, Int64Array, Plane


def values(description: TreeSearch, observations: Float32Array) -> Float32Array:
    """Return the logits of the compiled search, without a prior, float32 ``(k, 4)``.

    Args:
        description: of the search.
        observations: float32 ``(k, 5, 32, 32)``.
    """
    weights = description.evaluation
    numbers = np.array(
        [
            description.rounds,
            description.width,
            description.solo_rounds,
            description.solo_width,
            description.rides,
            description.own_regret,
            description.reply_regret,
            description.ply_cost,
            description.solo_cost,
            description.max_plies,
            weights.cell,
            weights.edge,
            weights.inner,
            weights.apart_cell,
            weights.apart_edge,
            weights.clash,
            weights.ahead,
            weights.strides,
            description.hope,
            description.more_rounds,
            description.live,
            weights.pinched,
        ],
        dtype=np.int64,
    )
    free, heads = _packed(observations)
    rules = costs(), ranks(description.styles)
    out = np.empty((len(observations), ACTIONS), dtype=np.int64)
    for k in range(len(observations)):
        _search(free[k], heads[k, 0], heads[k, 1], numbers, *rules, out[k])
    return out.astype(np.float32)


def apart(description: TreeSearch, observations: Float32Array) -> BoolArray:
    """Return bool ``(k,)``: where the search takes it that the riders can never meet."""
    free, heads = _packed(observations)
    boards = np.zeros((BOARDS, SIDE), dtype=np.uint64)
    found = np.zeros((2, FINDINGS), dtype=np.int64)
    out: BoolArray = np.empty(len(observations), dtype=np.bool_)
    for k in range(len(observations)):
        own, other = heads[k]
        strides = description.evaluation.strides
        _, contact = measure(free[k], own, other, strides, boards, found)
        out[k] = contact == 0
    return out


def _packed(observations: Float32Array) -> tuple[BoardRows, Int64Array]:
    """Return the empty cells as boards uint64 ``(k, 32)``, and both heads' cells ``(k, 2)``."""
    occupied = observations[:, : Plane.OWN_HEAD].max(axis=1) >= 0.5
    bits = np.where(occupied, 0, 1).astype(np.uint64) << np.arange(SIDE, dtype=np.uint64)
    heads = observations[:, Plane.OWN_HEAD :].reshape(-1, 2, SIDE * SIDE).argmax(axis=2)
    return bits.sum(axis=2, dtype=np.uint64), heads


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
    """Value the joint plies of one node; see ``agents.graphs.search`` and ``measure``."""
    apart = facts[IS_APART]
    for action in range(ACTIONS):
        own = inside(facts[OWN] + ACTION_OFFSETS[action])
        accepted = holds(free, own)
        for reply in range(ACTIONS):
            slot = action * ACTIONS + reply
            out_kinds[slot] = CLOSED
            other = facts[OTHER] if apart else inside(facts[OTHER] + ACTION_OFFSETS[reply])
            if not accepted or (reply > 0 if apart else not holds(free, other)):
                out_values[slot] = NEVER if accepted else -NEVER
                continue
            out_values[slot], out_kinds[slot] = evaluate(
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
def _hoped(table: Int64Array, action: int, hope: int) -> int:
    """Return what an own move is worth; see ``tables.hoped``."""
    worst = _worst(table, action)
    total = 0
    for reply in range(ACTIONS):
        value = table[action * ACTIONS + reply]
        if value < NEVER:
            total += min(value - worst, HOPE_LIMIT)
    return worst + total * hope // HOPE_UNIT


@njit()
def _value(table: Int64Array, hope: int) -> int:
    best = _hoped(table, 0, hope)
    for action in range(1, ACTIONS):
        best = max(best, _hoped(table, action, hope))
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
        best = _value(tree[node], numbers[HOPE])
        parent = facts[node, PARENT]
        # The parent's own row is already made up to sums along its line.
        along = out[parent * JOINT + facts[node, SLOT]] if parent > 0 else 0
        for action in range(ACTIONS):
            worst = _worst(tree[node], action)
            hoped = _hoped(tree[node], action, numbers[HOPE])
            own_loss = min(best - hoped, MAX_LOSS) * numbers[OWN_REGRET]
            for slot in range(action * ACTIONS, (action + 1) * ACTIONS):
                loss = min(tree[node, slot] - worst, MAX_LOSS) * numbers[REPLY_REGRET]
                out[node * JOINT + slot] = along + own_loss + loss
    for node in range(len(facts)):
        cost = facts[node, PLY] * numbers[PLY_COST]
        cost += facts[node, SOLO] * (numbers[SOLO_COST] - numbers[PLY_COST])
        for slot in range(JOINT):
            if kinds[node, slot] == CLOSED:
                out[node * JOINT + slot] = SHUT
            else:
                out[node * JOINT + slot] += cost


@njit()
def _least(regrets: Int64Array, out_places: Int64Array) -> int:
    """Write the places of the least regrets, least first, but none that is SHUT.

    Of equal regrets the first comes first, as in the graph.

    Returns:
        how many were found, at most as many as fit.
    """
    most = len(out_places)
    found = 0
    for place in range(len(regrets)):
        regret = regrets[place]
        if regret >= SHUT or (found == most and regret >= regrets[out_places[most - 1]]):
            continue
        at = min(found, most - 1)
        found = min(found + 1, most)
        while at > 0 and regrets[out_places[at - 1]] > regret:
            out_places[at] = out_places[at - 1]
            at -= 1
        out_places[at] = place
    return found


@njit()
def _open(kinds: Int64Array) -> int:
    """Return how many joint plies stand open."""
    found = 0
    for node in range(len(kinds)):
        for slot in range(JOINT):
            found += kinds[node, slot] != CLOSED
    return found


@njit()
def _follow(
    parent: int, slot: int, free: BoardRows, facts: Int64Array, kind: int, node: int
) -> None:
    """Write the position behind a joint ply of ``parent`` into row ``node``."""
    was_apart = facts[parent, IS_APART]
    facts[node, OWN] = facts[parent, OWN] + ACTION_OFFSETS[slot // ACTIONS]
    facts[node, OTHER] = facts[parent, OTHER]
    if not was_apart:
        facts[node, OTHER] += ACTION_OFFSETS[slot % ACTIONS]
    facts[node, PLY] = facts[parent, PLY] + 1
    facts[node, SOLO] = facts[parent, SOLO] + was_apart
    facts[node, IS_APART] = kind == APART
    facts[node, PARENT], facts[node, SLOT] = parent, slot
    facts[node, FIRST] = facts[parent, FIRST] if facts[parent, PLY] else slot // ACTIONS
    free[node] = free[parent]
    for cell in facts[node, :2]:
        free[node, cell // SIDE] &= ~bit_of(cell)


@njit()
def _ridden(
    free: BoardRows,
    facts: Int64Array,
    tree: Int64Array,
    regrets: Int64Array,
    nodes: int,
    rides: int,
    costs: Int64Array,
    ranks: Int64Array,
    out_values: Int64Array,
) -> None:
    """Value the root's moves of a rider apart by the longest path known; row ``nodes`` is free."""
    longest = np.ones(ACTIONS, dtype=np.int64)
    scratch = np.zeros(RIDDEN, dtype=np.uint8)
    for node in range(2, nodes):
        if _value(tree[node], 0) > -NEVER:
            first = facts[node, FIRST]
            longest[first] = max(longest[first], facts[node, PLY] + 1)
    chosen = np.empty(rides, dtype=np.int64)
    for place in chosen[: _least(regrets[: nodes * JOINT], chosen)]:
        slot = place % JOINT
        _follow(place // JOINT, slot, free, facts, APART, nodes)
        plies = ride(free[nodes], facts[nodes, OWN], slot // ACTIONS, costs, ranks, scratch)
        first = facts[nodes, FIRST]
        longest[first] = max(longest[first], facts[nodes, PLY] + plies)
    for action in range(ACTIONS):
        bound = _worst(tree[1], action)
        if bound <= -NEVER:
            out_values[action] = REJECTED
            continue
        bound = max(-BOUND_LIMIT, min(BOUND_LIMIT - 1, bound))
        out_values[action] = longest[action] * LENGTH + (bound + BOUND_LIMIT) // BOUND_UNIT


@njit()
def _search(
    root_free: BoardRows,
    own: int,
    other: int,
    numbers: Int64Array,
    costs: Int64Array,
    ranks: Int64Array,
    out_values: Int64Array,
) -> None:
    rounds, width = numbers[ROUNDS], numbers[WIDTH]
    more_rounds = numbers[MORE_ROUNDS]
    most = 3 + (rounds + more_rounds) * width
    free = np.zeros((most, SIDE), dtype=np.uint64)
    tree = np.zeros((most, JOINT), dtype=np.int64)
    kinds = np.zeros((most, JOINT), dtype=np.int64)
    facts = np.zeros((most, FACTS), dtype=np.int64)
    regrets = np.zeros(most * JOINT, dtype=np.int64)
    boards = np.zeros((BOARDS, SIDE), dtype=np.uint64)
    found = np.zeros((2, FINDINGS), dtype=np.int64)
    free[1] = root_free
    facts[1, OWN], facts[1, OTHER] = own, other
    _, contact = measure(root_free, own, other, numbers[STRIDES], boards, found)
    apart = contact == 0
    facts[1, IS_APART] = apart
    if apart:
        rounds = min(rounds + more_rounds, numbers[SOLO_ROUNDS])
        more_rounds = 0
        width = min(width, numbers[SOLO_WIDTH])
    _expand(free[1], facts[1], numbers, boards, found, tree[1], kinds[1])
    chosen = np.empty(width, dtype=np.int64)
    nodes = 2
    for number in range(rounds + more_rounds):
        if number >= rounds and _open(kinds[:nodes]) >= numbers[LIVE]:
            break
        _write_regrets(
            tree[:nodes], kinds[:nodes], facts[:nodes], numbers, regrets[: nodes * JOINT]
        )
        first = nodes
        for place in chosen[: _least(regrets[: nodes * JOINT], chosen)]:
            parent, slot = place // JOINT, place % JOINT
            node = nodes
            nodes += 1
            _follow(parent, slot, free, facts, kinds[parent, slot], node)
            kinds[parent, slot] = CLOSED
            _expand(free[node], facts[node], numbers, boards, found, tree[node], kinds[node])
        if nodes == first:
            break
        for node in range(nodes - 1, first - 1, -1):
            at = node
            while at > 1:
                tree[facts[at, PARENT], facts[at, SLOT]] = _value(tree[at], numbers[HOPE])
                at = facts[at, PARENT]
    if apart and numbers[RIDES]:
        _write_regrets(
            tree[:nodes], kinds[:nodes], facts[:nodes], numbers, regrets[: nodes * JOINT]
        )
        _ridden(free, facts, tree, regrets, nodes, numbers[RIDES], costs, ranks, out_values)
        return
    for action in range(ACTIONS):
        out_values[action] = max(REJECTED, min(WIN, _hoped(tree[1], action, numbers[HOPE])))
