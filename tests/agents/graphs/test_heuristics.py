import numpy as np
import onnx
import pytest

from agents.graphs.boards import SIDE
from agents.graphs.builder import OPSET
from agents.graphs.heuristics import build_voronoi, build_wall_hugger
from agents.heuristic import Reply, TieBreak, Voronoi, WallHugger, make_random, make_voronoi
from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.values import REJECTED, WIN
from tests.agents.games import play
from tron_env.batch import BatchEngine
from tron_env.observation import encode_state
from tron_env.ruleset import APEX, ARENA
from tron_env.types import Action, Plane

VARIANTS = [Voronoi(reply, tie) for reply in Reply for tie in TieBreak] + [
    Voronoi(other=0),
    Voronoi(Reply.MEAN, own=4, other=3),
]
HUGGERS = [WallHugger(), WallHugger((Action.LEFT, Action.DOWN, Action.UP, Action.RIGHT))]


@pytest.fixture(scope="module")
def positions():
    """An engine that shows over 5,000 positions of real games, and masks by occupancy."""
    found = []
    pairs = [
        (make_voronoi(""), make_voronoi("reply=mean,tie=open"), ARENA, 18),
        (make_voronoi("tie=open"), make_random(""), ARENA, 18),
        (make_voronoi("tie=order"), make_voronoi("reply=still"), APEX, 1),
    ]
    for first, second, ruleset, starts in pairs:
        found += play(first, second, starts, ruleset=ruleset)[1]
    engine = BatchEngine(ARENA, len(found))
    engine.reset(np.arange(engine.n), np.arange(engine.n))
    for i, position in enumerate(found):
        engine.cells[i], engine.heads[i] = position.cells, position.heads
        engine.headings[i] = position.headings
        encode_state(i, engine.cells, engine.heads, engine.causes, engine.planes)
    rows, cols = np.moveaxis(engine.heads.astype(int), -1, 0)
    games = np.arange(engine.n)[:, None]
    for action, (row, col) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
        engine.masks[:, :, action] = engine.cells[games, rows + row, cols + col] == 0
    assert engine.n > 5000
    return engine


def observed(engine, games, seats):
    out = np.empty((len(games), 5, SIDE, SIDE), np.float32)
    engine.gather(games, seats, out)
    return out


def twin_values(parameters, engine, games, seats):
    out = np.empty((len(games), 4), np.float32)
    parameters.values(engine, games, seats, out)
    return out


def in_batches(agent, observations, size):
    parts = [observations[i : i + size] for i in range(0, len(observations), size)]
    return np.concatenate([agent.logits(part) for part in parts])


@pytest.mark.parametrize(
    ("parameters", "build"), [(WallHugger(), build_wall_hugger), (Voronoi(), build_voronoi)]
)
def test_values_equal_the_twin_on_5000_positions_at_any_batch_size(positions, parameters, build):
    games = np.arange(positions.n)
    seats = games % 2
    expected = twin_values(parameters, positions, games, seats)
    agent = OnnxAgent(build(parameters), "compiled")
    observations = observed(positions, games, seats)
    for size in (1, 7, 64):
        logits = in_batches(agent, observations, size)
        assert (logits == expected).all()
    masks = positions.masks[games, seats]
    actions = agent.act(positions, games, seats)
    assert (actions == select_actions(expected, masks, positions.headings[games, seats])).all()


def test_positions_hold_ties_and_riders_without_a_move(positions):
    games = np.arange(positions.n)
    seats = games % 2
    masks = positions.masks[games, seats]
    assert (~masks.any(axis=1)).sum() > 10
    values = np.where(masks, twin_values(Voronoi(), positions, games, seats), -np.inf)
    tied = (values == values.max(axis=1, keepdims=True)) & masks
    assert (tied.sum(axis=1) > 1).sum() > 50


@pytest.mark.parametrize(
    ("parameters", "build"),
    [(parameters, build_voronoi) for parameters in VARIANTS]
    + [(parameters, build_wall_hugger) for parameters in HUGGERS],
)
def test_every_variant_equals_its_twin_in_any_company(positions, parameters, build):
    rng = np.random.default_rng(1)
    games = rng.choice(positions.n, 400, replace=False)
    seats = rng.integers(0, 2, 400)
    agent = OnnxAgent(build(parameters), "compiled")
    observations = observed(positions, games, seats)
    expected = twin_values(parameters, positions, games, seats)
    assert (in_batches(agent, observations, 64) == expected).all()
    shuffled = rng.permutation(400)
    assert (in_batches(agent, observations[shuffled], 37) == expected[shuffled]).all()


@pytest.mark.parametrize("parameters", VARIANTS)
def test_missing_heads_give_finite_values(positions, parameters):
    agent = OnnxAgent(build_voronoi(parameters), "compiled")
    games = np.arange(0, positions.n, 200)
    observations = observed(positions, games, np.zeros_like(games))
    both = agent.logits(observations)
    lonely = observations.copy()
    lonely[:, Plane.OTHER_HEAD] = 0
    alone = agent.logits(lonely)
    assert np.isfinite(alone).all()
    assert ((alone >= WIN) == (both > REJECTED)).all()
    observations[:, Plane.OWN_HEAD] = 0
    assert (agent.logits(observations) == REJECTED).all()
    observations[:, Plane.OTHER_HEAD] = 0
    assert (agent.logits(observations) == REJECTED).all()


def test_a_serpentine_is_flooded_to_its_end():
    """The longest paths need far more trips of the loop than open boards."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [0])
    engine.cells[0, 1:-1, 1:-1] = 0
    for row in range(2, 30, 2):
        engine.cells[0, row, 1:-1] = 2
        engine.cells[0, row, 30 if row % 4 else 1] = 0
    engine.heads[0] = ((2, 15), (30, 15))
    engine.cells[0, 2, 15] = 2
    engine.cells[0, 30, 15] = 3
    encode_state(0, engine.cells, engine.heads, engine.causes, engine.planes)
    games, seats = np.array([0]), np.array([0])
    agent = OnnxAgent(build_voronoi(), "compiled")
    expected = twin_values(Voronoi(), engine, games, seats)
    assert expected.max() > REJECTED
    assert (agent.logits(observed(engine, games, seats)) == expected).all()


@pytest.mark.parametrize("model", [build_voronoi(), build_wall_hugger()])
def test_models_are_small_and_under_the_contract(model):
    loaded = onnx.load_from_string(model)
    assert len(model) < 32_000
    assert [entry.version for entry in loaded.opset_import] == [OPSET]
    dims = [
        [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*loaded.graph.input, *loaded.graph.output)
    ]
    assert dims == [["batch", 5, 32, 32], ["batch", 4]]
