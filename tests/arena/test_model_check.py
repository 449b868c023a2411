"""Verdicts on stored games: the shipped models here, a submitted one in its sandbox."""

import hashlib
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from agents.zoo import shipped_model
from arena.models import ModelStore
from arena.settings import load_settings
from arena.storage import open_storage
from arena.stored_games import NewHumanGame
from replays.cli import verify
from replays.format import PERSON, model_prefix
from tests.replays.games import recorded
from tron_env.agent import make_agent
from tron_env.ruleset import ARENA
from tron_env.types import Seat


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    return load_settings()


def game_of(name, sha256):
    """A game of a shipped model against a heuristic that stands for a person."""
    agent = make_agent(str(shipped_model(name).path))
    replay = recorded(ARENA, 6, (agent, make_agent("wall-hugger")))
    return replace(replay, models=(model_prefix(sha256), PERSON))


def stored(settings, replay, sha256):
    with open_storage(settings) as storage:
        new = NewHumanGame(replay, ("a", "b"), Seat.SECOND, sha256, None, 10, True, "s")
        return storage.save_human_game(new)


def asked(number):
    result = CliRunner().invoke(verify, [str(number), "--inference", "--json"])
    return result.exit_code, json.loads(result.output)[0]


def test_a_shipped_model_decides_its_game_alike(home):
    own = shipped_model("squatter")
    number = stored(home, game_of("squatter", own.sha256), own.sha256)
    status, verdict = asked(number)
    assert (status, verdict["ok"], verdict["models"]) == (0, True, ["squatter"])
    with open_storage(home) as storage:
        assert storage.check(number).verified


def test_another_model_does_not(home):
    other = shipped_model("hunter")
    number = stored(home, game_of("squatter", other.sha256), other.sha256)
    status, verdict = asked(number)
    assert (status, verdict["ok"]) == (1, False)
    assert verdict["wrong_ply"] > 0
    assert "now decides" in verdict["error"]
    with open_storage(home) as storage:
        assert storage.check(number).ply == verdict["wrong_ply"]


def test_a_model_that_nobody_has_verifies_nothing(home):
    number = stored(home, game_of("squatter", "ab" * 32), "ab" * 32)
    status, verdict = asked(number)
    assert (status, verdict["ok"]) == (1, False)
    assert "nobody has the model abababababababab" in verdict["error"]
    with open_storage(home) as storage:
        assert not storage.check(number).verified


def test_a_submitted_model_is_asked_in_its_sandbox(home, monkeypatch):
    """Its file is a shipped one with a byte more of metadata, so that its hash is its own."""
    import onnx

    model = onnx.load(shipped_model("squatter").path)
    model.doc_string = "submitted"
    content = model.SerializeToString()
    sha256 = hashlib.sha256(content).hexdigest()
    ModelStore(home.models).put(content)
    number = stored(home, game_of("squatter", sha256), sha256)
    from arena.storage import Storage

    entered = {sha256[:16]: (sha256, "submitted", False)}
    monkeypatch.setattr(Storage, "entrant_model", lambda _self, prefix: entered.get(prefix))
    status, verdict = asked(number)
    assert (status, verdict["ok"], verdict["models"]) == (0, True, ["submitted"])
