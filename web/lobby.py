"""Where clients' wishes become games: everything slow happens here, outside the clock.

A model carries only so many games (``web.capacity``). Whoever wants one more waits in line and is
told the place, while the light champion is offered at once; a running game is never slowed down.
"""

import itertools
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.errors import AgentError
from arena.errors import ArenaFault
from arena.records import HumanRecord
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import BoolArray, Spawn
from web.commands import CaughtUp, Gone, Open, Outlet, Said
from web.errors import Refusal, RefusedError
from web.live_types import Opening, cells_ahead, person_seat
from web.messages import Join, Rematch, TakeOverWish
from web.policies import Policy
from web.recorder import record_payload
from web.referee import Referee
from web.refusals import refused
from web.room import RoomForGames
from web.tickets import Opponent, Ticket, game_payload, opening_view, opponent_payload
from web.waiting import Start, Taken, WaitingLines

logger = logging.getLogger(__name__)

KEY_BYTES: Final = 16
MIN_CELLS_AHEAD: Final = 8
"""No live game starts with a wall nearer than this: at 14 plies a second, half a second."""
USHER_SECONDS: Final = 0.25
FIRST_GAME_BITS: Final = 40
"""Game numbers count up from a random one, so that those of several processes do not meet."""


class Opponents(Protocol):
    """Knows whom people may ride against."""

    def find(self, spec: str) -> Opponent:
        """Raise ``RefusedError`` (UNKNOWN_OPPONENT) where ``spec`` names nobody."""

    def light_besides(self, sha256: str) -> Opponent:
        """Return whom to offer while a model is too busy."""

    def load(self, opponent: Opponent) -> Policy:
        """Load its model; raises ``AgentError`` or ``ArenaFault``."""


class Replays(Protocol):
    """Knows stored replays."""

    def taken(self, wish: TakeOverWish) -> Taken:
        """Raise ``RefusedError`` where the replay cannot be ridden on from there."""


@dataclass(slots=True)
class _Client:
    """What is known of a connection."""

    player: str | None
    address: str
    nickname: str = ""
    latest: tuple[int, Opponent, int] | None = None
    """Its latest game, against whom and at which speed."""


