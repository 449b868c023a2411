"""Checking the records: an honest home has no findings, and every kind of damage has."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from arena.fsck import check_all
from arena.models import ModelStore
from arena.runner import run_round
from arena.storage import Storage
from arena.stored_games import NewHumanGame
from replays.format import PERSON, Ending, Replay, decode, encode, model_prefix
from tests.arena import graphs
from tests.arena.rivals import SerialExecutor, closed_round, rival
from tests.replays.games import play
from tron_env.cli import tron
from tron_env.ruleset import ARENA
from tron_env.types import DeathCause, Outcome, Seat


def opened(folder):
    return Storage(f"sqlite:///{folder / 'arena.db'}")


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    models = ModelStore(folder / "models")
    with opened(folder) as storage:
        entrants = {"ann": rival(1), "bob": rival(2), "nan": graphs.nan()}
        closed_round(storage, models, entrants, starts=1)
        run_round(storage, SerialExecutor(models))
        closed_round(storage, models, {"cid": rival(3)}, starts=1)
        champion = storage.champion()
        start = play(ARENA, 3)
        left = Replay(
            ARENA,
            start.seed,
            start.spawns,
            start.actions[:2],
            Outcome.ONGOING,
            (DeathCause.NONE, DeathCause.NONE),
            Ending.ABANDONED,
            (PERSON, model_prefix(champion.sha256)),
        )
        names = ("You", champion.name)
        storage.save_human_game(
            NewHumanGame(left, names, Seat.FIRST, champion.sha256, 1, 10, False, "s")
        )
    return folder


@pytest.fixture
def home(honest, tmp_path):
    shutil.copytree(honest, tmp_path / "home")
    return tmp_path / "home"


def check(folder):
    with opened(folder) as storage:
        return check_all(storage, ModelStore(folder / "models"))


def test_honest_records_have_no_findings(home):
    report = check(home)
    assert report.findings == []
    assert (report.rounds, report.duels, report.games, report.models) == (3, 4, 7, 4)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE games SET replay = substr(replay, 1, 20) WHERE id = 1", "cannot be read"),
        ("UPDATE games SET duel_id = NULL, number = NULL WHERE id = 1", "6 belong anywhere"),
        ("UPDATE entries SET submission_id = 2 WHERE submission_id = 1", "its submission is"),
        ("UPDATE submissions SET round = 1 WHERE name = 'cid'", "and not in the field of round 1"),
        (
            "INSERT INTO trials (submission_id, number, replay) VALUES (1, 0, X'00')",
            "its trial game 0 cannot be played",
        ),
        (
            "UPDATE games SET replay = (SELECT replay FROM games WHERE id = 1) WHERE id = 2",
            "prefix",
        ),
        ("UPDATE games SET plies = plies + 1 WHERE id = 1", "number of plies"),
        (
            "UPDATE games SET outcome = CASE outcome WHEN 1 THEN 2 ELSE 1 END WHERE id = 1",
            "outcome",
        ),
        ("UPDATE games SET first_cause = (first_cause + 1) % 4 WHERE id = 1", "causes of death"),
        ("UPDATE games SET first_cause = -1 WHERE id = 1", "-1 is not a valid DeathCause"),
        ("UPDATE games SET first_name = 'eve' WHERE id = 1", "names of its riders"),
        ("UPDATE games SET first_reason = 'bribed' WHERE first_reason IS NULL", "forfeited"),
        ("UPDATE games SET number = 7 WHERE id = 1", "its number is 7"),
        ("UPDATE games SET human_seat = NULL WHERE kind = 'human'", "which seat a person"),
        ("DELETE FROM games WHERE id = 1", "number of games is 2, and should be 1"),
        ("UPDATE duels SET first_points = first_points + 1 WHERE number = 0", "sides scored"),
        ("UPDATE duels SET first_forfeits = 5 WHERE number = 0", "sides forfeited"),
        ("UPDATE duels SET done = 0 WHERE number = 0 AND round = 1", "not marked as played"),
        ("UPDATE rounds SET seed = '" + "ab" * 32 + "' WHERE number = 1", "seed of its start"),
        ("UPDATE rounds SET duels_done = 2 WHERE number = 1", "played duels is 2, and should be 3"),
        ("UPDATE rounds SET entrants = 9 WHERE number = 1", "number of entrants is 9"),
        ("UPDATE rounds SET champion_entry_id = 3 WHERE number = 1", "champion's entry is 3"),
        ("UPDATE entries SET rating = rating + 1 WHERE id = 1", "standing is"),
        ("UPDATE entries SET points = points + 1 WHERE id = 1", "standing is"),
        ("UPDATE games SET length_band = 1 - length_band % 2 WHERE id = 1", "band of lengths"),
        ("UPDATE games SET takeover_ply = 1 WHERE kind = 'human'", "ply of its take-over"),
        ("UPDATE entries SET positions = positions + 100 WHERE id = 1", "positions were answered"),
        ("UPDATE entries SET positions = positions - 100 WHERE id = 1", "positions were answered"),
        ("UPDATE entries SET charged = 2 * charged WHERE id = 1", "positions are charged"),
        ("UPDATE entries SET charged = positions - 1 WHERE id = 1", "positions are charged"),
        ("UPDATE entries SET cpu_seconds = -1 WHERE id = 1", "used -1.0 seconds"),
        ("UPDATE people_tallies SET games = games + 1", "counts of their games"),
    ],
)
def test_damage_to_the_tables_is_found(home, damage, words):
    with opened(home) as storage, storage.writing() as connection:
        assert connection.execute(text(damage)).rowcount
    assert any(words in finding.what for finding in check(home).findings)


def test_a_replay_that_the_rules_play_differently_is_found(home):
    with opened(home) as storage:
        duel = storage.duels(1)[0]
        (game, _), (blob, _) = storage.games(duel.id), storage.duel_replays(duel.id)
        other = play(ARENA, 99)
        forged = encode(
            Replay(
                ARENA,
                12345,
                other.spawns,
                other.actions,
                other.outcome,
                other.causes,
                other.ending,
                tuple(map(model_prefix, game.models)),
            )
        )
        assert forged != blob
        with storage.writing() as connection:
            query = text("UPDATE games SET replay = :replay WHERE id = :id")
            connection.execute(query, {"replay": forged, "id": game.id})
    found = [finding.what for finding in check(home).findings]
    assert any("not what the rules play" in what for what in found)
    assert any("seed of its start" in what for what in found)


def test_a_game_without_a_ply_in_place_of_a_duels_is_found(home):
    with opened(home) as storage:
        duel = storage.duels(1)[0]
        game, blob = storage.games(duel.id)[0], storage.duel_replays(duel.id)[0]
        played, nobody = decode(blob), (DeathCause.NONE, DeathCause.NONE)
        forged = replace(
            played,
            actions=played.actions[:0],
            outcome=Outcome.ONGOING,
            causes=nobody,
            ending=Ending.ABANDONED,
        )
        with storage.writing() as connection:
            query = text("UPDATE games SET replay = :replay, plies = 0 WHERE id = :id")
            connection.execute(query, {"replay": encode(forged), "id": game.id})
    assert any("the ending is" in finding.what for finding in check(home).findings)


@pytest.mark.parametrize(("content", "words"), [(None, "is missing"), (b"other", "is damaged")])
def test_missing_and_damaged_models_are_found(home, content, words):
    path = next((home / "models").iterdir())
    path.unlink() if content is None else path.write_bytes(content)
    (finding,) = check(home).findings
    assert words in finding.what


def test_the_command_tells_and_fails(home, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(home))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    fine = CliRunner().invoke(tron, ["fsck"])
    assert (fine.exit_code, fine.stdout) == (
        0,
        "3 rounds, 4 duels, 7 games and 4 models checked: nothing is wrong\n",
    )
    with opened(home) as storage, storage.writing() as connection:
        connection.execute(text("UPDATE games SET plies = 1 WHERE id = 1"))
    wrong = CliRunner().invoke(tron, ["fsck", "--json"])
    assert wrong.exit_code == 1
    found = json.loads(wrong.stdout)["findings"]
    assert [each["where"] for each in found] == ["round 1, duel 0, game 1", "game 1"]
