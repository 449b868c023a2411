import numpy as np
import pytest

from agents.errors import InvalidLogitsError, InvalidModelError
from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.zoo import DEFAULT_CHAMPION, shipped_model
from arena.agents import SandboxedAgent, make_champion, make_onnx, make_submission
from tests.arena import graphs
from tests.arena.entering import submitted
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.ruleset import ARENA, Ruleset


@pytest.fixture
def engine():
    games = BatchEngine(ARENA, 100)
    games.reset(np.arange(100), np.arange(100, dtype=np.uint64))
    return games


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    return tmp_path


def test_a_sandboxed_agent_plays_what_its_model_says_in_more_than_one_batch(engine):
    games, seats = np.arange(100), np.arange(100) % 2
    agent = SandboxedAgent(graphs.policy(), "linear")
    try:
        actions = agent.act(engine, games, seats)
    finally:
        agent.close()
    observations = np.empty((100, 5, 32, 32), np.float32)
    engine.gather(games, seats, observations)
    logits = observations.reshape(100, -1) @ graphs.weights()
    np.testing.assert_array_equal(actions, select_actions(logits, engine.masks[games, seats]))


def test_nan_is_raised_as_the_models_fault(engine):
    agent = SandboxedAgent(graphs.nan(), "nan")
    with pytest.raises(InvalidLogitsError):
        agent.act(engine, np.arange(2), np.zeros(2, np.intp))
    agent.close()


def test_another_board_size_is_refused():
    small = BatchEngine(Ruleset(height=16, width=16), 1)
    small.reset([0], [0])
    agent = SandboxedAgent(graphs.policy(), "linear")
    with pytest.raises(InvalidModelError, match="32 by 32"):
        agent.act(small, np.zeros(1, np.intp), np.zeros(1, np.intp))
    agent.close()


def test_a_path_names_a_sandboxed_model(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(graphs.policy())
    agent = make_agent(str(path))
    assert isinstance(agent, SandboxedAgent)
    assert agent.name == "mine"
    agent.close()


def test_a_copy_of_a_shipped_model_runs_here(tmp_path):
    path = tmp_path / "copy.onnx"
    path.write_bytes(shipped_model(DEFAULT_CHAMPION).path.read_bytes())
    assert isinstance(make_onnx(str(path)), OnnxAgent)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(AgentSpecError, match="no model file"):
        make_onnx(str(tmp_path / "none.onnx"))


@pytest.mark.usefixtures("home")
def test_before_the_first_round_a_shipped_model_reigns():
    assert make_champion("").name == DEFAULT_CHAMPION


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("champion@1", "round 1 has no champion"),
        ("champion@first", "expected a number"),
        ("submission:7", "no submission 7"),
        ("submission:", "expected a number"),
    ],
)
def test_what_is_not_there_is_said(spec, reason):
    with pytest.raises(AgentSpecError, match=reason):
        make_agent(spec)


def test_a_submission_plays_from_the_store(home):
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    sha256 = ModelStore(settings.models).put(graphs.policy())
    with open_storage(settings) as storage:
        storage.ensure_open_round(ruleset="arena", starts=1, seed="00" * 32)
        row = submitted(storage, name="ann", sha256=sha256)
    agent = make_submission(str(row.id))
    assert isinstance(agent, SandboxedAgent)
    assert agent.name == "ann"
    agent.close()
    assert (home / "models" / f"{sha256}.onnx").exists()
