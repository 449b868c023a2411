import numpy as np
import pytest

from agents.errors import InvalidLogitsError, InvalidModelError
from agents.graphs.builder import Graph
from agents.heuristic import make_voronoi
from agents.onnx_agent import MAX_BATCH, OnnxAgent, shipped_agent
from agents.zoo import shipped
from tests.agents.games import play
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA, Ruleset

NAMES = [model.name for model in shipped()]
SLOW = {"warden"}
"""Models whose long game takes half a minute."""


def policy(make_logits, shape=("batch", 4)):
    graph = Graph()
    planes = graph.input("anything", np.float32, (shape[0], 5, 32, 32))
    return graph.build(
        make_logits(planes), "out", np.float32, shape, graph_name="test", description="A test."
    )


def started(n, ruleset=ARENA):
    engine = BatchEngine(ruleset, n)
    engine.reset(np.arange(n), np.arange(n))
    return engine


@pytest.mark.parametrize("name", NAMES)
def test_shipped_models_beat_a_rider_who_draws_lots(name):
    assert play(shipped_agent(name), make_agent("random"), 1)[0] == 1.0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.proof] * (name in SLOW)) for name in NAMES]
)
def test_shipped_models_play_a_long_game_to_its_end(name):
    score, positions = play(shipped_agent(name), make_voronoi(""), 1)
    assert 0 <= score <= 1
    assert len(positions) > 20


def test_many_positions_are_cut_into_calls_and_stay_in_order():
    engine = started(MAX_BATCH + 50)
    games, seats = np.arange(engine.n), np.zeros(engine.n, np.intp)
    agent = shipped_agent("wall-hugger")
    whole = agent.act(engine, games, seats)
    assert (whole[::-1] == agent.act(engine, games[::-1], seats)).all()
    assert (whole[-3:] == agent.act(engine, games[-3:], seats[-3:])).all()


def test_not_a_number_is_the_models_fault():
    model = policy(lambda x: x.max(2, 3).slice(0, 4, axis=1) * np.float32(np.nan))
    engine = started(2)
    with pytest.raises(InvalidLogitsError):
        OnnxAgent(model, "nan").act(engine, np.arange(2), np.zeros(2, np.intp))


def test_files_that_are_no_policy_are_refused():
    with pytest.raises(InvalidModelError, match="junk"):
        OnnxAgent(b"not a model", "junk")
    graph = Graph()
    small = graph.input("x", np.float32, ("batch", 5, 8, 8)).max(2, 3)
    model = graph.build(
        small, "out", np.float32, ("batch", 5), graph_name="test", description="A test."
    )
    with pytest.raises(InvalidModelError, match="inputs are"):
        OnnxAgent(model, "small")


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_a_fixed_batch_axis_is_refused(batch):
    model = policy(lambda x: x.max(2, 3).slice(0, 4, axis=1), (batch, 4))
    with pytest.raises(InvalidModelError, match="symbolic batch axis"):
        OnnxAgent(model, "fixed")


def test_wrong_output_and_wrong_board_are_named():
    agent = OnnxAgent(policy(lambda x: x.max(2, 3), ("batch", 5)), "five")
    games = np.arange(1)
    with pytest.raises(InvalidModelError, match=r"output is \(1, 5\)"):
        agent.act(started(1), games, games)
    with pytest.raises(InvalidModelError, match="not on 16 by 16"):
        agent.act(started(1, Ruleset(height=16, width=16)), games, games)
