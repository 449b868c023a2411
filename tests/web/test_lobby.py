"""Games being opened, with a referee that only takes note."""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arena.errors import DatabaseAwayError, StorageError
from arena.records import HumanRecord
from tests.web.test_inference import Restless
from tests.web.test_recorder import NOBODY
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from web.capacity import Cost
from web.commands import Command, Open
from web.errors import Refusal, RefusedError
from web.inference import InferencePool
from web.live_types import Ticks, cells_ahead
from web.lobby import MIN_CELLS_AHEAD, Lobby
from web.messages import Join, Rematch, TakeOverWish
from web.tickets import Opponent
from web.waiting import Taken

PATIENCE_SECONDS = 120.0
OPPONENT = Opponent("zoo/m", "M", "a model", None, "aa" * 32)
LIGHT = Opponent("zoo/l", "L", "a light model", None, "bb" * 32)


class Notes:
    """A referee whose orders are kept."""

    def __init__(self) -> None:
        self.pool = InferencePool(queue.SimpleQueue().put)
        self.posted: list[Command] = []
        self.playing: Counter[tuple[str, int]] = Counter()
        self.at: Counter[str] = Counter()
        self.told: list[tuple[str, str, Any]] = []
        self.opening = threading.Event()

    def __len__(self) -> int:
        return self.playing.total()

    def __call__(self, client: str, event: str, payload: Any) -> None:
        self.told.append((client, event, payload))

    def spread(self, clients: Iterable[str], event: str, payload: Any) -> None:
        raise AssertionError("the lobby speaks to one client at a time")

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        raise AssertionError("the lobby sends no ticks")

    def socket_of(self, client: str) -> int:
        raise AssertionError("the lobby writes to no socket")

    def post(self, command: Command) -> None:
        self.posted.append(command)
        if isinstance(command, Open):
            self.opening.set()


class Anybody:
    """Knows one opponent."""

    def find(self, spec: str) -> Opponent:
        return OPPONENT

    def light_besides(self, sha256: str) -> Opponent:
        return LIGHT

    def load(self, opponent: Opponent) -> Restless:
        return Restless()


class NoReplays:
    """Knows none."""

    def taken(self, wish: TakeOverWish) -> Taken:
        raise RefusedError(Refusal.UNKNOWN_REPLAY, "no_replay", replay=9)


@pytest.fixture
def notes() -> Iterator[Notes]:
    made = Notes()
    yield made
    made.pool.close()


def lobby_of(
    notes: Notes, draw_seed: Callable[[], int] = lambda: 241, capacity: int = 100
) -> Lobby:
    lobby = Lobby(
        notes,  # type: ignore[arg-type]
        Anybody(),
        NoReplays(),
        lambda opponent: NOBODY,
        notes,
        draw_seed,
        capacity,
    )
    for client in "abcd":
        lobby.connect(client, None)
    return lobby


def opened(notes: Notes) -> list[Open]:
    return [command for command in notes.posted if isinstance(command, Open)]


def test_no_game_starts_right_before_a_wall(notes: Notes):
    seeds = iter(range(10_000))
    lobby = lobby_of(notes, seeds.__next__)
    for _ in range(50):
        lobby.join("c", Join("zoo/m", 10))
    drawn = [command.ticket.opening.seed for command in opened(notes)]
    room = {seed: cells_ahead(spawns_for(ARENA, seed)[0], ARENA) for seed in range(max(drawn))}
    assert drawn[:-1] == [seed for seed, cells in room.items() if cells >= MIN_CELLS_AHEAD]
    assert min(room.values()) < MIN_CELLS_AHEAD, "some starts were passed over"


def test_who_does_not_fit_waits_in_line_and_is_let_in_in_turn(notes: Notes):
    lobby = lobby_of(notes, capacity=1)
    lobby.join("a", Join("zoo/m", 10))
    notes.playing[OPPONENT.sha256, 10] = 1
    for client in "bcd":
        lobby.join(client, Join("zoo/m", 10))
    assert [command.ticket.client for command in opened(notes)] == ["a"]
    assert [(client, event, news["place"]) for client, event, news in notes.told] == [
        ("b", "waiting", 1),
        ("c", "waiting", 2),
        ("d", "waiting", 3),
    ]
    assert {news["offer"] for _, _, news in notes.told} == {None}, "another has no seat either"

    lobby.let_in()
    assert len(opened(notes)) == 1, "nobody is let in while it is full"
    notes.playing.clear()
    lobby.disconnect("c")
    notes.told.clear()
    notes.pool.close()
    lobby.let_in()
    assert [command.ticket.client for command in opened(notes)] == ["a", "b", "d"]
    assert lobby.waiting == 0


def test_who_waits_for_a_busy_model_is_offered_another_that_has_room(notes: Notes):
    lobby = lobby_of(notes)
    notes.pool.ensure(OPPONENT.sha256, Restless)
    notes.pool._models[OPPONENT.sha256].cost = Cost(0.0, 0.05)
    notes.playing[OPPONENT.sha256, 10] = 1
    lobby.join("a", Join("zoo/m", 10))
    assert [news["offer"]["spec"] for _, _, news in notes.told] == [LIGHT.spec]


