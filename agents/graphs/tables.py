"""Tables of a compiled search's tree: regrets read from them, values handed up in them.

Tables have an axis of samples, then one of nodes. Node 0 is no position: the root, node 1, hangs
below it, so that handing values up needs no special case.
"""

from typing import Final

import numpy as np

from agents.graphs.builder import Value
from agents.graphs.description import (
    CLOSED,
    HOPE_LIMIT,
    HOPE_UNIT,
    JOINT,
    MAX_LOSS,
    NEVER,
    PARENT,
    PLY,
    SHUT,
    SLOT,
    SOLO,
    TreeSearch,
)
from tron_env.types import ACTIONS

DOUBLINGS: Final = 6
"""Lines of up to ``2 ** DOUBLINGS`` plies are added up."""


def hoped(search: TreeSearch, table: Value) -> Value:
    """Return int32 ``(..., 4)``: what own moves are worth, from joint plies ``(..., 4, 4)``."""
    graph = table.graph
    worst = graph.op("ReduceMin", table, np.array([-1]), keepdims=0)
    if not search.hope:
        return worst
    more = graph.op("Min", table - worst.unsqueeze(-1), np.int32(HOPE_LIMIT))
    more = graph.where(table.less(np.int32(NEVER)), more, np.int32(0))
    more = graph.op("ReduceSum", more, np.array([-1]), keepdims=0)
    return worst + graph.op("Div", more * np.int32(search.hope), np.int32(HOPE_UNIT))


def regrets(search: TreeSearch, values: Value, kinds: Value, facts: Value) -> Value:
    """Return int32 ``(batch, nodes * 16)``: the regret of every open joint ply, else SHUT.

    Args:
        search: whose weights count.
        values: int32 ``(batch, nodes, 16)``, of joint plies.
        kinds: int32 ``(batch, nodes, 16)``, what they lead to.
        facts: int64 ``(batch, nodes, FACTS)``.
    """
    graph = values.graph
    table = values.reshape(0, -1, ACTIONS, ACTIONS)
    worst = table.min(3)
    hope = hoped(search, table)
    best = hope.max(2)
    limit = np.int32(MAX_LOSS)
    own_loss = graph.op("Min", best.unsqueeze(2) - hope, limit) * np.int32(search.own_regret)
    loss = graph.op("Min", table - worst.unsqueeze(3), limit) * np.int32(search.reply_regret)
    loss = loss + own_loss.unsqueeze(3)
    parent = facts.take(np.array(PARENT), 2)
    place = parent * np.int64(JOINT) + facts.take(np.array(SLOT), 2)
    edge = graph.op("GatherElements", loss.reshape(0, -1), place, axis=1)
    along = graph.where(parent.greater(np.int64(0)), edge, np.int32(0))
    for _ in range(DOUBLINGS):
        along = along + graph.op("GatherElements", along, parent, axis=1)
        parent = graph.op("GatherElements", parent, parent, axis=1)
    ply = facts.take(np.array(PLY), 2)
    solo = facts.take(np.array(SOLO), 2)
    cost = ply * np.int64(search.ply_cost) + solo * np.int64(search.solo_cost - search.ply_cost)
    total = loss.reshape(0, -1, JOINT) + (along + cost.cast(np.int32)).unsqueeze(2)
    return graph.where(kinds.equals(np.int32(CLOSED)), np.int32(SHUT), total).reshape(0, -1)


def handed_up(
    search: TreeSearch, values: Value, facts: Value, nodes: Value, samples: Value
) -> Value:
    """Return the values of joint plies after those of some nodes have changed.

    Args:
        search: whose ``hope`` counts, and beyond whose longest line no node lies.
        values: int32 ``(batch, nodes, 16)``, of joint plies.
        facts: int64 ``(batch, nodes, FACTS)``.
        nodes: int64 ``(batch, k)``, those that have changed.
        samples: int64 ``(batch, 1)``, the number of each sample.
    """
    graph = values.graph
    shape = graph.op("Shape", values)
    size = graph.op("Shape", facts, start=1, end=2)
    parents, slots = (facts.take(np.array(i), 2) for i in (PARENT, SLOT))
    places = parents * np.int64(JOINT) + slots

    def trip(flat: Value, at: Value) -> tuple[list[Value], Value]:
        rows = flat.reshape(-1, JOINT).take((samples * size + at).reshape(-1), 0)
        value = hoped(search, rows.reshape(-1, ACTIONS, ACTIONS)).max(1)
        place = graph.op("GatherElements", places, at, axis=1)
        value = graph.op("Reshape", value, graph.op("Shape", at))
        flat = graph.op("ScatterElements", flat, place, value, axis=1)
        at = graph.op("GatherElements", parents, at, axis=1)
        return [flat, at], at.cast(np.float32).sum(0, 1).greater(np.float32(0))

    flat, _ = graph.loop(
        search.max_plies + 1, [values.reshape(0, -1), nodes], [np.int32, np.int64], trip
    )
    return graph.op("Reshape", flat, shape)
