"""`tron submit`, `tron duel`, `tron round` and game numbers for `tron replay`."""

import hashlib
from pathlib import Path

import pytest

from agents.zoo import DEFAULT_CHAMPION, shipped_model
from arena import replay_source
from arena.models import ModelStore
from arena.settings import load_settings
from arena.storage import open_storage
from replays.format import decode, model_prefix
from replays.playback import verify
from tests.arena import graphs
from tests.arena.commands import as_json, run
from tests.arena.rivals import closed_round, rival
from tron_env.errors import TronArenaError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRON_WORKERS", "2")
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    return tmp_path / "home"


def test_a_duel_is_shown_and_its_replays_saved(tmp_path):
    arguments = ("duel", "voronoi", "wall-hugger", "--starts", "2", "--seed", "5")
    shown = run(*arguments, "--save", tmp_path / "kept")
    assert "voronoi beats wall-hugger" in shown.stdout
    assert "4/4 games" in shown.stderr
    told = as_json(*arguments)
    assert told["points"][0] + told["points"][1] == 4
    assert sum(told["pairs"]) == 2
    assert told["sequential_test"]["decision"] == "undecided"
    assert f"likelihood of {told['superiority']:.0%}" in shown.stdout
    assert [game["first_seat"] for game in told["games"]] == [0, 1, 0, 1]
    for number, game in enumerate(told["games"], start=1):
        stored = Path(game["replay"]).read_bytes()
        assert stored == (tmp_path / "kept" / f"game-{number:02}.trp").read_bytes()
        verify(decode(stored))
        assert decode(stored).plies == game["plies"]


def test_files_duel_in_the_sandbox_and_forfeit_with_reasons(tmp_path):
    good, bad = tmp_path / "good.onnx", tmp_path / "bad.onnx"
    good.write_bytes(rival(1))
    bad.write_bytes(graphs.nan())
    told = as_json("duel", good, bad, "--starts", "1")
    assert told["points"] == [2, 0]
    assert told["games"][0]["reasons"] == [None, "NaN or +inf for an accepted action"]
    assert told["games"][1]["reasons"] == ["NaN or +inf for an accepted action", None]


def test_a_champion_duels_as_the_model_that_it_is(tmp_path):
    told = as_json("duel", "champion", "wall-hugger", "--starts", "1", "--save", tmp_path / "kept")
    own = shipped_model(DEFAULT_CHAMPION)
    for game in told["games"]:
        riders = decode(Path(game["replay"]).read_bytes()).models
        assert riders[game["first_seat"]] == model_prefix(own.sha256)


def test_unknown_agents_and_wrong_usage_are_told_apart():
    with pytest.raises(TronArenaError, match="no agent is called"):
        run("duel", "nobody", "voronoi")
    run("duel", "voronoi", "wall-hugger", "--ruleset", "chess", status=2)
    run("submit", "missing.onnx", "--name", "ann", status=2)


def test_a_rounds_whole_life(tmp_path):
    opened = as_json("round", "open", "--starts", "1")
    assert (opened["number"], opened["status"], opened["starts"]) == (1, "open", 1)
    assert opened["seed"] is None
    model = tmp_path / "mine.onnx"
    model.write_bytes(rival(1))
    submitted = as_json("submit", model, "--name", "ann")
    assert (submitted["status"], submitted["round"]) == ("accepted", 1)
    status = as_json("round", "status")
    assert [row["name"] for row in status["submissions"]] == ["ann"]
    assert status["running"] is status["champion"] is None

    closed = as_json("round", "close")
    assert closed["status"] == "closed"
    assert len(closed["seed"]) == 64
    assert "round 1 is closed: 0 of" in run("round", "status").stdout
    played = run("round", "run")
    assert f"{closed['duels_total']}/{closed['duels_total']} duels" in played.stderr
    assert "is champion of round 1" in played.stdout
    shown = as_json("round", "show")
    assert shown["champion"] == shown["standings"][0]["name"]
    assert len(shown["duels"]) == closed["duels_total"]
    assert {entry["name"] for entry in shown["standings"]} >= {"ann", "voronoi"}
    assert "ann" in run("round", "show", "1").stdout
    rows = as_json("round", "list")
    assert [(row["number"], row["status"]) for row in rows] == [(2, "open"), (1, "done")]
    assert shown["champion"] in run("round", "list").stdout
    assert as_json("round", "status")["champion"]["name"] == shown["champion"]
    sure = shown["comparison"]["better_than_next"]
    assert [row["name"] for row in sure] == [entry["name"] for entry in shown["standings"]]
    assert all(0 < row["likelihood"] < 1 for row in sure[:-1])
    assert sure[-1]["likelihood"] is None
    second = shown["standings"][1]["name"]
    told = f"better than {second} with a likelihood of {100 * sure[0]['likelihood']:.0f}%"
    assert told in run("round", "status").stdout
    with pytest.raises(TronArenaError, match="no round is closed"):
        run("round", "run")

    assert run("replay", "verify", "1").exit_code == 0
    assert decode(replay_source.load("1")).plies > 0

    mine = model_prefix(hashlib.sha256(model.read_bytes()).hexdigest())
    lost = [decode(replay) for replay in replay_source.defeats("submission:1")]
    assert all(replay.models[replay.outcome.winner.other] == mine for replay in lost)
    (row,) = (row for row in shown["standings"] if row["name"] == "ann")
    assert len(lost) == row["standing"]["losses"]


def test_a_shown_round_says_who_forfeited_and_why(home):
    settings = load_settings()
    with open_storage(settings) as storage:
        models = ModelStore(settings.models)
        closed_round(storage, models, {"ann": rival(1), "nan": graphs.nan()}, starts=1)
    run("round", "run")
    reason = "NaN or +inf for an accepted action"
    assert as_json("round", "show")["forfeits"] == [{"name": "nan", "reason": reason, "games": 2}]
    assert reason in run("round", "show").stdout


def test_a_rejected_submission_says_why(tmp_path):
    text = tmp_path / "text.onnx"
    text.write_text("this is no model")
    rejected = run("submit", text, "--name", "ann", status=1)
    assert "ann is rejected: " in rejected.stderr
    told = as_json("submit", text, "--name", "ann", status=1)
    assert told["status"] == "rejected"
    assert told["reason"]
    with pytest.raises(TronArenaError, match="shipped model"):
        run("submit", shipped_model("voronoi").path, "--name", "ann")


@pytest.mark.parametrize("reference", ["x.trp", "-1", "1" * 30, "٣", "", "7"])
def test_other_references_are_none_of_ours(reference, home):
    assert replay_source.load(reference) is None
    assert replay_source.defeats(reference) is None
    assert replay_source.defeats(f"submission:{reference}") is None
    assert not (home / "arena.db").exists()


def test_showing_a_round_that_is_not_there():
    with pytest.raises(TronArenaError, match="no round is done yet"):
        run("round", "show")
    with pytest.raises(TronArenaError, match="no round 9"):
        run("round", "show", "9")