def test_answers_that_were_slow_for_too_many_games_keep_nobody_from_the_first_one(notes: Notes):
    lobby = lobby_of(notes)
    notes.pool.ensure(OPPONENT.sha256, Restless)
    cost = notes.pool._models[OPPONENT.sha256].cost = Cost(0.0, 0.001)
    for _ in range(200):
        cost.add(1, 0.001, 0.4)
    notes.playing[OPPONENT.sha256, 10] = 1
    lobby.join("a", Join("zoo/m", 10))
    assert opened(notes) == []
    notes.playing.clear()
    lobby.let_in()
    assert [command.ticket.client for command in opened(notes)] == ["a"]


def test_of_one_address_at_most_half_of_the_site_s_seats_are_ridden_or_waited_for(notes: Notes):
    lobby = lobby_of(notes, capacity=4)
    for client in "abc":
        lobby.connect(client, None, "192.0.2.1")
    lobby.join("a", Join("zoo/m", 10))
    notes.at["192.0.2.1"] = 1
    notes.playing[OPPONENT.sha256, 10] = 4
    lobby.join("b", Join("zoo/m", 10))
    assert (len(opened(notes)), lobby.waiting) == (1, 1)
    with pytest.raises(RefusedError, match="address_full"):
        lobby.join("c", Join("zoo/m", 10))
    lobby.join("b", Join("zoo/m", 8))
    assert lobby.waiting == 1, "who waits may ask for another game"
    lobby.join("d", Join("zoo/m", 10))
    assert lobby.waiting == 2, "nobody counts for others, or is of no address"
    lobby.leave_line("b")
    notes.at.clear()
    lobby.join("c", Join("zoo/m", 10))
    assert lobby.waiting == 2, "places are given back"


def test_nobody_is_let_in_past_the_line(notes: Notes):
    lobby = lobby_of(notes, capacity=1)
    notes.playing[OPPONENT.sha256, 10] = 1
    lobby.join("a", Join("zoo/m", 10))
    notes.playing.clear()
    lobby.join("b", Join("zoo/m", 10))
    assert opened(notes) == []
    assert [(client, news["place"]) for client, _, news in notes.told] == [("a", 1), ("b", 2)]
    lobby.leave_line("a")
    lobby.let_in()
    assert [command.ticket.client for command in opened(notes)] == ["b"]


def test_a_database_that_fails_for_a_moment_costs_nobody_the_place_in_line(notes: Notes):
    lobby = lobby_of(notes)
    notes.playing[OPPONENT.sha256, 10] = 100
    lobby.join("a", Join("zoo/m", 10))
    failures = [StorageError("busy")]

    def admit(opponent: Opponent) -> HumanRecord:
        if failures:
            raise failures.pop()
        return NOBODY

    lobby._admit = admit
    notes.playing.clear()
    lobby.start()
    try:
        assert notes.opening.wait(PATIENCE_SECONDS), "the usher outlives the fault"
    finally:
        lobby.close()
    assert [command.ticket.client for command in opened(notes)] == ["a"]


def test_who_waits_is_told_the_place_while_the_database_is_away(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
):
    def away(self: Anybody, sha256: str) -> Opponent:
        raise DatabaseAwayError("nothing answers")

    monkeypatch.setattr(Anybody, "light_besides", away)
    lobby = lobby_of(notes)
    notes.playing[OPPONENT.sha256, 10] = 100
    lobby.join("a", Join("zoo/m", 10))
    ((client, event, payload),) = notes.told
    assert (client, event, payload["place"], payload["offer"]) == ("a", "waiting", 1, None)
    lobby.close()


def test_a_rematch_needs_no_waiting_once_its_model_is_there(notes: Notes):
    lobby = lobby_of(notes)
    lobby.join("a", Join("zoo/m", 14))
    (first,) = opened(notes)
    with pytest.raises(RefusedError, match="not_latest"):
        lobby.rematch_at_once("a", Rematch(first.ticket.game + 1))
    with pytest.raises(RefusedError, match="not_latest"):
        lobby.rematch_at_once("b", Rematch(first.ticket.game))
    assert lobby.rematch_at_once("a", Rematch(first.ticket.game))
    _, second = opened(notes)
    assert (second.ticket.opponent, second.ticket.opening.speed) == (OPPONENT, 14)
    assert second.ticket.game != first.ticket.game


def test_no_game_is_opened_for_who_left_while_it_was_made_ready(notes: Notes):
    lobby = lobby_of(notes)
    lobby._admit = lambda opponent: (lobby.disconnect("a"), NOBODY)[1]
    lobby.join("a", Join("zoo/m", 10))
    assert not opened(notes)


def test_a_rematch_that_has_to_wait_in_line_takes_the_slow_way(notes: Notes):
    lobby = lobby_of(notes, capacity=1)
    lobby.join("a", Join("zoo/m", 10))
    game = opened(notes)[0].ticket.game
    notes.playing[OPPONENT.sha256, 10] = 1
    assert not lobby.rematch_at_once("a", Rematch(game))
    assert not notes.told, "places are told by who may ask the database"


def test_one_more_copy_of_a_model_comes_before_a_line(notes: Notes):
    lobby = lobby_of(notes)
    notes.pool.most_copies = 2
    notes.pool.ensure(OPPONENT.sha256, Restless)
    notes.pool._models[OPPONENT.sha256].cost = Cost(0.0, 0.05)
    for games, copies, waiting in ((1, 1, 0), (2, 2, 0), (2, 2, 1)):
        lobby.join("abc"[len(opened(notes)) + lobby.waiting], Join("zoo/m", 10))
        notes.playing[OPPONENT.sha256, 10] = len(opened(notes))
        assert (len(opened(notes)), notes.pool.copies(OPPONENT.sha256)) == (games, copies)
        assert lobby.waiting == waiting
