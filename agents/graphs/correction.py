"""A small learned correction of the root's values, compiled.

Weights of whole numbers, fitted to what a deeper search plays (``agents.graphs.learn``), add a
little to each own move for what its value does not tell. All of it is calculated in integers, so
that the graph still equals its twin exactly. Won and lost moves keep their values.
"""

import numpy as np

from agents.graphs.builder import Graph, Value
from agents.graphs.description import (
    CORRECTION_UNIT,
    DECIDED,
    FIRST,
    HOPE_LIMIT,
    NEVER,
    PLY,
    Correction,
    TreeSearch,
)
from agents.graphs.tables import hoped
from tron_env.types import ACTIONS


def corrected(
    graph: Graph,
    search: TreeSearch,
    first_table: Value,
    tree: tuple[Value, Value],
    exits: Value,
) -> Value:
    """Return int32 ``(batch, 4)``: what the root's moves are worth, corrected.

    Args:
        graph: to write into.
        search: whose ``hope`` and correction count.
        first_table: int32 ``(batch, 4, 4)``, the root's joint plies before the tree grew.
        tree: values of joint plies, int32 ``(batch, nodes, 16)``, and facts, int64, of all nodes.
        exits: int32 ``(batch, 4)``, how many empty neighbours each move's cell has.
    """
    weights: Correction = search.correction
    values, facts = tree
    table = values.slice(1, 2, axis=1).reshape(-1, ACTIONS, ACTIONS)
    worth = hoped(search, table)
    two, _ = graph.top(table, np.array([2], dtype=np.int64), largest=False)
    worst, next_worst = graph.split(two, 2, axis=2)
    limit = np.int32(HOPE_LIMIT)
    spare = graph.op("Min", (next_worst - worst).reshape(0, ACTIONS), limit)
    early = hoped(search, first_table)
    most = graph.op("ReduceMax", early, np.array([1], dtype=np.int64), keepdims=1)
    promise = graph.op("Min", most - early, limit)
    # Nodes behind each move that have a way on; the root and what stands for nothing have no ply.
    way_on = values.max(2).greater(np.int32(-NEVER))
    counted = graph.op("And", way_on, facts.take(np.array(PLY), 2).greater(np.int64(0)))
    through = facts.take(np.array(FIRST), 2).unsqueeze(1)
    mine = through.equals(np.arange(ACTIONS, dtype=np.int64).reshape(-1, 1))
    behind = graph.op("And", mine, counted.unsqueeze(1)).cast(np.int32).sum(2)
    total = graph.op("ReduceSum", behind, np.array([1], dtype=np.int64), keepdims=1)
    share = graph.op("Div", behind * np.int32(CORRECTION_UNIT), total + np.int32(1))
    added = spare * np.int32(weights.spare) - promise * np.int32(weights.promise)
    flat = share * np.int32(weights.share) + exits * np.int32(weights.exits)
    added = graph.op("Div", added + flat * np.int32(CORRECTION_UNIT), np.int32(CORRECTION_UNIT))
    open_ = graph.op("Abs", worth).less(np.int32(DECIDED))
    return graph.where(open_, worth + added, worth)
