"""The clock thread with real time and models that misbehave."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import web.referee
from agents.errors import ModelCrashedError
from tron_env.ruleset import ARENA
from tron_env.types import Action, Float32Array, Outcome, Seat
from web.commands import Gone, Open, Said
from web.live import LiveGames
from web.live_types import (
    FREEZE_SLOTS,
    PERIODS,
    SLOTS_PER_SECOND,
    FinishedGame,
    LiveEnding,
    Opening,
    Ticks,
)
from web.messages import Echo, Leave, Resume, Turn, Watch
from web.policies import PROBES
from web.referee import Referee
from web.rehearsal import rehearse
from web.sayings import ECHO, TURN
from web.tickets import Opponent, Ticket

COUNTDOWN = max(PERIODS.values())
KEY = "ab" * 16
WARMING_CALLS = 1 + 2 * PROBES
"""With which the pool readies and times a model."""
OPPONENT = Opponent("zoo/m", "M", "a model", None, "aa" * 32)


class Scripted:
    """A policy that answers with ``script`` once it is warm."""

    def __init__(self, script: Callable[[int], Float32Array]) -> None:
        self._script = script
        self._warming = WARMING_CALLS

    def start(self) -> None:
        pass

    def infer(self, observations: Float32Array) -> Float32Array:
        if self._warming:
            self._warming -= 1
            return np.zeros((observations.shape[0], 4), dtype=np.float32)
        return self._script(observations.shape[0])

    def close(self) -> None:
        pass


class Bench:
    """A referee whose messages and finished games are kept."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, freeze_slots: int = 10 * FREEZE_SLOTS
    ) -> None:
        self.sent: queue.Queue[tuple[str, str, Any, float]] = queue.Queue()
        self.finished: queue.Queue[tuple[Ticket, FinishedGame]] = queue.Queue()
        self.begun: list[Ticket] = []
        self.socket: dict[str, int] = {}
        self.sockets: list[list[int]] = []
        """With which each call for ticks came."""
        self.meanwhile: Callable[[Ticks], object] = lambda ticks: None
        """What else happens on the clock's thread while ticks are sent."""
        self.never_were: list[Ticket] = []
        self.resumed: queue.Queue[tuple[Ticket, FinishedGame, int]] = queue.Queue()
        self.referee = Referee(
            LiveGames(ARENA, 8, COUNTDOWN, freeze_slots),
            self,
            self,
            now,
        )
        self._now = now
        self.clock = threading.Thread(target=self.referee.run)

    def opened(self, ticket: Ticket) -> None:
        self.begun.append(ticket)

    def resume(self, ticket: Ticket, record: FinishedGame, countdown_ms: int) -> None:
        self.resumed.put((ticket, record, countdown_ms))

    def tell_again(self, client: str, game: int, key: str) -> bool:
        return False

    def finish(self, ticket: Ticket, record: FinishedGame, watchers: tuple[str, ...]) -> None:
        if record.kept:
            self.finished.put((ticket, record))
        else:
            self.never_were.append(ticket)

    def __call__(self, client: str, event: str, payload: object) -> None:
        self.sent.put((client, event, payload, self._now()))

    def spread(self, clients: Iterable[str], event: str, payload: object) -> None:
        for client in clients:
            self(client, event, payload)

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        self.sockets.append(sockets.tolist())
        self.meanwhile(ticks)
        for row, tick in enumerate(ticks.tolist()):
            self(client_of(row), "tick", tick)

    def socket_of(self, client: str) -> int:
        return self.socket.get(client, -1)

    def load(self, key: str, script: Callable[[int], Float32Array]) -> None:
        self.referee.pool.ensure(key, lambda: Scripted(script))

    def open(
        self, game: int, *, client: str = "c", model: str = "m", speed: int = 8, seed: int = 5
    ) -> None:
        opening = Opening(game, seed, Seat.FIRST, speed, model)
        ticket = Ticket(opening, client, None, OPPONENT, KEY)
        self.referee.post(Open(ticket, {"game": game}))  # type: ignore[typeddict-item]

    def next_ticks(self, count: int) -> list[tuple[Any, float]]:
        seen: list[tuple[Any, float]] = []
        while len(seen) < count:
            _, event, payload, at = self.sent.get(timeout=120)
            if event == "tick":
                seen.append((payload, at))
        return seen

    def end(self) -> tuple[Ticket, FinishedGame]:
        return self.finished.get(timeout=120)


def fine(k: int) -> Float32Array:
    return np.zeros((k, 4), dtype=np.float32)


@contextmanager
def refereeing(**options: Any) -> Iterator[Bench]:
    bench = Bench(**options)
    bench.clock.start()
    try:
        yield bench
    finally:
        bench.referee.close()
        bench.clock.join()


def test_a_model_that_does_not_answer_in_time_voids_its_game_and_holds_up_no_other():
    release = threading.Event()

    def stuck(k: int) -> Float32Array:
        release.wait(120)
        return fine(k)

    with refereeing() as bench:
        bench.load("stuck", stuck)
        bench.load("m", fine)
        bench.open(1, client="one", model="stuck")
        bench.open(2, client="two")
        ticket, record = bench.end()
        assert ticket.game == 1
        assert record.ending is LiveEnding.VOID
        assert record.outcome is Outcome.ONGOING
        assert {tick[0] for tick, _ in bench.next_ticks(3)} == {2}
        release.set()


