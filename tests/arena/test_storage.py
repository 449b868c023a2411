"""The database: migrations, transactions, games and their searches."""

import multiprocessing
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, event, text

from arena.errors import DatabaseAwayError, StorageError
from arena.miners import local_miner, register
from arena.records import (
    DuelResult,
    EntryKind,
    GameFilter,
    GameKind,
    NewEntry,
    NewGame,
    RoundStatus,
    Standing,
    SubmissionStatus,
)
from arena.schedule import round_robin
from arena.schema import metadata
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from arena.stored_games import NewHumanGame
from arena.stored_miners import RegistrationLimitError, RegistrationLimits
from arena.stored_people import LOOK_SECONDS
from replays.format import PERSON, Ending, Replay, encode, model_prefix
from tests.arena.entering import submitted
from tests.replays.games import play
from tron_env.ruleset import ARENA
from tron_env.types import DeathCause, Outcome, Seat

SEED, NEXT_SEED = "11" * 32, "22" * 32
MODELS = {name: f"{place}a" * 32 for place, name in enumerate(("ann", "bob", "cid"))}
ANN = model_prefix(MODELS["ann"])
STANDING = Standing(1, 1.5, 2, 1, 1, 0, 0, 1000.0, 900.0, 1100.0, 0.5)


@pytest.fixture
def storage(database_url):
    with Storage(database_url) as opened:
        yield opened


def entry(name):
    return NewEntry(name, EntryKind.SUBMISSION, False, False, MODELS[name], None)


def frozen(storage, *names):
    row = storage.ensure_open_round(ruleset="arena", starts=1, seed=SEED)
    field = [entry(name) for name in names or MODELS]
    storage.freeze(row.number, lambda _: field, round_robin, next_seed=NEXT_SEED, next_starts=1)
    return row.number


def result(duel, seed=1):
    models = (MODELS[duel.names[0]], MODELS[duel.names[1]])
    games = tuple(
        NewGame(k, duel.names, models, encode(ridden(models, seed + k)), (None, None))
        for k in (0, 1)
    )
    return DuelResult(duel.id, (1.5, 0.5), (0, 1), games)


def ridden(models, seed):
    """A game between models with these hashes."""
    return replace(play(ARENA, seed), models=tuple(map(model_prefix, models)))


def test_the_migrated_database_is_what_the_schema_says(storage):
    with storage.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_sqlite_lets_the_site_read_while_a_round_writes(tmp_path):
    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as storage, storage.reading() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_reader_sees_one_state_however_long_it_takes(storage, database_url):
    number = frozen(storage)
    done = text("SELECT duels_done FROM rounds WHERE number = :number")
    with Storage(database_url) as site, site.reading() as connection:
        before = connection.scalar(done, {"number": number})
        storage.save_duels(number, [result(storage.duels(number)[0])])
        assert connection.scalar(done, {"number": number}) == before == 0


def test_opening_again_keeps_everything(tmp_path):
    settings = load_settings({"TRON_HOME": str(tmp_path / "deep" / "home")})
    with open_storage(settings) as storage:
        number = frozen(storage)
    with open_storage(settings) as storage:
        assert storage.round(number).entrants == 3


def _open(url, barrier):
    barrier.wait()
    Storage(url).close()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request, tmp_path):
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    server = request.getfixturevalue("postgres")
    return server.url(server.fresh())


