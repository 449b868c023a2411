"""Recorded games: the same every time, labelled by the teacher, and legal when ridden again."""

import dataclasses

import numpy as np
import pytest

from agents.search import Limit, Minimax
from agents.train.boards import boards_of
from agents.train.errors import GamesFileError, TrainingConfigError
from agents.train.games import UNLABELLED, LabelledGames, Rider, joined
from agents.train.record import TABLE_BITS, RecordConfig, record
from tests.agents.train.conftest import RECORDED_NODES
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import SEATS, Action, Outcome, Plane, Spawn

SIDE = 32


@pytest.fixture(scope="module")
def games(recorded):
    return LabelledGames.load(recorded)


def plies_of(games, game):
    end = int(games.plies[: game + 1].sum())
    return range(end - int(games.plies[game]), end)


def start(engine, games, game):
    """Put the game on its start."""
    (row_0, col_0, row_1, col_1), headings = games.heads[game].tolist(), games.headings[game]
    first = Spawn(row_0, col_0, Action(int(headings[0])))
    engine.reset_to(0, (first, Spawn(row_1, col_1, Action(int(headings[1])))))


def test_every_ply_shows_what_the_engine_shows_both_riders(games):
    boards = boards_of(games)
    engine = BatchEngine(ARENA, 1)
    columns = np.arange(SIDE)
    for game in range(len(games)):
        start(engine, games, game)
        for ply in plies_of(games, game):
            assert engine.outcomes[0] == Outcome.ONGOING
            assert boards.games[ply] == game
            for seat in range(SEATS):
                seen = engine.planes[0, seat]
                trails = (boards.trails[ply][:, :, None] >> columns) & 1
                np.testing.assert_array_equal(seen[Plane.OWN_TRAIL], trails[seat])
                np.testing.assert_array_equal(seen[Plane.OTHER_TRAIL], trails[1 - seat])
                assert np.argwhere(seen[Plane.OWN_HEAD]).tolist() == [
                    boards.heads[ply, seat].tolist()
                ]
            engine.step(games.rows["actions"][ply][None])
        # Whoever has crashed left no trail on the wall.
        last = (boards.last[game][:, :, None] >> columns) & 1
        np.testing.assert_array_equal(last.any(axis=0), engine.cells[0] >= 2)
        outcome = Outcome(engine.outcomes[0])
        if outcome != Outcome.ONGOING:
            won = {Outcome.FIRST_WINS: 1, Outcome.SECOND_WINS: -1}
            assert games.result[game] == won.get(outcome, 0)


def test_labels_are_the_teachers_for_both_seats(games):
    teacher = Minimax(Limit.NODES, RECORDED_NODES, table_bits=TABLE_BITS)
    engine = BatchEngine(ARENA, 1)
    for game in (0, 1, 2):
        start(engine, games, game)
        for ply in plies_of(games, game):
            row = games.rows[ply]
            for seat in range(SEATS):
                if row["labels"][seat] != UNLABELLED:
                    thought = teacher.think(engine, 0, seat)
                    assert row["labels"][seat] == thought.action
                    assert row["depths"][seat] == thought.depth >= 1
                    assert row["values"][seat] == thought.value
                elif not row["wild"].all():  # not in the opening: there was no choice
                    assert engine.masks[0, seat].sum() <= 1
            engine.step(row["actions"][None])


def test_the_teacher_rides_where_it_is_said_to(games):
    pure = (games.riders == Rider.TEACHER).all(axis=1)
    assert 0 < pure.sum() < len(games)
    rows = games.rows[np.repeat(pure, games.plies)]
    told = (rows["labels"] != UNLABELLED) & (rows["wild"] == 0)
    np.testing.assert_array_equal(rows["actions"][told], rows["labels"][told])


def test_a_result_is_calm_once_nobody_rides_at_random_any_more(games):
    boards = boards_of(games)
    for game in range(len(games)):
        plies = plies_of(games, game)
        wild = games.rows["wild"][plies].any(axis=1)
        calm = [not wild[ply:].any() for ply in range(len(plies))]
        assert boards.calm[plies].tolist() == calm