class Lobby:
    """Opens games and passes on what players do in them.

    Args:
        referee: runs the games.
        opponents: resolves and loads models.
        replays: finds what people ride on from.
        admit: called before a game is opened, for the opponent's record against people; raises
            ``RefusedError`` while no game may be.
        send: takes messages for clients.
        draw_seed: draws a game's start; nobody may be able to foresee it.
        capacity: games at once.
    """

    def __init__(
        self,
        referee: Referee,
        opponents: Opponents,
        replays: Replays,
        admit: Callable[[Opponent], HumanRecord],
        send: Outlet,
        draw_seed: Callable[[], int],
        capacity: int,
    ) -> None:
        self._referee = referee
        self._opponents = opponents
        self._replays = replays
        self._admit = admit
        self._send = send
        self._draw_seed = draw_seed
        self._room = RoomForGames(referee, capacity)
        self._numbers = itertools.count(1 + secrets.randbits(FIRST_GAME_BITS))
        self._lock = threading.Lock()
        self._clients: dict[str, _Client] = {}
        self._lines = WaitingLines()
        self._closed = threading.Event()
        self._usher = threading.Thread(target=self._let_in_all, name="usher", daemon=True)

    def start(self) -> None:
        """Start letting in who waits."""
        self._usher.start()

    def close(self) -> None:
        """End that."""
        self._closed.set()
        if self._usher.is_alive():
            self._usher.join()

    @property
    def waiting(self) -> int:
        """How many wait in line."""
        return len(self._lines)

    def connect(self, client: str, player: str | None, address: str = "") -> None:
        """Take note of a connection, of the token of its session, and of its household.

        Args:
            client: the connection.
            player: the token, None without cookies.
            address: what its games count for, "" for nothing.
        """
        with self._lock:
            self._clients[client] = _Client(player, address)

    def disconnect(self, client: str) -> None:
        """Have what a lost connection was playing wait for another one."""
        with self._lock:
            self._clients.pop(client, None)
            self._lines.drop(client)
            self._referee.post(Gone(client))

    def catch_up(self, client: str) -> None:
        """Have a client shown the board that was too far behind to be told of every tick."""
        self._referee.post(CaughtUp(client))

    def call(self, client: str, nickname: str) -> None:
        """Call a client's player so from the next game on."""
        with self._lock:
            if client in self._clients:
                self._clients[client].nickname = nickname

    def join(self, client: str, join: Join) -> None:
        """Open a game, leaving the client's running one; blocks while a model is loaded.

        Raises:
            RefusedError: UNKNOWN_OPPONENT, UNAVAILABLE, or whatever ``admit`` raises.
        """
        self._want(Start(client, self._opponents.find(join.opponent), join.speed))

    def take_over(self, client: str, wish: TakeOverWish) -> None:
        """Open a game that goes on from a replay; blocks like ``join``.

        Raises:
            RefusedError: UNKNOWN_REPLAY, or as ``join``.
        """
        taken = self._replays.taken(wish)
        self._want(Start(client, taken.opponent, wish.speed, taken))

    def rematch(self, client: str, rematch: Rematch) -> None:
        """Open another game like the client's latest; blocks like ``join``.

        Raises:
            RefusedError: UNKNOWN_GAME, or as ``join``.
        """
        self._want(self._again(client, rematch))

    def rematch_at_once(self, client: str, rematch: Rematch) -> bool:
        """Do what ``rematch`` does if that takes no waiting; False where nothing was done.

        Raises:
            RefusedError: as ``rematch``.
        """
        start = self._again(client, rematch)
        key = start.opponent.sha256
        with self._lock:
            if (
                key in self._lines
                or not self._referee.pool.ready(key)
                or not self._room.fits(key, start.speed)
                or not self._may_have_more(client)
            ):
                return False
            self._lines.drop(client)
        self._open(start)
        return True

    def leave_line(self, client: str) -> None:
        """Take a client out of the line it waits in."""
        with self._lock:
            self._lines.drop(client)

    def hear(self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]) -> BoolArray:
        """Pass on turns and echoes on the thread that serves; see ``Referee.hear``."""
        return self._referee.hear(sockets, sayings)

    def wire(self, client: str, number: int) -> None:
        """Pass on which socket a client is reached at; see ``Referee.wire``."""
        self._referee.wire(client, number)

    def say(self, *said: Said) -> None:
        """Pass on what clients say about games; the referee answers what is refused."""
        self._referee.post(*said)

    def let_in(self) -> None:
        """Open games for those in line that fit by now, and tell the others their places.

        Raises:
            StorageError: the database failed; whoever was not let in still waits.
        """
        with self._lock:
            keys = self._lines.keys
        for key in keys:
            while (start := self._next_in(key)) is not None:
                try:
                    self._open(start)
                except RefusedError as error:
                    self._send(start.client, "refused", refused(error))
                except ArenaFault:
                    with self._lock:
                        self._lines.put_back(start)
                    raise
            self._tell_places(key)

    def _again(self, client: str, rematch: Rematch) -> Start:
        with self._lock:
            known = self._clients.get(client)
            latest = known.latest if known else None
        if latest is None or latest[0] != rematch.game:
            raise RefusedError(Refusal.UNKNOWN_GAME, "not_latest", game=rematch.game)
        return Start(client, latest[1], latest[2])

    def _want(self, start: Start) -> None:
        opponent, pool = start.opponent, self._referee.pool
        key = opponent.sha256
        try:
            pool.ensure(key, lambda: self._opponents.load(opponent))
            while self._room.lacks_copies(key, start.speed):
                if not pool.grow(key, lambda: self._opponents.load(opponent)):
                    break
        except (AgentError, ArenaFault) as error:
            raise RefusedError(
                Refusal.UNAVAILABLE, "cannot_play", name=opponent.name, why=error
            ) from error
        self._open_or_wait(start)

    def _open_or_wait(self, start: Start) -> None:
        key = start.opponent.sha256
        with self._lock:
            self._lines.drop(start.client)
            if not self._may_have_more(start.client):
                raise RefusedError(Refusal.FULL, "address_full")
            waits = key in self._lines or not self._room.fits(key, start.speed)
            if waits:
                if not self._room.could_ever_fit(key, start.speed):
                    name, speed = start.opponent.name, start.speed
                    raise RefusedError(Refusal.UNAVAILABLE, "too_slow", name=name, speed=speed)
                self._lines.add(start)
        if waits:
            self._tell_places(key)
        else:
            self._open(start)

    def _open(self, start: Start) -> None:
        record = self._admit(start.opponent)
        with self._lock:
            known = self._clients.get(start.client)
            if known is None:
                return
            ticket = self._ticket(start, known)
            known.latest = (ticket.game, start.opponent, start.speed)
        payload = game_payload(ticket, opening_view(ticket), record_payload(record))
        payload["stands_in"] = start.taken is not None and start.taken.stands_in
        with self._lock:
            # Nobody would steer the game of a client that has gone meanwhile.
            if start.client in self._clients:
                self._referee.post(Open(ticket, payload))

    def _may_have_more(self, client: str) -> bool:
        """Whether a client's household may have one more game; the lock is held."""
        address = self._address_of(client)
        return not address or self._room.fits_address(
            address, self._lines.count(lambda other: self._address_of(other) == address)
        )

    def _address_of(self, client: str) -> str:
        return self._clients[client].address if client in self._clients else ""

    def _next_in(self, key: str) -> Start | None:
        with self._lock:
            return self._lines.next_in(key, lambda start: self._room.fits(key, start.speed))

    def _tell_places(self, key: str) -> None:
        with self._lock:
            news = self._lines.news(key)
        if not news:
            return
        other = self._offer(key)
        for place, start in news:
            waiting = opponent_payload(start.opponent)
            there = other is not None and self._has_room(other, start.speed)
            offer = opponent_payload(other) if other and there else None
            self._send(
                start.client, "waiting", {"place": place, "opponent": waiting, "offer": offer}
            )

    def _offer(self, key: str) -> Opponent | None:
        """Return whom to offer to those who wait for a model, while the database can tell."""
        try:
            return self._opponents.light_besides(key)
        except ArenaFault as error:
            logger.warning("nobody is offered to those in line: %s", error)
            return None

    def _has_room(self, opponent: Opponent, speed: int) -> bool:
        key = opponent.sha256
        return key not in self._lines and self._room.fits(key, speed)

    def _let_in_all(self) -> None:
        while not self._closed.wait(USHER_SECONDS):
            try:
                self.let_in()
            except ArenaFault as error:
                logger.warning("those in line wait a little longer: %s", error)

    def _ticket(self, start: Start, known: _Client) -> Ticket:
        taken = start.taken
        if taken is None:
            seed, spawns = self._draw_start()
            seat = person_seat(spawns)
        else:
            seed, seat = taken.seed, taken.seat
        opening = Opening(
            game=next(self._numbers),
            seed=seed,
            seat=seat,
            speed=start.speed,
            model=start.opponent.sha256,
            prefix=taken.prefix if taken else b"",
        )
        return Ticket(
            opening,
            start.client,
            known.player,
            start.opponent,
            secrets.token_hex(KEY_BYTES),
            nickname=known.nickname,
            takeover=taken.takeover if taken else None,
            source_id=taken.source_id if taken else None,
            address=known.address,
        )

    def _draw_start(self) -> tuple[int, tuple[Spawn, Spawn]]:
        """Draw a start that leaves a person time to look, and the model, by symmetry, as much."""
        while True:
            seed = self._draw_seed()
            spawns = spawns_for(ARENA, seed)
            if cells_ahead(spawns[0], ARENA) >= MIN_CELLS_AHEAD:
                return seed, spawns