def test_many_processes_may_open_a_fresh_database_at_once(fresh_url):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [context.Process(target=_open, args=(fresh_url, barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]


@pytest.mark.parametrize("content", [b"not a database" * 100, None])
def test_what_is_no_database_of_ours_is_refused(tmp_path, content):
    path = tmp_path / "arena.db"
    if content is None:
        with Storage(f"sqlite:///{path}") as storage, storage.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    else:
        path.write_bytes(content)
    with pytest.raises(StorageError):
        Storage(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////dev/null/arena.db", "cannot use the database: .*/dev/null"),
        ("sqlite:////proc/arena.db", "cannot use sqlite:////proc/arena.db: .*unable to open"),
        ("postgresql+nothing://host/name", "cannot use the database: .*nothing"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line(url, words):
    with pytest.raises(StorageError, match=words) as error:
        Storage(url)
    assert "\n" not in str(error.value)


def test_a_server_that_takes_connections_and_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("arena.database.ANSWER_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StorageError, match="timeout"):
            Storage(f"postgresql+psycopg://tron@127.0.0.1:{port}/tron")


def test_a_missing_driver_is_named_without_telling_the_password(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match="psycopg; pip install it") as error:
        Storage("postgresql+psycopg://tron:secret@host/name")
    assert "secret" not in str(error.value)


def test_a_round_moves_only_forward(storage):
    number = frozen(storage)
    entries = storage.entries(number)
    assert storage.round(number).status is RoundStatus.CLOSED
    with pytest.raises(StorageError, match="is not open"):
        storage.freeze(number, lambda _: [entry("ann")], round_robin, next_seed=SEED, next_starts=1)
    with pytest.raises(StorageError, match="is not open"):
        storage.set_starts(number, 3)
    with pytest.raises(StorageError, match="is not running"):
        storage.finish(number, {}, entries[0].id)
    storage.begin(number)
    started = storage.round(number).started_at
    storage.begin(number)
    assert storage.round(number).started_at == started
    table = {entry.id: STANDING for entry in entries}
    with pytest.raises(StorageError, match="3 duels to play"):
        storage.finish(number, table, entries[1].id)
    storage.save_duels(number, [result(duel) for duel in storage.duels(number)])
    for ranked, champion in ((table, 99), ({entries[1].id: STANDING}, entries[1].id)):
        with pytest.raises(StorageError, match="not those of the entrants of round 1"):
            storage.finish(number, ranked, champion)
    assert storage.round(number).status is RoundStatus.RUNNING
    storage.finish(number, table, entries[1].id)
    done = storage.round(number)
    assert (done.status, done.champion_entry_id) == (RoundStatus.DONE, entries[1].id)
    assert done.finished_at is not None
    champion = storage.champion()
    won = entries[1]
    assert (champion.name, champion.round, champion.entry_id) == ("bob", number, won.id)
    assert (champion.alone, champion.submission_id) == (won.alone, won.submission_id)
    assert storage.champion(number) == champion
    with pytest.raises(StorageError, match="is not closed or running"):
        storage.begin(number)


def test_one_round_is_open_however_often_it_is_asked_for(storage):
    first = storage.ensure_open_round(ruleset="arena", starts=4, seed=SEED)
    again = storage.ensure_open_round(ruleset="apex", starts=1, seed=NEXT_SEED)
    assert first == again == storage.open_round()
    assert first.seed is None
    assert storage.seed(first.number) == SEED
    assert storage.unfinished_round() is None
    assert storage.latest_done_round() is None
    assert storage.champion() is None


def test_a_duel_is_stored_once(storage):
    number = frozen(storage)
    duels = storage.duels(number)
    assert storage.save_duels(number, [result(duels[0])]) == 1
    assert storage.save_duels(number, [result(duels[0], seed=5), result(duels[1])]) == 1
    assert storage.round(number).duels_done == 2
    stored = storage.duel(duels[0].id)
    assert (stored.done, stored.points, stored.games) == (True, (1.5, 0.5), 2)
    models = tuple(MODELS[name] for name in duels[0].names)
    assert storage.duel_replays(duels[0].id)[0] == encode(ridden(models, 1))
    assert [duel.done for duel in storage.duels(number)] == [True, True, False]


def test_a_duel_is_stored_with_all_of_its_games_or_not_at_all(storage):
    number = frozen(storage)
    duel = storage.duels(number)[0]
    whole = result(duel)
    for games in ((), whole.games[:1]):
        with pytest.raises(StorageError, match="a pair meets in 1 starts"):
            storage.save_duels(number, [replace(whole, games=games)])
    assert not storage.duel(duel.id).done


def test_replays_of_other_models_are_not_stored(storage):
    number = frozen(storage)
    duel = storage.duels(number)[0]
    whole = result(duel)
    swapped = tuple(replace(game, models=game.models[::-1]) for game in whole.games)
    with pytest.raises(StorageError, match="played by other models"):
        storage.save_duels(number, [replace(whole, games=swapped)])
    for game in (
        replace(human(Outcome.FIRST_WINS), model_sha256=MODELS["bob"]),
        replace(human(Outcome.FIRST_WINS), human_seat=Seat.SECOND),
    ):
        with pytest.raises(StorageError, match="played by other models"):
            storage.save_human_game(game)
    assert storage.search_games() == ()


def test_duels_of_a_block_are_stored_all_or_none(storage):
    number = frozen(storage)
    one, two, _ = storage.duels(number)
    bad = result(two)
    twice = DuelResult(two.id, bad.points, bad.forfeits, (bad.games[0], bad.games[0]))
    with pytest.raises(StorageError):
        storage.save_duels(number, [result(one), twice])
    assert storage.round(number).duels_done == 0
    assert storage.games(one.id) == ()
    assert not storage.duel(one.id).done


def test_results_come_in_the_order_of_the_schedule(storage):
    number = frozen(storage)
    duels = storage.duels(number)
    storage.save_duels(number, [result(duel) for duel in reversed(duels)])
    results = storage.results(number)
    assert [(item.duel, item.number) for item in results] == [
        (duel, game) for duel in range(3) for game in range(2)
    ]
    assert results[0].entries == duels[0].entries
    assert results[0].outcome == play(ARENA, 1).outcome


def test_entrants_are_found_by_their_model_along_an_index(tmp_path):
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as storage:
        frozen(storage)
        event.listen(storage.engine, "before_cursor_execute", note)
        assert storage.entrant_model(MODELS["ann"][:16]) == (MODELS["ann"], "ann", False)
        assert [entry.name for entry in storage.entries_of(MODELS["bob"])] == ["bob"]
        event.remove(storage.engine, "before_cursor_execute", note)
        selects = [each for each in asked if each[0].startswith("SELECT")]
        assert len(selects) == 2
        with storage.reading() as connection:
            for statement, parameters in selects:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                assert "USING INDEX ix_entries_sha256" in plan.first()[3]


def test_progress_is_seen_by_readers_while_a_writer_is_busy(storage, database_url):
    number = frozen(storage)
    with Storage(database_url) as site:
        duels = storage.duels(number)
        with storage.writing() as connection:
            connection.execute(text("UPDATE rounds SET duels_done = 99"))
            assert site.round(number).duels_done == 0
        storage.save_duels(number, [result(duels[0])])
        assert site.round(number).duels_done == 100


def test_writers_wait_for_each_other(storage):
    number = frozen(storage)
    duels = storage.duels(number)
    threads = [
        threading.Thread(target=storage.save_duels, args=(number, [result(duel)]))
        for duel in duels
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.round(number).duels_done == 3


def test_registrations_are_limited_when_many_come_at_once(storage):
    limits = RegistrationLimits("here", per_origin=3, altogether=100)
    gate = threading.Barrier(8)

    def come(number):
        gate.wait()
        with suppress(RegistrationLimitError):
            register(storage, f"rider-{number}", limits)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.miners()) == 3


def test_a_file_that_comes_while_a_round_closes_goes_to_the_next(storage):
    number = storage.ensure_open_round(ruleset="arena", starts=1, seed=SEED).number
    ann = local_miner(storage, "ann")
    comes = threading.Thread(target=storage.receive, args=(ann, MODELS["ann"], b"model"))

    def choose(_):
        comes.start()
        time.sleep(0.5)  # it waits for the closing by now
        return [entry(name) for name in MODELS]

    storage.freeze(number, choose, round_robin, next_seed=NEXT_SEED, next_starts=1)
    comes.join()
    assert storage.submissions(number) == ()
    assert [row.name for row in storage.submissions(number + 1)] == ["ann"]


def test_a_file_of_a_miner_hidden_since_it_was_looked_up_rides_under_no_name(storage):
    storage.ensure_open_round(ruleset="arena", starts=1, seed=SEED)
    known = local_miner(storage, "ann")
    submitted(storage, "ann", MODELS["ann"])
    hidden = storage.hide_miner(known, hidden=True)
    assert storage.receive(known, MODELS["bob"], b"model").name == hidden.shown


def test_a_miner_has_one_live_submission_whatever_their_names(storage):
    storage.ensure_open_round(ruleset="arena", starts=1, seed=SEED)
    first = submitted(storage, "ann", MODELS["ann"])
    with storage.writing() as connection:  # as if the name had been changed in between
        connection.execute(text("UPDATE submissions SET name = 'another'"))
    second = submitted(storage, "ann", MODELS["bob"])
    assert storage.submission(first.id).status is SubmissionStatus.SUPERSEDED
    assert [row.id for row in storage.live_submissions(1)] == [second.id]


def test_the_latest_valid_submission_counts(storage):
    storage.ensure_open_round(ruleset="arena", starts=1, seed=SEED)
    first = submitted(storage, "ann", MODELS["ann"])
    second = submitted(storage, "ann", MODELS["bob"], alone=True)
    rejected = submitted(storage, "ann", MODELS["cid"], reason="too large")
    assert storage.live_submissions(1) == (second,)
    assert second.alone
    assert storage.submission(first.id).status is SubmissionStatus.SUPERSEDED
    assert (rejected.status, rejected.reason) == (SubmissionStatus.REJECTED, "too large")
    seen = []

    def choose(live):
        seen.extend(live)
        anchor = NewEntry("zoo", EntryKind.ANCHOR, True, False, MODELS["ann"], None)
        entered = (
            NewEntry(row.name, EntryKind.SUBMISSION, False, row.alone, row.sha256, row.id)
            for row in live
        )
        return [anchor, *entered]

    storage.freeze(1, choose, round_robin, next_seed=NEXT_SEED, next_starts=1)
    assert seen == [second]
    assert storage.submission(second.id).status is SubmissionStatus.ENTERED
    later = submitted(storage, "ann", MODELS["ann"])
    assert later.round == 2


def human(
    result_of, seat=Seat.FIRST, *, ending=Ending.RULES, first_try=False, session="s", plies=2
):
    alive = (DeathCause.NONE, DeathCause.NONE)
    deaths = {
        Outcome.FIRST_WINS: (DeathCause.NONE, DeathCause.WALL),
        Outcome.SECOND_WINS: (DeathCause.WALL, DeathCause.NONE),
        Outcome.DRAW: (DeathCause.WALL, DeathCause.SELF),
    }
    causes = deaths.get(result_of, alive) if ending is Ending.RULES else alive
    start = play(ARENA, 3)
    replay = Replay(
        ARENA,
        start.seed,
        start.spawns,
        start.actions[:plies],
        result_of,
        causes,
        ending=ending,
        models=(PERSON, ANN) if seat is Seat.FIRST else (ANN, PERSON),
    )
    names = ("You", "ann") if seat is Seat.FIRST else ("ann", "You")
    return NewHumanGame(replay, names, seat, MODELS["ann"], None, 10, first_try, session)


def test_a_models_record_against_people_is_from_its_side(storage):
    for game in (
        human(Outcome.FIRST_WINS),
        human(Outcome.FIRST_WINS, Seat.SECOND, first_try=True),
        human(Outcome.SECOND_WINS),
        human(Outcome.SECOND_WINS, Seat.SECOND, first_try=True),
        human(Outcome.SECOND_WINS, Seat.FIRST),
        human(Outcome.DRAW, first_try=True),
        human(Outcome.TRUNCATED),
        human(Outcome.ONGOING, ending=Ending.ABANDONED, first_try=True),
        human(Outcome.FIRST_WINS, ending=Ending.FORFEIT),
    ):
        storage.save_human_game(game)
    record = storage.human_record(MODELS["ann"])
    assert (record.wins, record.losses, record.draws, record.abandoned) == (3, 3, 2, 1)
    assert (record.first_wins, record.first_losses, record.first_draws) == (1, 1, 1)
    assert storage.human_record(MODELS["bob"]).wins == 0


def some_human_games():
    return [
        human(Outcome.FIRST_WINS),
        human(Outcome.FIRST_WINS, Seat.SECOND, first_try=True),
        human(Outcome.SECOND_WINS, first_try=True, session="other"),
        human(Outcome.DRAW),
        human(Outcome.ONGOING, ending=Ending.ABANDONED),
    ]


def test_records_against_people_are_told_by_speed(storage):
    games = some_human_games()
    storage.save_human_games([*games, replace(games[0], speed=14), replace(games[0], speed=8)])
    by_speed = storage.human_records(MODELS.values())[MODELS["ann"]]
    assert list(by_speed) == [8, 10, 14]
    assert (by_speed[8].losses, by_speed[14].losses, by_speed[10].losses) == (1, 1, 1)
    assert by_speed[10].first_wins == 2
    assert storage.tallies_agree()


def test_what_a_browser_has_beaten_is_not_looked_for_among_everybody_s_games(tmp_path):
    with Storage(f"sqlite:///{tmp_path}/arena.db") as storage:
        asked = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            asked.append((statement, parameters))

        event.listen(storage.engine, "before_cursor_execute", note)
        assert storage.beaten_by("nobody") == frozenset()
        event.remove(storage.engine, "before_cursor_execute", note)
        ((statement, parameters),) = [each for each in asked if each[0].startswith("SELECT")]
        with storage.reading() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            assert "ix_games_session (session=?)" in plan.first()[3]


def test_what_was_counted_can_be_counted_again(storage):
    storage.save_human_games(some_human_games())
    kept = storage.human_records(MODELS.values())
    with storage.writing() as connection:
        connection.execute(text("UPDATE people_tallies SET games = games + 1"))
    assert not storage.tallies_agree()
    storage.recount_people()
    assert storage.human_records(MODELS.values()) == kept


def test_people_s_games_of_an_older_database_are_counted(storage, database_url):
    storage.save_human_games(some_human_games())
    kept = storage.human_records(MODELS.values())
    with storage.writing() as connection:
        for undone in (
            "DROP TABLE people_tallies",
            "DROP INDEX ix_games_first_tries",
            "ALTER TABLE games DROP COLUMN stood_still",
            "DROP INDEX ix_entries_round_rank",
            "UPDATE alembic_version SET version_num = '0006'",
        ):
            connection.execute(text(undone))
    with Storage(database_url) as opened:
        assert opened.human_records(MODELS.values()) == kept
        assert opened.tallies_agree()


def test_games_of_an_older_database_are_found_by_their_length(fresh_url):
    config = Config()
    config.set_main_option("script_location", "arena:migrations")
    engine = create_engine(fresh_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for plies in (49, 50, 499, 500, 1200):
            connection.execute(
                text(
                    "INSERT INTO games (kind, first_name, second_name, outcome, first_cause, "
                    "second_cause, ending, plies, played_at, first_try, replay) VALUES "
                    "('duel', 'a', 'b', 1, 0, 1, 0, :plies, '2026-01-01', false, :replay)"
                ),
                {"plies": plies, "replay": b""},
            )
    engine.dispose()
    with Storage(fresh_url) as storage:
        found = storage.search_games(GameFilter(min_plies=480))
        assert [game.plies for game in found] == [1200, 500, 499]
        bands = text("SELECT length_band FROM games ORDER BY plies")
        with storage.reading() as connection:
            assert connection.scalars(bands).all() == [0, 1, 9, 10, 10]
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_persons_game_is_stored_like_any_other(storage):
    game = human(Outcome.SECOND_WINS, Seat.SECOND, first_try=True, session="browser")
    number = storage.save_human_game(game)
    row = storage.game(number)
    assert (row.kind, row.human_seat, row.speed) == (GameKind.HUMAN, Seat.SECOND, 10)
    assert row.names == ("ann", "You")
    assert row.models == (MODELS["ann"], None)
    assert (row.outcome, row.plies, row.first_try) == (Outcome.SECOND_WINS, 2, True)
    assert storage.replay(number) == encode(game.replay)
    now = datetime.now(UTC)
    assert storage.has_played("browser", MODELS["ann"], now)
    assert not storage.has_played("browser", MODELS["ann"], now - timedelta(hours=1))
    assert not storage.has_played("browser", MODELS["bob"], now)
    assert not storage.has_played("other", MODELS["ann"], now)


def test_no_first_try_is_made_better_by_leaving_it_or_by_breaking_off_the_line(storage):
    looked, left = (
        replace(
            human(Outcome.ONGOING, ending=Ending.ABANDONED, first_try=True, plies=plies), speed=1
        )
        for plies in (LOOK_SECONDS - 1, LOOK_SECONDS)
    )
    for name, game in (
        ("won", human(Outcome.FIRST_WINS, first_try=True)),
        ("won", human(Outcome.SECOND_WINS)),
        ("left", left),
        ("looked", looked),
        ("waited and won", replace(human(Outcome.FIRST_WINS), stood_still=True)),
        ("waited and drew", replace(human(Outcome.DRAW), stood_still=True)),
        ("waited and lost", replace(human(Outcome.SECOND_WINS), stood_still=True)),
        ("waited and left", replace(left, first_try=False, stood_still=True)),
        (None, human(Outcome.FIRST_WINS, first_try=True)),
    ):
        storage.save_human_game(replace(game, session=str(name), player_name=name))
    assert [(each.player_name, each.points, each.left) for each in storage.first_tries()] == [
        ("won", 1.0, False),
        ("left", 0.0, True),
        ("waited and lost", 0.0, False),
        ("waited and left", 0.0, True),
    ]


def test_why_a_person_s_game_was_forfeited_is_kept_on_the_loser_s_side(storage):
    game = human(Outcome.SECOND_WINS, ending=Ending.FORFEIT)
    number = storage.save_human_game(replace(game, reason="left"))
    assert storage.game(number).reasons == ("left", None)


def test_games_are_found_page_by_page(storage):
    number = frozen(storage)
    duels = storage.duels(number)
    storage.save_duels(number, [result(duel) for duel in duels])
    person = storage.save_human_game(human(Outcome.FIRST_WINS))
    ids = [game.id for game in storage.search_games()]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 7
    first = storage.search_games(limit=4)
    rest = storage.search_games(before_id=first[-1].id, limit=4)
    assert [game.id for game in first + rest] == ids

    def found(**filters):
        return [game.id for game in storage.search_games(GameFilter(**filters))]

    assert found(kind=GameKind.HUMAN) == [person]
    assert len(found(round=number)) == 6
    assert found(round=number + 1) == []
    assert len(found(duel_id=duels[1].id)) == 2
    assert len(found(name="ann")) == 5
    assert len(found(sha256=MODELS["bob"])) == 4
    assert found(ending=Ending.FORFEIT) == []
    assert found(min_plies=3) == [game.id for game in storage.search_games() if game.plies >= 3]
    assert storage.game(10**6) is None
    assert storage.replay(10**6) is None


def test_many_replays_are_read_at_once(storage):
    kept = {
        storage.save_human_game(game): encode(game.replay)
        for game in (human(Outcome.FIRST_WINS), human(Outcome.DRAW), human(Outcome.SECOND_WINS))
    }
    first, _, last = kept
    assert storage.replays([last, first, 10**6]) == {first: kept[first], last: kept[last]}
    assert storage.replays([]) == {}


def test_a_database_that_lacks_a_table_is_damaged_and_not_away(storage):
    with storage.writing() as connection:
        connection.execute(text("ALTER TABLE analyses RENAME TO lost"))
    with pytest.raises(StorageError, match="analyses") as caught:
        storage.summaries([1])
    assert not isinstance(caught.value, DatabaseAwayError)