def test_a_crashing_model_voids_the_game():
    def crash(k: int) -> Float32Array:
        raise ModelCrashedError("gone")

    with refereeing() as bench:
        bench.load("m", crash)
        bench.open(1)
        assert bench.end()[1].ending is LiveEnding.VOID


def test_invalid_logits_forfeit():
    with refereeing() as bench:
        bench.load("m", lambda k: np.full((k, 4), np.nan, dtype=np.float32))
        bench.open(1)
        record = bench.end()[1]
        assert record.ending is LiveEnding.FORFEIT
        assert record.outcome is Outcome.FIRST_WINS


def test_a_model_that_was_never_loaded_voids_the_game():
    with refereeing() as bench:
        bench.open(1)
        assert bench.end()[1].ending is LiveEnding.VOID


def test_after_a_stall_no_game_is_hurried_to_catch_up():
    late_by = [0.0]
    with refereeing(now=lambda: time.monotonic() + late_by[0]) as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(2)
        late_by[0] = 1.0
        times = [at for _, at in bench.next_ticks(8)]
        # Hurried, all eight would come at once; this machine may well be late with one of them.
        assert times[-1] - times[0] > 0.5 * 7 / 8


def test_leaving_abandons():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.referee.post(Said("c", Leave(1)))
        assert bench.end()[1].ending is LiveEnding.ABANDONED


def test_a_lost_connection_is_waited_for_and_then_abandons():
    with refereeing(freeze_slots=1) as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.referee.post(Gone("c"))
        _, record = bench.end()
        assert record.ending is LiveEnding.ABANDONED


def test_a_game_whose_player_is_gone_before_its_first_ply_ends_at_once_and_was_never_there():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.referee.post(Said("w", Watch(1)))
        bench.referee.post(Gone("c"))
        while True:
            client, event, payload, _ = bench.sent.get(timeout=120)
            if event == "over":
                break
        assert (client, payload["game"]) == ("w", 1)
        assert bench.finished.empty()
        assert bench.never_were == bench.begun
        assert len(bench.referee) == 0
        assert not bench.referee.at
        assert not bench.referee.endings


def test_who_rides_one_game_cannot_come_back_to_another():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.referee.post(Gone("c"))
        bench.open(2, client="d")
        bench.referee.post(Said("d", Resume(1, KEY)))
        while True:
            client, event, payload, _ = bench.sent.get(timeout=120)
            if event == "refused":
                break
        assert (client, payload["code"]) == ("d", "unknown_game")
        assert bench.resumed.empty()
        bench.referee.post(Said("d", Leave(2)))
        bench.referee.post(Said("d", Resume(1, KEY)))
        assert bench.resumed.get(timeout=120)[0].client == "d"


def test_a_silent_client_is_told_when_its_game_waits_no_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.referee, "SILENCE_SECONDS", 0.05)
    with refereeing(freeze_slots=1) as bench:
        bench.load("m", fine)
        bench.open(1, seed=0)
        answered = False
        while True:
            _, event, payload, _ = bench.sent.get(timeout=120)
            if event == "tick" and payload[1] % 8 == 0 and not answered:
                bench.referee.post(Said("c", Echo(1, payload[1])))
            if event == "latency":
                answered = True
            if event == "refused":
                break
        assert payload["code"] == "unknown_game"
        assert bench.end()[1].ending is LiveEnding.ABANDONED


@pytest.mark.parametrize("old_connection_ends_first", [True, False])
def test_another_connection_goes_on_with_a_game(old_connection_ends_first: bool):
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        seen = bench.next_ticks(1)[-1][0][1]
        if old_connection_ends_first:
            bench.referee.post(Gone("c"))
        bench.referee.post(Said("d", Resume(1, KEY)))
        ticket, record, wait_ms = bench.resumed.get(timeout=120)
        assert ticket.client == "d"
        assert record.actions.shape[0] >= seen
        assert wait_ms >= 1000 * COUNTDOWN / SLOTS_PER_SECOND
        bench.referee.post(Gone("c"))
        while True:
            client, event, payload, _ = bench.sent.get(timeout=120)
            if event == "tick" and client == "d":
                break
        assert payload[1] == record.actions.shape[0] + 1
        bench.referee.post(Gone("d"))
        assert bench.end()[1].ending is LiveEnding.ABANDONED, "a game waits once"


def test_latency_is_from_a_tick_to_its_echo_by_the_server_s_clock():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        told: list[str] = []
        while not told:  # an answer that comes after the next such tick tells nothing
            ((_, ply, *_), sent_at) = bench.next_ticks(1)[0]
            if ply % 8:  # at 8 plies a second every eighth tick is to be answered
                continue
            for client, answered in (("stranger", ply), ("c", ply - 1), ("c", ply), ("c", ply)):
                bench.referee.post(Said(client, Echo(1, answered)))
            bench.referee.post(Said("nobody", Leave(1)))
            while True:
                client, event, payload, at = bench.sent.get(timeout=120)
                if event == "latency":
                    told.append(client)
                    assert 0 <= payload <= 1000 * (at - sent_at) + 50
                if event == "refused" and client == "nobody":
                    break
                assert event != "refused" or client == "stranger"
        assert told == ["c"]


