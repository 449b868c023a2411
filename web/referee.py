"""The clock thread: owns the live games, and is the only thread that touches them."""

import itertools
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import numpy as np

from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import PLANES, Action
from web.errors import Refusal, RefusedError
from web.inference import InferencePool, Question, Reply
from web.live import LiveGames
from web.live_types import (
    DEFAULT_SPEED,
    PERIODS,
    SLOTS_PER_SECOND,
    Ask,
    FinishedGame,
    Opening,
    person_seat,
)
from web.messages import Echo, GamePayload, Leave, Message, Resume, Turn, refused
from web.tickets import Ticket

logger = logging.getLogger(__name__)

MAX_LAG_SECONDS: Final = 0.02
"""Beyond this the whole timetable moves back, so that no game is hurried to catch up."""


class Outlet(Protocol):
    """Sends a message to one client; must not block."""

    def __call__(self, client: str, event: str, payload: object) -> None:
        """Send ``event``."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open a game; the client's running one, if any, is left. The countdown is filled in."""

    ticket: Ticket
    payload: GamePayload


@dataclass(frozen=True, slots=True)
class Said:
    """A client says something about a game."""

    client: str
    message: Message


@dataclass(frozen=True, slots=True)
class Gone:
    """A client's connection ended; its game waits for it, once."""

    client: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Abandon everything and end the thread."""


Command: TypeAlias = Open | Said | Gone | Stop | Reply


def question_of(games: LiveGames, ask: Ask) -> Question:
    """Return ``ask`` with copies of its positions, as models see them."""
    engine = games.engine
    shape = (ask.slots.size, PLANES, engine.ruleset.height, engine.ruleset.width)
    observations = np.empty(shape, dtype=np.float32)
    engine.gather(ask.slots, ask.seats, observations)
    return Question(
        ask,
        observations,
        engine.masks[ask.slots, ask.seats],
        engine.headings[ask.slots, ask.seats],
    )


def rehearse() -> None:
    """Play one game that nobody sees, which compiles whatever live games call."""
    seed = 0
    seat = person_seat(spawns_for(ARENA, seed))
    games = LiveGames(ARENA, 1, max(PERIODS.values()))
    games.open(Opening(1, seed, seat, DEFAULT_SPEED, ""))
    for slot in itertools.count():
        beat = games.beat(slot)
        for ask in beat.asks:
            games.answer(ask, question_of(games, ask).headings)
        if beat.finished:
            return


class Referee:
    """Drives the live games by the wall clock.

    Args:
        games: driven from here only.
        send: takes messages for clients.
        finish: takes finished games; must not block.
        resume: takes games that go on, as they stand, and how many ms from now; must not block.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        games: LiveGames,
        send: Outlet,
        finish: Callable[[Ticket, FinishedGame], None],
        resume: Callable[[Ticket, FinishedGame, int], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pool = InferencePool(self.post)
        self._games = games
        self._send = send
        self._finish = finish
        self._resume = resume
        self._now = now
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._tickets: dict[int, Ticket] = {}
        self._game_of: dict[str, int] = {}
        self._sent: dict[int, tuple[int, float]] = {}
        """The tick of each game that is to be answered: its ply, and when it was sent."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name="referee", daemon=True)

    def __len__(self) -> int:
        """Return how many games are open."""
        return len(self._tickets)

    @property
    def alive(self) -> bool:
        """Whether the clock runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the clock."""
        self._thread.start()

    def close(self) -> None:
        """Abandon every game and end the clock and the models."""
        self.post(Stop())
        self._thread.join()
        self.pool.close()

    def post(self, command: Command) -> None:
        """Hand over a command; never blocks, any thread may call it."""
        self._inbox.put(command)

    def _run(self) -> None:
        slot = -1
        origin = self._now()
        while self._running:
            if not self._tickets:
                self._obey(self._inbox.get())
                origin = self._now() - slot / SLOTS_PER_SECOND
            due = origin + (slot + 1) / SLOTS_PER_SECOND
            self._obey_until(due)
            origin += lag if (lag := self._now() - due) > MAX_LAG_SECONDS else 0.0
            slot += 1
            self._beat(slot)

    def _obey_until(self, due: float) -> None:
        while True:
            try:
                wait = due - self._now()
                command = self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()
            except queue.Empty:
                return
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case Reply():
                self._take(command)
            case Said(client, message):
                self._or_refuse(client, lambda: self._hear(client, message))
            case Open(ticket, payload):
                self._or_refuse(ticket.client, lambda: self._open(ticket, payload))
            case Gone(client):
                self._wait_for(client)
            case Stop():
                for record in self._games.close():
                    self._end(record)
                self._running = False

    def _hear(self, client: str, message: Message) -> None:
        match message:
            case Turn(game, action):
                self._steer(client, game, action)
            case Leave(game):
                self._leave(client, game)
            case Resume(game, key):
                self._return(client, game, key)
            case Echo(game, ply):
                self._time(client, game, ply)

    def _or_refuse(self, client: str, act: Callable[[], None]) -> None:
        try:
            act()
        except RefusedError as error:
            self._send(client, "refused", refused(error))

    def _open(self, ticket: Ticket, payload: GamePayload) -> None:
        running = self._game_of.get(ticket.client)
        if running is not None:
            self._leave(ticket.client, running)
        slots = self._games.open(ticket.opening)
        self._tickets[ticket.game] = ticket
        self._game_of[ticket.client] = ticket.game
        payload["countdown_ms"] = round(1000 * slots / SLOTS_PER_SECOND)
        self._send(ticket.client, "game", payload)

    def _steer(self, client: str, game: int, action: Action) -> None:
        self._check_owner(client, game)
        self._games.turn(game, action)

    def _leave(self, client: str, game: int) -> None:
        self._check_owner(client, game)
        record = self._games.leave(game)
        if record is not None:
            self._end(record)
        else:
            self._forget(game)

    def _wait_for(self, client: str) -> None:
        game = self._game_of.get(client)
        if game is None:
            return
        if self._games.freeze(game):
            del self._game_of[client]
        else:
            self._leave(client, game)

    def _return(self, client: str, game: int, key: str) -> None:
        ticket = self._tickets.get(game)
        if ticket is None or not secrets.compare_digest(ticket.key, key):
            raise RefusedError(Refusal.UNKNOWN_GAME, f"game {game} is over")
        if self._game_of.get(ticket.client) == game:
            # The new connection is here before the old one was found dead.
            self._wait_for(ticket.client)
        record, slots = self._games.thaw(game)
        ticket = self._tickets[game] = replace(ticket, client=client)
        self._game_of[client] = game
        self._resume(ticket, record, round(1000 * slots / SLOTS_PER_SECOND))

    def _time(self, client: str, game: int, ply: int) -> None:
        """Tell a client its latency; an answer to another tick than the latest tells nothing."""
        sent = self._sent.get(game)
        if self._game_of.get(client) == game and sent is not None and sent[0] == ply:
            del self._sent[game]
            self._send(client, "latency", round(1000 * (self._now() - sent[1])))

    def _check_owner(self, client: str, game: int) -> None:
        if self._game_of.get(client) != game:
            raise RefusedError(Refusal.UNKNOWN_GAME, f"game {game} is not running")

    def _take(self, reply: Reply) -> None:
        if reply.actions is None:
            records = self._games.fail(reply.ask)
        else:
            records = self._games.answer(reply.ask, reply.actions, reply.faulty)
        for record in records:
            self._end(record)

    def _beat(self, slot: int) -> None:
        beat = self._games.beat(slot)
        for tick in beat.ticks:
            ticket = self._tickets[tick[0]]
            if tick[1] % ticket.opening.speed == 0:
                self._sent[ticket.game] = tick[1], self._now()
            self._send(ticket.client, "tick", tick)
        for record in beat.finished:
            self._end(record)
        for ask in beat.asks:
            if not self.pool.submit(question_of(self._games, ask)):
                logger.error("model %s is asked for but not loaded", ask.model[:8])
                for record in self._games.fail(ask):
                    self._end(record)

    def _end(self, record: FinishedGame) -> None:
        self._finish(self._forget(record.opening.game), record)

    def _forget(self, game: int) -> Ticket:
        ticket = self._tickets.pop(game)
        self._sent.pop(game, None)
        if self._game_of.get(ticket.client) == game:
            del self._game_of[ticket.client]
        return ticket
