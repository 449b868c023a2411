"""`tron round`: closing within a budget, dry runs, cancelling, running again, the log, progress."""

import re
from functools import partial

import pytest

from arena.fsck import check_all
from arena.models import ModelStore
from arena.records import EntryKind, RoundStatus
from arena.runner import run_round
from arena.settings import load_settings
from arena.storage import open_storage
from tests.arena import commands
from tests.arena.entering import submitted
from tests.arena.rivals import SerialExecutor, closed_round, rival
from tron_env.errors import TronArenaError

run = partial(commands.run, "round")
as_json = partial(commands.as_json, "round")
FOUR = {f"rival-{seed}": rival(seed) for seed in range(4)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, database_url):
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRON_WORKERS", "1")
    monkeypatch.setenv("TRON_DATABASE_URL", database_url)


@pytest.fixture
def arena(home):
    settings = load_settings()
    with open_storage(settings) as storage:
        yield storage, ModelStore(settings.models)


def test_a_round_of_one_submission_among_the_anchors_is_previewed_refused_and_cancelled(arena):
    storage, models = arena
    run("open")
    submitted(storage, "ann", models.put(rival(1)))
    told = as_json("close", "--dry-run", "--starts", 2)
    assert {"ann", "voronoi"} <= {entry["name"] for entry in told["field"]}
    assert all(entry["cost"]["batch64_ms"] > 0 for entry in told["field"])
    shown = run("close", "--dry-run", "--format", "swiss").stdout
    assert re.search(r"swiss in \d stages: .* nothing is changed", shown)
    assert storage.open_round().number == 1
    with pytest.raises(TronArenaError, match="--format swiss --starts"):
        run("close", "--budget", told["estimate"]["cpu_seconds"] / 3600)
    run("close", "--stages", 2, status=2)
    run("close", "--format", "swiss", "--stages", 2, "--starts", 1)
    closed = storage.round(1)
    assert (closed.stages, closed.starts, closed.estimated_cpu_seconds > 0) == (2, 1, True)
    assert "1 submissions went on" in run("cancel", 1, "--reason", "a test").stdout
    assert [row["action"] for row in as_json("log")] == ["cancelled", "closed"]
    assert "a test" in run("log", 1).stdout
    assert [row.name for row in storage.live_submissions(2)] == ["ann"]


def test_a_round_is_run_again_and_says_that_it_came_out_the_same(arena):
    storage, models = arena
    closed_round(storage, models, FOUR, starts=1)
    run_round(storage, SerialExecutor(models))
    again = run("rerun", 1, "--reason", "somebody doubts it")
    assert "the same replays as before" in again.stderr
    assert storage.round(1).status is RoundStatus.DONE
    assert check_all(storage, models).findings == []
    status = run("status").stdout
    assert "light champion: " in status
    for heading in ("division", "apex #", "own deaths"):
        assert heading in run("show").stdout


def test_progress_shows_champions_against_the_anchors(arena):
    storage, models = arena
    for _ in range(2):
        closed_round(storage, models, FOUR, starts=1)
        run_round(storage, SerialExecutor(models))
        with storage.writing() as connection:  # as if the package shipped the last one
            connection.exec_driver_sql("UPDATE entries SET anchor = true WHERE number = 3")
    line = as_json("progress")
    assert [champion["round"] for champion in line] == [1, 2]
    for champion in line:
        duels = storage.duels(champion["round"])
        entries = storage.entries(champion["round"])
        anchors = {entry.id for entry in entries if entry.anchor}
        best = entries[0].id
        points = games = 0
        for duel in duels:
            if best in duel.entries and anchors & set(duel.entries) - {best}:
                points += duel.points[duel.entries.index(best)]
                games += duel.games
        assert (champion["anchor_points"], champion["anchor_games"]) == (points, games)
    assert "against anchors" in run("progress").stdout


def test_the_second_round_is_rated_on_the_scale_of_the_first(arena):
    storage, models = arena
    closed_round(storage, models, FOUR, starts=2)
    with storage.writing() as connection:
        connection.exec_driver_sql("UPDATE entries SET anchor = true WHERE number < 2")
    run_round(storage, SerialExecutor(models))
    first = {e.sha256: e.standing.rating for e in storage.entries(1) if e.anchor}
    assert sum(first.values()) / 2 == pytest.approx(1000)
    closed_round(storage, models, FOUR, starts=2)
    with storage.writing() as connection:
        kept = next(iter(first))
        connection.exec_driver_sql(
            f"UPDATE entries SET anchor = (sha256 = '{kept}') WHERE round = 2"
        )
    run_round(storage, SerialExecutor(models))
    (again,) = (e.standing.rating for e in storage.entries(2) if e.anchor)
    assert again == pytest.approx(first[kept])
    assert check_all(storage, models).findings == []
    assert EntryKind.CHAMPION in {entry.kind for entry in storage.entries(2)}