def test_a_socket_is_written_to_and_heard_while_its_client_rides_and_no_longer():
    rehearse()
    turn = np.array([[0, TURN, 1, Action.UP]], dtype=np.int64)

    def left(number: int) -> bool:
        return bool(bench.referee.hear(np.array([number], dtype=np.int32), turn)[0])

    def until_written_to(sockets: list[int]) -> None:
        while bench.sockets[-1] != sockets:
            bench.next_ticks(1)

    with refereeing() as bench:
        bench.load("m", fine)
        bench.socket = {"c": 7, "d": 9}
        bench.open(1)
        bench.next_ticks(1)
        until_written_to([7])
        assert (left(7), left(9)) == (False, True)
        bench.referee.wire("d", 8)
        bench.referee.wire("c", -1)
        until_written_to([-1])
        assert left(7)
        bench.referee.wire("c", 7)
        assert not left(7)
        bench.referee.post(Said("d", Resume(1, KEY)))
        bench.resumed.get(timeout=120)
        assert (left(7), left(9)) == (True, False)
        bench.referee.post(Gone("d"))
        bench.end()
        assert left(9)
        bench.referee.wire("d", 9)  # of a client that rides nothing


def test_an_answer_that_is_taken_at_once_tells_the_latency():
    def answer(ticks: Ticks) -> None:
        if (ply := int(ticks[0, 1])) == 9:
            echo = np.array([[0, ECHO, 1, ply - 1]], dtype=np.int64)
            left.append(bool(bench.referee.hear(np.array([7], dtype=np.int32), echo)[0]))

    left: list[bool] = []
    with refereeing() as bench:
        bench.load("m", fine)
        bench.socket = {"c": 7}
        bench.meanwhile = answer
        bench.open(1, seed=0)
        while True:
            client, event, payload, _ = bench.sent.get(timeout=120)
            if event == "latency":
                break
        assert (client, left) == ("c", [False])
        assert payload > 0


def test_a_turn_of_a_silent_client_wakes_its_game(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.referee, "SILENCE_SECONDS", 0.05)
    turn = np.array([[0, TURN, 1, Action.UP]], dtype=np.int64)
    with refereeing() as bench:
        bench.load("m", fine)
        bench.socket = {"c": 7}
        bench.meanwhile = lambda ticks: bench.referee.post(Said("c", Echo(1, int(ticks[0, 1]) - 1)))
        bench.open(1, seed=0)
        while True:
            _, event, payload, _ = bench.sent.get(timeout=120)
            if event == "latency":
                bench.meanwhile = lambda ticks: None
            if event == "frozen":
                break
        assert payload["game"] == 1
        assert bench.referee.hear(np.array([7], dtype=np.int32), turn).all(), "it is left"
        bench.referee.post(Said("c", Turn(1, Action.UP)))
        assert bench.resumed.get(timeout=120)[0].client == "c"


def test_a_line_that_ends_with_its_game_s_last_tick_is_no_fault():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.socket = {"c": 7}
        bench.meanwhile = lambda ticks: bench.referee.wire("c", -1)
        bench.open(1)
        assert bench.end()[1].ending is LiveEnding.RULES
        assert bench.referee.alive


def test_only_the_key_brings_back_a_game():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.referee.post(Gone("c"))
        bench.referee.post(Said("thief", Resume(1, "0" * 32)))
        bench.referee.post(Said("c", Resume(2, KEY)))
        refused: list[str] = []
        while len(refused) < 2:
            client, event, payload, _ = bench.sent.get(timeout=120)
            if event == "refused":
                refused.append(client)
                assert payload["code"] == "unknown_game"
        assert refused == ["thief", "c"]
        assert bench.resumed.empty()


def test_a_second_game_of_one_client_abandons_the_first():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.open(2)
        ticket, record = bench.end()
        assert (ticket.game, record.ending) == (1, LiveEnding.ABANDONED)
        assert bench.next_ticks(1)[0][0][0] == 2


def test_closing_abandons_what_runs():
    with refereeing() as bench:
        bench.load("m", fine)
        bench.open(1)
        bench.next_ticks(1)
        bench.referee.close()
        assert bench.end()[1].ending is LiveEnding.CLOSED
        assert not bench.referee.alive


def test_what_breaks_the_clock_costs_no_game_its_record():
    def run() -> None:
        with pytest.raises(AttributeError):
            bench.referee.run()

    bench = Bench()
    bench.clock = threading.Thread(target=run)
    bench.clock.start()
    bench.load("m", fine)
    bench.open(1)
    bench.next_ticks(1)
    broken: Any = None
    bench.referee.post(Open(broken, broken))
    assert bench.end()[1].ending is LiveEnding.CLOSED
    bench.clock.join()
    assert bench.referee.ended
    assert len(bench.referee) == 0
    bench.referee.close()