def test_any_number_of_processes_records_the_same(recorded, games, tmp_path):
    config = RecordConfig(games=8, nodes=RECORDED_NODES, seed=3, workers=2)
    told: list[tuple[int, int]] = []
    record(config, tmp_path / "again.npz", lambda done, total: told.append((done, total)))
    assert told[-1] == (8, 8)
    again = LabelledGames.load(tmp_path / "again.npz")
    for name in ("heads", "headings", "plies", "result", "riders", "rows"):
        np.testing.assert_array_equal(getattr(again, name), getattr(games, name))


def test_a_place_that_cannot_be_written_is_named_before_anything_is_recorded(tmp_path):
    (tmp_path / "file").touch()
    told: list[tuple[int, int]] = []
    with pytest.raises(GamesFileError, match=r"games\.npz cannot be written"):
        record(
            RecordConfig(games=1, nodes=RECORDED_NODES),
            tmp_path / "file" / "games.npz",
            lambda done, total: told.append((done, total)),
        )
    assert told == []


def test_a_file_of_games_is_six_plain_arrays(recorded, games):
    with np.load(recorded) as stored:
        told = {name: (stored[name].dtype.str, stored[name].shape[1:]) for name in stored}
        rows = stored["rows"]
    assert told == {
        "heads": ("|u1", (4,)),
        "headings": ("|u1", (2,)),
        "plies": ("<i4", ()),
        "result": ("|i1", ()),
        "riders": ("|u1", (2,)),
        "rows": ("|u1", (16,)),
    }
    np.testing.assert_array_equal(rows[:, 2:4], games.rows["labels"])
    values = np.ascontiguousarray(rows[:, 8:]).view("<i4")
    np.testing.assert_array_equal(values, games.rows["values"])


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("heads", lambda a: a * 0, r"heads \[0, 0\] is out of range"),
        ("plies", lambda a: a + 1, "rows"),
        ("plies", lambda a: a.astype(np.int64), "'plies' is int64"),
        ("result", lambda a: a * 0 + 2, "result"),
        ("riders", lambda a: a[1:], "riders"),
        ("rows", lambda a: a[:, :15], "rows"),
        ("rows", lambda a: a * 0 + 4, "actions"),
        ("rows", None, "no array 'rows'"),
    ],
)
def test_malformed_games_are_refused_by_file_and_array(recorded, tmp_path, name, change, message):
    with np.load(recorded) as stored:
        arrays = dict(stored)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(GamesFileError, match=message) as refused:
        LabelledGames.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_refused(recorded, tmp_path, kept):
    content = recorded.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(GamesFileError, match=r"cut\.npz"):
        LabelledGames.load(path)


def test_a_file_that_is_missing_or_something_else_is_refused(tmp_path):
    with pytest.raises(GamesFileError, match=r"no\.npz"):
        LabelledGames.load(tmp_path / "no.npz")
    (tmp_path / "text.npz").write_text("games")
    with pytest.raises(GamesFileError, match=r"text\.npz"):
        LabelledGames.load(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(GamesFileError, match=r"one\.npy"):
        LabelledGames.load(tmp_path / "one.npy")


def test_a_game_that_goes_on_after_a_crash_is_refused_by_its_place(games):
    rows = games.rows.copy()
    ply = plies_of(games, 1)[0]
    rows["actions"][ply + 1] = (rows["actions"][ply] + 2) % 4  # both turn back on themselves
    changed = dataclasses.replace(games, rows=rows)
    with pytest.raises(GamesFileError, match="game 1 goes on after the crash on its ply 1"):
        boards_of(changed)


def test_games_can_be_joined(games):
    twice = joined([games, games])
    assert len(twice) == 2 * len(games)
    np.testing.assert_array_equal(boards_of(twice).last[: len(games)], boards_of(games).last)


@pytest.mark.parametrize(("field", "value"), [("games", 0), ("nodes", 2e9), ("seed", -1)])
def test_a_bad_setting_of_a_recording_is_named(field, value):
    with pytest.raises(TrainingConfigError, match=field):
        RecordConfig(**{"games": 1, field: value})
