import queue
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from arena.errors import DatabaseAwayError, StorageError
from arena.records import HumanRecord
from arena.settings import load_settings
from arena.storage import open_storage
from arena.stored_games import NewHumanGame
from replays.format import Ending, decode
from replays.playback import verify
from tests.web.test_judging import SHUT_IN, left_game
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import DeathCause, Outcome, Seat
from web.errors import RefusedError
from web.live_types import FinishedGame, LiveEnding, Opening, Ticks
from web.recorder import BACKLOG, Recorder
from web.spare_time import SpareTime
from web.standing import NOTHING, Standing
from web.storer import HumanGames, Storer
from web.tickets import NOTHING_PLAYED, Opponent, Ticket, result_of, result_text

PATIENCE_SECONDS = 60.0
OPPONENT = Opponent("champion@2", "voronoi", "champion of round 2", 2, "ab" * 32)
NOWHERE = Path("/dev/null/unstored")
"""For games that are all stored."""
NOBODY = HumanRecord(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.patience.AGAIN_SECONDS", 0.001)
    monkeypatch.setattr("web.patience.CLOSING_SECONDS", 0.2)


class Shelf:
    """Storage that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.failure: StorageError = DatabaseAwayError("busy")
        self.games: list[NewHumanGame] = []
        self.earlier: set[str] = set()
        """Sessions with games from before this process began."""

    def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        if self.failures:
            self.failures -= 1
            raise self.failure
        self.games += new
        return tuple(range(len(self.games) - len(new) + 1, len(self.games) + 1))

    def stored_as(self, session: str, played_at: datetime, replay: bytes) -> int | None:
        if self.failures:
            raise self.failure
        raise AssertionError("nothing is left in files")

    def has_played(self, session: str, sha256: str, by: datetime) -> bool:
        if self.failures:
            self.failures -= 1
            raise self.failure
        return session in self.earlier

    def human_record(self, sha256: str) -> HumanRecord:
        return replace(NOBODY, wins=3)

    def human_records(self, models: Iterable[str]) -> dict[str, dict[int, HumanRecord]]:
        return {sha256: {10: self.human_record(sha256)} for sha256 in models}


class Desk:
    """A recorder with its messages kept."""

    def __init__(self, shelf: HumanGames, unstored: Path = NOWHERE) -> None:
        self.sent: queue.Queue[tuple[str, str, Any]] = queue.Queue()
        self.shelf = shelf
        self.spare_time = SpareTime()
        self.recorder = Recorder(shelf, self, unstored, lambda sha256: True, self.spare_time)
        self.recorder.admit(OPPONENT)
        self.recorder.start()

    def __call__(self, client: str, event: str, payload: object) -> None:
        self.sent.put((client, event, payload))

    def spread(self, clients: Iterable[str], event: str, payload: object) -> None:
        for client in clients:
            self(client, event, payload)

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        raise AssertionError("the recorder sends no ticks")

    def socket_of(self, client: str) -> int:
        raise AssertionError("the recorder writes to no socket")

    def play(self, given: Ticket, record: FinishedGame | None = None) -> None:
        """Have a game opened and finished."""
        self.recorder.opened(given)
        self.recorder.finish(given, record or finished(given))

    def until_stored(self, games: int) -> None:
        """Wait until so many games are."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.shelf.games) < games:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def messages(self) -> list[tuple[str, str, Any]]:
        self.recorder.close()
        return [self.sent.get_nowait() for _ in range(self.sent.qsize())]


def ticket(game: int = 1, seat: Seat = Seat.FIRST, player: str | None = "p") -> Ticket:
    return Ticket(
        Opening(game, 7, seat, 10, OPPONENT.sha256), "client", player, OPPONENT, "ab" * 16
    )


def finished(given: Ticket, ending: LiveEnding = LiveEnding.RULES) -> FinishedGame:
    """Both ride straight on until one dies, or for three plies where the rules did not end it."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [given.opening.seed])
    headings = []
    while engine.outcomes[0] == Outcome.ONGOING:
        if ending is not LiveEnding.RULES and len(headings) == 3:
            break
        engine.step(engine.headings)
        headings.append(engine.headings[0].copy())
    outcome = Outcome(engine.outcomes[0])
    if ending is LiveEnding.FORFEIT:
        outcome = Outcome.FIRST_WINS
    first, second = map(DeathCause, engine.causes[0])
    return FinishedGame(
        given.opening,
        np.array(headings, dtype=np.uint8),
        outcome,
        (first, second),
        ending,
    )


def test_the_player_is_told_first_and_the_replay_stored_after():
    desk = Desk(Shelf())
    desk.recorder.finish(ticket(), finished(ticket()))
    (client, event, end), (_, later, stored) = desk.messages()
    assert (client, event, later) == ("client", "end", "stored")
    assert end["replay"] is None
    assert stored == {"game": 1, "replay": "/replays/1"}
    (game,) = desk.shelf.games
    verify(game.replay)
    assert game.replay.spawns == spawns_for(ARENA, ticket().opening.seed)
    assert game.names == ("A player", "voronoi")
    assert (game.human_seat, game.round, game.speed) == (Seat.FIRST, 2, 10)


def test_the_record_told_counts_this_game():
    desk = Desk(Shelf())
    for number in (1, 2):
        desk.recorder.finish(ticket(number), finished(ticket(number)))
    ends = [payload for _, event, payload in desk.messages() if event == "end"]
    assert [end["result"] for end in ends] == ["draw", "draw"]
    assert [end["record"]["draws"] for end in ends] == [1, 2]
    assert [end["record"]["wins"] for end in ends] == [3, 3]


def test_an_abandoned_game_is_stored_and_counted_apart():
    desk = Desk(Shelf())
    desk.recorder.finish(ticket(1), finished(ticket(1), LiveEnding.ABANDONED))
    desk.until_stored(1)
    desk.recorder.finish(ticket(2), finished(ticket(2)))
    messages = desk.messages()
    assert [payload["game"] for _, _, payload in messages] == [2, 2]
    assert messages[0][2]["record"]["abandoned"] == 1
    assert desk.shelf.games[0].replay.ending is Ending.ABANDONED


def test_a_game_left_when_it_was_lost_is_the_model_s_win_and_says_why():
    desk = Desk(Shelf())
    given, record = left_game(Seat.FIRST, len(SHUT_IN), LiveEnding.ABANDONED)
    given = replace(given, opponent=OPPONENT)
    desk.play(given, record)
    desk.until_stored(1)
    desk.recorder.finish(ticket(2), finished(ticket(2)))
    messages = desk.messages()
    assert [payload["game"] for _, _, payload in messages] == [2, 2], "its player has left"
    assert (messages[0][2]["record"]["wins"], messages[0][2]["record"]["abandoned"]) == (4, 0)
    game = desk.shelf.games[0]
    assert game.replay.outcome is Outcome.SECOND_WINS
    assert (game.first_try, game.reason) == (True, "left when the game was proved lost")


def test_a_void_game_is_told_but_neither_stored_nor_counted():
    desk = Desk(Shelf())
    desk.recorder.finish(ticket(), finished(ticket(), LiveEnding.VOID))
    ((_, event, end),) = desk.messages()
    assert (event, end["result"], end["record"]["wins"]) == ("end", "void", 3)
    assert desk.shelf.games == []


def test_a_forfeit_is_the_persons_win():
    desk = Desk(Shelf())
    desk.recorder.finish(ticket(), finished(ticket(), LiveEnding.FORFEIT))
    assert desk.messages()[0][2]["result"] == "won"
    assert desk.shelf.games[0].replay.ending is Ending.FORFEIT


def test_a_busy_database_delays_no_result_and_loses_no_game():
    desk = Desk(Shelf(failures=2))
    desk.recorder.finish(ticket(1), finished(ticket(1)))
    desk.recorder.finish(ticket(2), finished(ticket(2)))
    events = [(event, payload["game"]) for _, event, payload in desk.messages()]
    assert events == [("end", 1), ("end", 2), ("stored", 1), ("stored", 2)]


def test_a_database_that_is_away_for_long_loses_no_game(tmp_path: Path):
    shelf = Shelf(failures=50)
    desk = Desk(shelf, tmp_path)
    for game in (1, 2, 3):
        desk.play(ticket(game))
    desk.until_stored(3)
    desk.messages()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("player", ["p", None], ids=["known", "unknown"])
def test_a_database_still_away_when_the_site_closes_leaves_replays_in_files(
    tmp_path: Path, player: str | None
):
    # A known player's first try is asked for, which fails before the game is made.
    desk = Desk(Shelf(failures=10**9), tmp_path / "unstored")
    for game in (1, 2, 3):
        desk.play(ticket(game, player=player))
    messages = desk.messages()
    assert [event for _, event, _ in messages] == ["end"] * 3
    replays = sorted((tmp_path / "unstored").glob("*.trp"))
    assert [path.stem.rpartition("-")[2] for path in replays] == ["1", "2", "3"]
    for path in replays:
        verify(decode(path.read_bytes()))


def test_a_game_that_storage_will_never_take_is_kept_as_a_file_and_holds_up_no_other(
    tmp_path: Path,
):
    shelf = Shelf(failures=2)
    shelf.failure = StorageError("damaged")
    desk = Desk(shelf, tmp_path)
    for game in (1, 2):
        desk.play(ticket(game, player=None))
    desk.messages()
    assert [each.name[-6:] for each in tmp_path.glob("*.trp")] == ["-1.trp"]
    assert len(shelf.games) == 1


def test_a_game_whose_player_cannot_be_told_is_stored_once():
    shelf = Shelf()
    desk = Desk(shelf)

    def deaf(client: str, event: str, payload: object) -> None:
        raise RuntimeError(f"nobody hears {event}")

    desk.recorder._send = deaf  # type: ignore[assignment]
    for game in (1, 2, 3):
        desk.recorder.finish(ticket(game), finished(ticket(game)))
    desk.messages()
    assert len(shelf.games) == 3


def test_only_a_known_browsers_first_game_is_a_first_try():
    shelf = Shelf()
    shelf.earlier = {"r"}
    desk = Desk(shelf)
    for number, player in enumerate(("p", "p", None, "q", "r"), start=1):
        desk.play(ticket(number, player=player))
    desk.messages()
    assert [game.first_try for game in desk.shelf.games] == [True, False, False, True, False]


def test_the_first_try_is_the_game_that_began_first_whichever_ends_first():
    desk = Desk(Shelf())
    first, second = ticket(1), ticket(2)
    desk.recorder.opened(first)
    desk.play(second)
    desk.recorder.finish(first, finished(first, LiveEnding.ABANDONED))
    desk.messages()
    assert [game.first_try for game in desk.shelf.games] == [False, True]


def test_a_game_that_never_began_takes_nobodys_first_try():
    desk = Desk(Shelf())
    never = ticket(1)
    desk.recorder.opened(never)
    start = replace(finished(never, LiveEnding.ABANDONED), actions=NOTHING_PLAYED)
    desk.recorder.finish(never, start)
    desk.play(ticket(2))
    desk.messages()
    assert [game.first_try for game in desk.shelf.games] == [True]


def test_a_first_game_that_waited_for_its_player_is_known_as_that():
    desk = Desk(Shelf())
    for number in (1, 2):
        given = ticket(number)
        desk.play(given, replace(finished(given), frozen=True))
    desk.messages()
    assert [(game.first_try, game.stood_still) for game in desk.shelf.games] == [
        (False, True),
        (False, False),
    ]


def test_a_game_that_the_site_ends_is_nobodys_try():
    desk = Desk(Shelf())
    desk.play(ticket(), finished(ticket(), LiveEnding.CLOSED))
    desk.messages()
    assert [(game.first_try, game.stood_still) for game in desk.shelf.games] == [(False, False)]


def test_who_comes_back_is_shown_the_game_as_it_stands():
    desk = Desk(Shelf())
    given = ticket()
    desk.recorder.resume(given, finished(given, LiveEnding.ABANDONED), 1500)
    ((client, event, game),) = desk.messages()
    assert (client, event) == ("client", "game")
    assert (game["game"], game["resumed"], game["countdown_ms"]) == (1, True, 1500)
    assert (game["view"]["plies"], game["view"]["outcome"]) == (3, "ongoing")


def test_news_that_cannot_be_told_ends_nothing_that_follows():
    desk = Desk(Shelf())
    unknown = replace(ticket(1), opponent=replace(OPPONENT, sha256="ef" * 32))
    desk.recorder.resume(unknown, finished(unknown, LiveEnding.ABANDONED), 1000)
    desk.recorder.finish(ticket(2), finished(ticket(2)))
    assert [(event, payload["game"]) for _, event, payload in desk.messages()] == [
        ("end", 2),
        ("stored", 2),
    ]
    assert len(desk.shelf.games) == 1


def test_the_thread_that_serves_tells_in_its_spare_time_all_but_what_is_to_be_judged():
    desk = Desk(Shelf())
    desk.spare_time.attach()
    over, left = ticket(1), ticket(2)
    desk.play(over)
    assert len(desk.spare_time) == 1
    assert desk.sent.empty(), "who hands over waits for nothing"
    desk.play(left, finished(left, LiveEnding.ABANDONED))
    assert len(desk.spare_time) == 1
    gevent.sleep(0.05)
    assert (desk.sent.get_nowait()[1], len(desk.spare_time)) == ("end", 0)
    desk.spare_time.detach()
    desk.until_stored(2)
    desk.messages()


def test_who_comes_back_before_the_game_is_told_of_hears_how_it_ended(
    monkeypatch: pytest.MonkeyPatch,
):
    """Whether it is told of in spare time, or judged first."""
    desk = Desk(Shelf())
    desk.spare_time.attach()
    monkeypatch.setattr("web.recorder.BACKLOG", 8)
    monkeypatch.setattr(Storer, "__len__", lambda storer: 8)
    given, record = left_game(Seat.FIRST, len(SHUT_IN), LiveEnding.ABANDONED)
    left = replace(given, opponent=OPPONENT)
    over = ticket(left.game + 1)
    desk.play(left, record)
    desk.play(over)
    for each in (left, over):
        assert desk.recorder.tell_again("back", each.game, each.key), "whatever is to be stored"
    desk.spare_time.detach()
    told = [(client, event, payload["game"]) for client, event, payload in desk.messages()]
    assert ("back", "end", left.game) in told
    assert ("back", "end", over.game) in told
    assert "refused" not in {event for _, event, _ in told}


def test_a_backlog_closes_the_door():
    recorder = Recorder(Shelf(), Desk(Shelf()), NOWHERE, lambda sha256: True, SpareTime())
    recorder.admit(OPPONENT)
    for number in range(1, BACKLOG + 1):
        recorder.finish(ticket(number), finished(ticket(number), LiveEnding.ABANDONED))
    with pytest.raises(RefusedError):
        recorder.admit(OPPONENT)


@pytest.mark.parametrize(
    ("seat", "outcome", "causes", "expected"),
    [
        (0, Outcome.FIRST_WINS, (0, 2), ("won", "You won in {} plies")),
        (1, Outcome.FIRST_WINS, (0, 1), ("lost", "You hit the wall after {} plies")),
        (1, Outcome.FIRST_WINS, (0, 2), ("lost", "You hit your own trail after {} plies")),
        (0, Outcome.SECOND_WINS, (3, 0), ("lost", "voronoi cut you off after {} plies")),
        (0, Outcome.DRAW, (4, 4), ("draw", "Head-on after {} plies: a draw")),
        (0, Outcome.DRAW, (1, 3), ("draw", "Both crashed on ply {}: a draw")),
        (0, Outcome.TRUNCATED, (0, 0), ("draw", "Both still riding after {} plies: a draw")),
    ],
)
def test_results_in_words(
    seat: int, outcome: Outcome, causes: tuple[int, int], expected: tuple[str, str]
):
    given = ticket(seat=Seat(seat))
    record = finished(given)
    first, second = map(DeathCause, causes)
    changed = replace(record, outcome=outcome, causes=(first, second))
    word, text = result_of(given, changed), result_text(given, changed)
    assert (word, text) == (expected[0], expected[1].format(len(record.actions)))


def test_a_record_counts_what_another_process_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.storer.READ_SECONDS", 0.05)
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    with open_storage(settings) as storage, open_storage(settings) as same:
        here, there = (Desk(each) for each in (storage, same))
        mine = replace(ticket(), opponent=replace(OPPONENT, round=None))
        here.recorder.finish(mine, finished(mine))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (record := there.recorder.admit(OPPONENT)) == NOBODY:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert record.draws == 1
        assert here.recorder.admit(OPPONENT).draws == 1, "its own game is counted once"
        there.messages()
        here.messages()


@given(st.lists(st.sampled_from(["tell", "settle", "read"])))
def test_every_game_told_counts_once_whenever_storage_is_read(steps: list[str]):
    standing, told, stored = Standing(), 0, 0
    standing.begin("m", NOTHING)
    for step in steps:
        if step == "tell":
            standing.tell(("m", "wins"))
            told += 1
        elif step == "settle" and stored < told:
            standing.settle([("m", "wins")])
            stored += 1
        elif step == "read":
            standing.read({"m": replace(NOTHING, wins=stored)})
        assert standing.of("m") == replace(NOTHING, wins=told)
