"""A network's prior: what it thinks of the root's moves, added to what the search thinks of them.

Where the riders can meet, each own move that is neither won nor lost gets ``weight`` for every unit
of log-probability that the network puts it above the likeliest accepted move (so, 0 or less), and
no less than ``-PRIOR_FLOOR`` units. What is apart, decided or refused keeps the search's value.

The network is asked once, for those positions of a batch where the riders can meet. It counts in
float32, where sums depend a little on how many positions are asked at once. So do guided values;
the search's own do not.
"""

import numpy as np

from agents.errors import SearchDescriptionError
from agents.graphs.boards import SIDE
from agents.graphs.builder import Graph, Value
from agents.graphs.description import DECIDED, PRIOR_FLOOR, REJECTED
from agents.graphs.embedding import embed
from tron_env.types import ACTIONS, PLANES, BoolArray, Float32Array


def check(weight: int, network: bytes | None) -> None:
    """Refuse a weight without a network, and a network without a weight.

    Raises:
        SearchDescriptionError: only one of them is given.
    """
    if weight and network is None:
        raise SearchDescriptionError(f"search: prior is {weight}, of no network")
    if network is not None and not weight:
        raise SearchDescriptionError("search: a network is given, but prior, its weight, is 0")


def asked(graph: Graph, network: bytes, planes: Value, apart: Value) -> Value:
    """Return float32 ``(batch, 4)``: a network's logits where the riders can meet, 0 elsewhere.

    Without any such position it is not asked at all, as not every network takes an empty batch.

    Args:
        graph: to write into.
        network: the ONNX model.
        planes: observations, float32 ``(batch, 5, 32, 32)``.
        apart: int64 ``(batch,)``, 1 where the riders can never meet.

    Raises:
        InvalidModelError: the network cannot be embedded, or is no policy under the contract.
    """
    meeting = graph.op("NonZero", apart ^ np.int64(1)).reshape(-1)
    some = graph.op("Shape", meeting).reshape().greater(np.int64(0))
    looked_at = planes.take(meeting, 0)

    def ask() -> Value:
        takes, gives = ("batch", PLANES, SIDE, SIDE), ("batch", ACTIONS)
        return embed(graph, network, looked_at, takes, gives)

    found = graph.only_if(some, np.float32, ask, np.zeros((0, ACTIONS), np.float32))
    nothing = graph.op(
        "Expand", np.zeros(ACTIONS, np.float32), graph.op("Shape", apart.unsqueeze(1))
    )
    return graph.op("ScatterND", nothing, meeting.unsqueeze(1), found)


def guided_in(graph: Graph, weight: int, values: Value, logits: Value, apart: Value) -> Value:
    """Return float32 ``(batch, 4)``: ``guided`` in a graph; ``apart`` is int64 ``(batch,)``."""
    accepted = values.greater(np.float32(REJECTED))
    likeliest = graph.where(accepted, logits, np.float32(-np.inf)).max(1).unsqueeze(1)
    behind = graph.op("Max", logits - likeliest, np.float32(-PRIOR_FLOOR))
    open_ = graph.op("Abs", values).less(np.float32(DECIDED))
    changed = graph.op("And", open_, apart.equals(np.int64(0)).unsqueeze(1))
    return graph.where(changed, values + behind * np.float32(weight), values)


def guided(
    weight: int, values: Float32Array, logits: Float32Array, apart: BoolArray
) -> Float32Array:
    """Return the root's values float32 ``(k, 4)`` with a network's prior added.

    Args:
        weight: ``TreeSearch.prior``.
        values: float32 ``(k, 4)``, the search's own: ``agents.graphs.twin.values``.
        logits: float32 ``(k, 4)``, the network's.
        apart: bool ``(k,)``, where the riders can never meet: ``agents.graphs.twin.apart``.
    """
    likeliest = np.where(values > REJECTED, logits, -np.inf).max(axis=1, keepdims=True)
    behind = np.maximum(logits - likeliest.astype(np.float32), np.float32(-PRIOR_FLOOR))
    changed = (np.abs(values) < DECIDED) & ~apart[:, np.newaxis]
    out: Float32Array = values.copy()
    out[changed] += behind[changed] * np.float32(weight)
    return out
