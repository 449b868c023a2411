"""Small fast models to play rounds with, faulty ones among them, and rounds of them."""

import numpy as np
from onnx import helper

from arena.blocks import play_block
from arena.divisions import Cost
from arena.models import ModelStore
from arena.rounds import DEFAULT_RULESET, close_round
from arena.storage import Storage
from tests.arena import graphs
from tests.arena.entering import submitted

EMPTY_BOARD = 124 + 6
"""The sum of all planes at the start: walls, two trails of two cells, two heads.

A start with a rider's back to the wall has shorter trails, so ``SEED`` must give none.
"""
SEED = "5a" * 32
"""Of every first round here: outcomes of games must not differ from run to run."""


class SerialExecutor:
    """Plays blocks one after the other in this process."""

    def __init__(self, models):
        self.models = models

    def play(self, tasks):
        for task in tasks:
            yield play_block(task, self.models.get)


def rival(seed: int) -> bytes:
    """An honest linear policy; different seeds play differently."""
    drawn = np.random.Generator(np.random.PCG64(seed)).normal(size=(graphs.OBSERVATION, 4))
    weights = graphs.tensor("weights", drawn.astype(np.float32))
    return graphs.packed(graphs.linear(), [weights]).SerializeToString()


def trouble_after(ply: int, nodes: list, constants: list) -> bytes:
    """A linear policy with ``nodes`` from ``over``, positive after ``ply``, to ``logits``."""
    known = [
        graphs.tensor("axes", np.array([1, 2, 3])),
        graphs.tensor("rows", np.array([-1, 1])),
        graphs.tensor("begin", np.float32(EMPTY_BOARD + 2 * ply)),
    ]
    count = [
        helper.make_node("ReduceSum", ["board", "axes"], ["sums"], keepdims=0),
        helper.make_node("Reshape", ["sums", "rows"], ["column"]),
        helper.make_node("Sub", ["column", "begin"], ["over"]),
    ]
    return graphs.after_linear([*count, *nodes], [*known, *constants])


def nan_after(ply: int) -> bytes:
    nodes = [
        helper.make_node("Neg", ["over"], ["left"]),
        helper.make_node("Sqrt", ["left"], ["root"]),
        helper.make_node("Add", ["raw", "root"], ["logits"]),
    ]
    return trouble_after(ply, nodes, [])


def fails_after(ply: int) -> bytes:
    nodes = [
        helper.make_node("Relu", ["over"], ["positive"]),
        helper.make_node("Mul", ["positive", "far"], ["index"]),
        helper.make_node("Cast", ["index"], ["place"], to=7),
        helper.make_node("GatherElements", ["raw", "place"], ["taken"], axis=1),
        helper.make_node("Add", ["raw", "taken"], ["logits"]),
    ]
    return trouble_after(ply, nodes, [graphs.tensor("far", np.float32(1000))])


def sullen_after(ply: int) -> bytes:
    """For twenty plies it answers for one position at a time only; then the probes have passed."""
    nodes = [
        helper.make_node("Less", ["over", "span"], ["young"]),
        helper.make_node("Where", ["young", "over", "zero"], ["since"]),
        helper.make_node("ReduceMax", ["since"], ["most"], keepdims=0),
        helper.make_node("Greater", ["most", "zero"], ["late"]),
        helper.make_node("Where", ["late", "one", "any"], ["shape"]),
        helper.make_node("Reshape", ["raw", "shape"], ["logits"]),
    ]
    constants = {"zero": np.float32(0), "span": np.float32(40)}
    constants |= {"one": np.array([1, 4]), "any": np.array([-1, 4])}
    return trouble_after(ply, nodes, [graphs.tensor(*each) for each in constants.items()])


CHEAP = Cost(0.1, 0.2, 0.01)


def closed_round(
    storage: Storage,
    models: ModelStore,
    entrants: dict,
    *,
    starts: int = 2,
    measure=lambda _model, _alone: CHEAP,
    **options,
):
    """Enter models unchecked and unmeasured, without anchors, and freeze the field."""
    storage.ensure_open_round(ruleset=DEFAULT_RULESET, starts=starts, seed=SEED)
    for name, model in entrants.items():
        submitted(storage, name, models.put(model))
    return close_round(storage, models, starts=starts, anchors=(), measure=measure, **options)


def records(storage: Storage, number: int):
    """Return everything that must not depend on kills, cores or luck."""
    duels = storage.duels(number)
    return {
        "entries": [(e.number, e.name, e.sha256, e.standing) for e in storage.entries(number)],
        "duels": [(d.number, d.names, d.done, d.points, d.games, d.forfeits) for d in duels],
        "games": [
            [(g.number, g.names, g.outcome, g.ending, g.reasons) for g in storage.games(d.id)]
            for d in duels
        ],
        "replays": [storage.duel_replays(d.id) for d in duels],
    }
