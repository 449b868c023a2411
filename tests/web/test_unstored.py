"""Games that the database was away for as the site ended, and what the next start makes of them."""

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from arena.errors import DatabaseAwayError
from arena.schema import games
from arena.storage import Storage
from arena.stored_games import NewHumanGame
from replays.format import TakeOver, decode, encode
from tests.web.site import PATIENCE_SECONDS, riding, serving
from tests.web.test_judging import SHUT_IN, left_game
from tests.web.test_recorder import OPPONENT, Desk, Shelf, finished, ticket
from tron_env.types import Seat
from web.live_types import FinishedGame, LiveEnding
from web.tickets import Ticket
from web.unstored import take_in

OF_ROUND_1 = replace(OPPONENT, round=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.patience.AGAIN_SECONDS", 0.001)
    monkeypatch.setattr("web.patience.CLOSING_SECONDS", 0.05)


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with Storage(database_url) as opened:
        prepared(opened)
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where games are kept that cannot be stored."""
    return tmp_path / "unstored"


def prepared(storage: Storage) -> None:
    """Have round 1 and a game that is gone on from."""
    storage.ensure_open_round(ruleset="arena", starts=1, seed="11" * 32)
    stored_in_time(storage, [(of_round_1(9, player="somebody else"), None)])


def of_round_1(game: int, player: str | None = "p", **more: Any) -> Ticket:
    return replace(ticket(game, player=player), opponent=OF_ROUND_1, **more)


def stored_in_time(
    shelf: Any, played: Sequence[tuple[Ticket, FinishedGame | None]], folder: Path = Path("none")
) -> None:
    """Have games played on a site that ends."""
    desk = Desk(shelf, folder)
    for given, record in played:
        desk.play(given, record)
    desk.messages()


def left_behind(folder: Path, *played: tuple[Ticket, FinishedGame | None]) -> list[Path]:
    """Have games played on a site that ends while its database is away; return the replays."""
    before = {*folder.glob("*.trp")}
    stored_in_time(Shelf(failures=10**9), played, folder)
    return sorted({*folder.glob("*.trp")} - before)


def started(folder: Path, storage: Any, known: Callable[[str], bool] = lambda sha256: True) -> None:
    take_in(folder, storage, known, lambda: False)


def rows(storage: Storage) -> list[dict[str, Any]]:
    with storage.reading() as connection:
        return [dict(row) for row in connection.execute(select(games)).mappings()][1:]


def until_stored(storage: Storage, games: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while storage.count_games() < games:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def every_kind() -> list[tuple[Ticket, FinishedGame | None]]:
    """Games of all kinds that are stored."""
    shut_in, left_when_lost = left_game(Seat.FIRST, len(SHUT_IN), LiveEnding.ABANDONED)
    taken_over = TakeOver(b"12345678", 1, Seat.FIRST)
    forfeit, frozen, left, closed = (
        of_round_1(number, player) for number, player in zip((4, 5, 6, 7), "rstu", strict=True)
    )
    return [
        (of_round_1(1, nickname="Ann O."), None),
        (of_round_1(2), None),
        (of_round_1(3, player=None), None),
        (forfeit, finished(forfeit, LiveEnding.FORFEIT)),
        (frozen, replace(finished(frozen), frozen=True)),
        (left, finished(left, LiveEnding.ABANDONED)),
        (closed, finished(closed, LiveEnding.CLOSED)),
        (replace(shut_in, opponent=OF_ROUND_1, player="v"), left_when_lost),
        (of_round_1(8, player="w", takeover=taken_over, source_id=1), None),
    ]


def test_what_was_left_is_stored_as_it_would_have_been_in_time(
    storage: Storage, folder: Path, caplog: pytest.LogCaptureFixture
):
    files = left_behind(folder, *every_kind())
    assert len(files) == len(every_kind())
    started(folder, storage)
    assert list(folder.iterdir()) == []
    assert f"{len(files)} games that had been left in {folder} are stored now" in caplog.text
    late = rows(storage)
    with Storage(f"sqlite:///{folder.with_name('in-time.db')}") as other:
        prepared(other)
        stored_in_time(other, every_kind())
        in_time = rows(other)
        assert other.human_record(OPPONENT.sha256) == storage.human_record(OPPONENT.sha256)
        assert len(other.first_tries()) == len(storage.first_tries()) == 1
    for one, same in zip(late, in_time, strict=True):
        assert f"{one.pop('played_at'):%Y%m%dT%H%M%S.%f}" in {path.stem[:22] for path in files}
        same.pop("played_at")
        assert one == same
    assert [row["first_try"] for row in late] == [
        *(True, False, False, True, False, True, False, True, False)
    ]


def test_a_first_try_is_told_by_when_games_began_not_by_when_they_were_stored(
    storage: Storage, folder: Path
):
    left_behind(folder, (of_round_1(1), None))
    left_behind(folder, (of_round_1(2), None))  # by a process that does not know of the first
    started(folder, storage)
    assert [row["first_try"] for row in rows(storage)] == [True, False]

    stored_in_time(storage, [(of_round_1(3, "q"), None)])
    left_behind(folder, (of_round_1(4, "q"), None))
    started(folder, storage)
    assert [row["first_try"] for row in rows(storage)[2:]] == [True, False]


def test_the_site_takes_in_what_was_left_before_it_stores_what_is_ridden_next(
    storage: Storage, folder: Path
):
    left_behind(folder, (of_round_1(1), None))
    desk = Desk(storage, folder)
    desk.play(of_round_1(2))
    until_stored(storage, 3)
    desk.messages()
    assert [row["first_try"] for row in rows(storage)] == [True, False]


def test_what_cannot_be_taken_in_stays_and_is_named_and_stops_nothing(
    storage: Storage, folder: Path, caplog: pytest.LogCaptureFixture
):
    torn, damaged, alone, stranger, of_no_round, fine = (
        left_behind(folder, (given, None))[0]
        for given in (
            *(of_round_1(number) for number in (1, 2, 3, 4)),
            replace(of_round_1(5), opponent=replace(OPPONENT, round=77)),
            of_round_1(6),
        )
    )
    torn.write_bytes(torn.read_bytes()[:-3])
    rest = damaged.with_suffix(".json")
    rest.write_text(rest.read_text().replace('"speed":10', '"speed":"fast"'))
    alone.with_suffix(".json").unlink()
    rest = stranger.with_suffix(".json")
    rest.write_text(rest.read_text().replace(OPPONENT.sha256, "ef" * 32))
    (folder / "17.trp").write_bytes(alone.read_bytes())
    before = {path: path.read_bytes() for path in folder.iterdir() if path.stem != fine.stem}
    started(folder, storage, lambda sha256: sha256 == OPPONENT.sha256)
    assert len(rows(storage)) == 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    said = {
        record.args[0]: str(record.args[1])
        for record in caplog.records
        if record.name == "web.unstored" and isinstance(record.args, tuple) and len(record.args) > 1
    }
    for path, reason in (
        (torn, "checksum"),
        (damaged, "speed"),
        (alone, "No such file"),
        (folder / "17.trp", "17.json"),
        (stranger, f"model {'ef' * 32} is not here"),
        (of_no_round, "(?i)foreign key"),
    ):
        assert re.search(reason, said[path])
    assert fine not in said


def test_a_folder_that_cannot_be_read_is_named(
    storage: Storage, folder: Path, caplog: pytest.LogCaptureFixture
):
    folder.touch()
    started(folder, storage)
    assert f"the games in {folder} stay there: " in caplog.text
    assert "Not a directory" in caplog.text


def test_a_database_that_is_away_leaves_everything_for_the_next_start(
    storage: Storage, database_url: str, folder: Path, caplog: pytest.LogCaptureFixture
):
    played = [(of_round_1(number), None) for number in (1, 2, 3)]
    files = left_behind(folder, *played)

    class Going(Storage):
        """Gone after one game."""

        def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
            if rows(self):
                raise DatabaseAwayError("nothing answers")
            return super().save_human_games(new)

    with Going(database_url) as going:
        started(folder, going)
    assert sorted(folder.glob("*.trp")) == files[1:]
    assert "wait for the next start: nothing answers" in caplog.text
    started(folder, storage)
    assert len(rows(storage)) == 3
    assert list(folder.iterdir()) == []


def test_a_file_that_cannot_be_removed_is_not_said_to_be_unstored(
    storage: Storage,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    (file,) = left_behind(folder, (of_round_1(1), None))
    caplog.clear()

    def refuse(path: Path) -> None:
        raise PermissionError(f"{path.name} is not yours")

    monkeypatch.setattr(Path, "unlink", refuse)
    started(folder, storage)
    started(folder, storage)
    assert len(rows(storage)) == 1
    assert f"{file} stays there: {file.name} is not yours" in caplog.text
    assert f"{file} stays there: it is stored already" in caplog.text


class Dying(Storage):
    """Storage whose process is killed as it stores a game, or just after it has."""

    after = False

    def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        if self.after:
            super().save_human_games(new)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it was killed")


def _die(url: str, folder: Path, after: bool) -> None:
    with Dying(url) as storage:
        storage.after = after
        started(folder, storage)


@pytest.mark.parametrize("after", [False, True], ids=["before it is stored", "after"])
def test_a_kill_on_the_way_loses_no_game_and_stores_none_twice(
    storage: Storage,
    database_url: str,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    after: bool,
):
    (file,) = left_behind(folder, (of_round_1(1), None))
    process = multiprocessing.get_context("spawn").Process(
        target=_die, args=(database_url, file.parent, after)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert file.exists()
    for _ in range(2):
        started(file.parent, storage)
    (row,) = rows(storage)
    assert decode(row["replay"]).plies == row["plies"]
    assert file.exists() is after
    assert (f"{file} stays there: it is stored already" in caplog.text) is after


def _start_with_others(url: str, folder: Path, barrier: Any) -> None:
    with Storage(url) as storage:
        barrier.wait()
        started(folder, storage)


def test_processes_that_start_at_once_store_every_game_once(
    storage: Storage, database_url: str, folder: Path
):
    left_behind(folder, *((of_round_1(number), None) for number in range(1, 31)))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [
        context.Process(target=_start_with_others, args=(database_url, folder, barrier))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(rows(storage)) == 30
    assert list(folder.iterdir()) == []


def test_a_ride_on_a_real_site_outlives_the_database_s_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def away(_self: Storage, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        raise DatabaseAwayError("nothing answers")

    with serving(tmp_path) as site, riding(site) as rider, monkeypatch.context() as during:
        during.setattr(Storage, "save_human_games", away)
        game = rider.join("zoo/wall-hugger", 14)
        end = rider.next("end")
    with serving(tmp_path) as site:
        until_stored(site.services.storage, 1)
        (row,) = site.services.storage.search_games()
        stored = site.services.storage.replay(row.id)
    assert stored is not None
    assert row.plies == end["ply"]
    assert row.human_seat == game["seat"]
    assert encode(decode(stored)) == stored
