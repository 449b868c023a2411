"""The heuristics of ``agents.heuristic`` as ONNX graphs: same values, hence same decisions."""

import numpy as np

from agents.graphs import boards
from agents.graphs.builder import Graph, Value
from agents.heuristic import Reply, TieBreak, Voronoi, WallHugger
from agents.values import HUG_SCALE, REJECTED, REPLY_SCALE, WIN
from tron_env.types import ACTIONS, Plane


def build_wall_hugger(parameters: WallHugger | None = None) -> bytes:
    """Return the model that plays as ``WallHugger`` with these parameters."""
    parameters = parameters or WallHugger()
    graph = Graph()
    accepted, exits = boards.targets_and_exits_of_few_cells(graph, boards.observation(graph))
    ways_blocked = graph.op("Neg", exits) + np.float32(4)
    hug = graph.where(exits.greater(np.float32(0)), ways_blocked * np.float32(4), np.float32(0))
    order = "".join(action.name[0].lower() for action in parameters.order)
    return _policy(
        graph, accepted, hug + parameters.ranks(), "wall_hugger", f"wall-hugger:order={order}"
    )


def build_voronoi(parameters: Voronoi | None = None) -> bytes:
    """Return the model that plays as ``Voronoi`` with these parameters.

    All joint plies of all samples are flooded together, one column each; ``NonZero`` leaves out
    those that are not accepted. What a column holds never depends on its neighbours.
    """
    parameters = parameters or Voronoi()
    graph = Graph()
    planes = boards.observation(graph)
    free_plane = boards.free_plane(graph, planes)
    accepted, exits = boards.targets_and_exits(graph, free_plane, planes, Plane.OWN_HEAD)
    heads = planes.slice(Plane.OWN_HEAD, Plane.OTHER_HEAD + 1, axis=1)
    packed = boards.pack(graph, graph.concat([free_plane, heads], axis=1))
    free, own, other = (packed.take(np.array(i), 1) for i in range(3))

    if parameters.reply is Reply.STILL:
        lives = planes.slice(Plane.OTHER_HEAD, Plane.OTHER_HEAD + 1, axis=1).max(2, 3)
        replies = lives.greater(np.float32(0.5))
        answers = other.unsqueeze(1)
    else:
        replies, _ = boards.targets_and_exits(graph, free_plane, planes, Plane.OTHER_HEAD)
        answers = boards.moved(graph, other)
    joint = graph.op("And", accepted.unsqueeze(2), replies.unsqueeze(1))
    live = graph.op("NonZero", joint)
    sample, action, reply = (live.take(np.array(i), 0) for i in range(3))
    answers_each = 1 if parameters.reply is Reply.STILL else ACTIONS
    counts = _territory(
        graph,
        free.take(sample, 0),
        _rows(boards.moved(graph, own), sample * np.int64(ACTIONS) + action),
        _rows(answers, sample * np.int64(answers_each) + reply),
    )

    weights = np.array([[parameters.own], [-parameters.other]], dtype=np.float32)
    fill = np.float32(0 if parameters.reply is Reply.MEAN else WIN)
    filled = graph.op("Expand", fill, graph.op("Shape", joint))
    table = graph.op("ScatterND", filled, live.transpose(1, 0), (counts * weights).sum(0))
    if parameters.reply is Reply.MEAN:
        number = replies.cast(np.float32).sum(1).unsqueeze(1)
        share = graph.op("Div", np.float32(REPLY_SCALE), graph.op("Max", number, np.float32(1)))
        value = graph.where(
            number.greater(np.float32(0)), table.sum(2) * share, np.float32(WIN * REPLY_SCALE)
        )
    else:
        value = table.min(2) * np.float32(REPLY_SCALE)

    value = value * np.float32(HUG_SCALE)
    if parameters.tie is TieBreak.HUG:
        value = value - exits + np.float32(3)
    elif parameters.tie is TieBreak.OPEN:
        value = value + exits
    return _policy(
        graph,
        accepted,
        value,
        "voronoi",
        f"voronoi:reply={parameters.reply},tie={parameters.tie},own={parameters.own},"
        f"other={parameters.other}",
    )


def _rows(moves: Value, index: Value) -> Value:
    """Return the boards ``(n, 32)`` at ``index`` of ``(batch, moves, 32)``, counted through."""
    return moves.reshape(-1, boards.SIDE).take(index, 0)


def _territory(graph: Graph, free: Value, own: Value, other: Value) -> Value:
    """Return float32 ``(2, n)``, both territories for heads and free cells ``(n, 32)``."""
    left = free & ~(own | other)
    reach = boards.split_territory(
        graph,
        graph.concat([left, left], axis=1).transpose(1, 0),
        graph.concat([own, other], axis=1).transpose(1, 0),
    )
    return boards.territory_counts(reach)


def _policy(graph: Graph, accepted: Value, values: Value, name: str, spec: str) -> bytes:
    logits = graph.where(accepted, values, np.float32(REJECTED))
    return graph.build(
        logits,
        "logits",
        np.float32,
        ("batch", ACTIONS),
        graph_name=name,
        description=f"The tron-arena agent {spec}, compiled by agents.graphs.",
    )
