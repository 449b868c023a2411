"""The `/live` namespace: parses events, calls the lobby, answers refusals.

What players say in the course of a game comes often, and is taken from the line as it arrives, some
of it read by then (``web.sayings``); the rest takes Socket.IO's ordinary way. All ways parse alike,
and none waits on the serving thread.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import gevent
import numpy as np
from flask import request, session
from flask_socketio import ConnectionRefusedError, Namespace, SocketIO
from numpy.typing import NDArray

from arena.errors import ArenaFault
from tron_env.types import BoolArray
from web.allowance import Allowance, Allowances
from web.commands import Said
from web.errors import Refusal, RefusedError
from web.households import Headcount, SharedAllowances, connection_of, is_here
from web.lobby import Lobby
from web.messages import (
    Echo,
    Message,
    Turn,
    parse_call_me,
    parse_echo,
    parse_join,
    parse_leave,
    parse_rematch,
    parse_resume,
    parse_take_over,
    parse_turn,
    parse_watch,
)
from web.refusals import refused
from web.texts import tell
from web.transport import LIVE, Transport
from web.websocket import MAX_MESSAGE_BYTES

logger = logging.getLogger(__name__)

PLAYER: Final = "player"
"""Key of the session that tells players apart."""
EVENTS_PER_SECOND: Final = 40.0
EVENTS_AT_ONCE: Final = 80.0
GAMES_PER_SECOND: Final = 1.0
GAMES_AT_ONCE: Final = 8.0
CLIENTS_AN_ADDRESS: Final = 100
"""Connections to live play: a class behind one router, and no flood."""
ADDRESS_GAMES_PER_SECOND: Final = 10.0
ADDRESS_GAMES_AT_ONCE: Final = 100.0
"""All of them may begin together, and begin anew every ten seconds."""
OPENERS: Final = 64
"""Threads on which games are opened: as many may wait for slow models or the database."""
WATCH: Final = "watch"
"""What costs as much as a game."""

SAYINGS: Final[dict[str, Callable[[object], Message]]] = {
    "turn": parse_turn,
    "echo": parse_echo,
    "resume": parse_resume,
    "leave": parse_leave,
    WATCH: parse_watch,
}
"""Events that go to the referee, which answers those it refuses."""

OPENING: Final = ("join", "rematch", "take_over")
"""Events that ask for a game."""

_OF_THE_SERVER: Final = frozenset({"connect", "disconnect"})
"""What Socket.IO itself calls by the way of events; a client that sends one is refused."""
_PREFIX: Final = f"42{LIVE},[".encode()


class LiveNamespace(Namespace):  # type: ignore[misc]
    """Events of live play; each either reaches the lobby or is answered with `refused`.

    Args:
        lobby: opens games and passes on what is said in them.
        transport: tells of what arrives, and takes the answers.
        door: raises ``RefusedError`` while no game is to be opened; asked often.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        lobby: Lobby,
        transport: Transport,
        door: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(LIVE)
        self._door = door
        self._lobby = lobby
        self._transport = transport
        self._now = now
        self._events: dict[str, Allowance] = {}
        self._games: dict[str, Allowances] = {}
        self._shared = SharedAllowances(ADDRESS_GAMES_PER_SECOND, ADDRESS_GAMES_AT_ONCE)
        self._address_of: dict[str, str] = {}
        self._at: Headcount[str] = Headcount()
        """How many clients there are at each address, this machine's own left out."""
        transport.listen(self)

    def hear(self, client: str, message: bytes) -> bool:
        """Take an Engine.IO message as it arrives if that takes no waiting."""
        if not message.startswith(_PREFIX):
            return False
        try:
            event, *arguments = json.loads(message[len(_PREFIX) - 1 :])
        except (ValueError, RecursionError):
            self._refuse(client, RefusedError(Refusal.MALFORMED, "form_json"))
            return True
        if event in OPENING and not self._check_door(client):
            return True
        if event == "rematch":
            return self._rematch_at_once(client, arguments)
        parse = SAYINGS.get(event) if isinstance(event, str) else None
        if parse is None:
            return False
        self._say(client, event, parse, arguments)
        return True

    def hear_at_once(self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]) -> BoolArray:
        """Take turns and echoes of which nothing has to be refused; return which are left.

        These do not count for the clients' allowances: a few of each are taken between two plies.
        """
        return self._lobby.hear(sockets, sayings)

    def caught_up(self, client: str) -> None:
        """A client that was behind can take ticks again."""
        self._lobby.catch_up(client)

    def wired(self, client: str, number: int) -> None:
        """A client is reached at a socket, or at none any more."""
        self._lobby.wire(client, number)

    def heard(self, said: Sequence[tuple[str, Turn | Echo]]) -> None:
        """Take turns and echoes that are read already."""
        now = self._now()
        hasty = []
        allowed = []
        for client, message in said:
            allowance = self._events.get(client)
            if allowance is None:
                continue
            if allowance.take(now):
                allowed.append(Said(client, message))
            else:
                hasty.append(client)
        self._lobby.say(*allowed)
        for client in hasty:
            self._refuse(client, RefusedError(Refusal.TOO_FAST, "not_so_fast"))

    def trigger_event(self, event: object, *args: Any) -> Any:
        """Answer an event; one that is unknown is refused, too."""
        client, *arguments = args
        if not isinstance(event, str) or not self._may_say(client, event):
            self._refuse(client, RefusedError(Refusal.MALFORMED, "form_event"))
        elif event in SAYINGS:
            self._say(client, event, SAYINGS[event], arguments)
        elif event in _OF_THE_SERVER or self._may_now(client):
            return super().trigger_event(event, *args)
        return None

    def on_connect(self, auth: object = None) -> None:
        """A client is there; where its address has too many it is turned away."""
        client = _client()
        address = self._come_from(client, request.remote_addr or "")
        now = self._now()
        self._events[client] = Allowance(EVENTS_PER_SECOND, EVENTS_AT_ONCE, now)
        own = Allowance(GAMES_PER_SECOND, GAMES_AT_ONCE, now)
        self._games[client] = Allowances(own, *([self._shared.of(address, now)] if address else []))
        self._transport.enter(client, self._engine(client), request.environ)
        self._lobby.connect(client, session.get(PLAYER), address)

    def on_disconnect(self, reason: object = None) -> None:
        """A client's connection ended."""
        client = _client()
        self._lobby.disconnect(client)
        self._transport.leave(client, self._engine(client))
        self._events.pop(client, None)
        self._games.pop(client, None)
        if (address := self._address_of.pop(client, None)) is not None:
            self._at.leave(address)

    def on_join(self, data: object = None, *rest: object) -> None:
        """Open a game."""
        client = _client()
        self._open(lambda: self._lobby.join(client, parse_join(_only(data, rest))))

    def on_rematch(self, data: object = None, *rest: object) -> None:
        """Open another game like the latest."""
        client = _client()
        self._open(lambda: self._lobby.rematch(client, parse_rematch(_only(data, rest))))

    def on_take_over(self, data: object = None, *rest: object) -> None:
        """Open a game that goes on from a replay."""
        client = _client()
        self._open(lambda: self._lobby.take_over(client, parse_take_over(_only(data, rest))))

    def on_leave_line(self, *rest: object) -> None:
        """Wait no longer."""
        self._lobby.leave_line(_client())

    def on_call_me(self, data: object = None, *rest: object) -> None:
        """Set what the player is called on the ladder."""
        client = _client()
        try:
            self._lobby.call(client, parse_call_me(_only(data, rest)))
        except RefusedError as error:
            self._refuse(client, error)

    def _may_say(self, client: str, event: str) -> bool:
        """Whether there is such an event, and it is not one that only the server may say."""
        if event in _OF_THE_SERVER:
            # While a client really connects or disconnects, it does not count as connected.
            return not self.socketio.server.manager.is_connected(client, LIVE)
        return event in SAYINGS or hasattr(self, f"on_{event}")

    def _may_now(self, client: str) -> bool:
        """Take one of the client's events; where none is left it is told so."""
        allowance = self._events.get(client)
        if allowance is None:
            return False
        if allowance.take(self._now()):
            return True
        self._refuse(client, RefusedError(Refusal.TOO_FAST, "not_so_fast"))
        return False

    def _check_door(self, client: str) -> bool:
        """Whether games are opened at present; else the client is told so.

        Whoever is turned away asks again: by the ordinary way, which takes a greenlet and a thread,
        a crowd of them would keep the site from what it has to catch up with.
        """
        try:
            self._door()
        except RefusedError as error:
            if self._may_now(client):
                self._refuse(client, error)
            return False
        return True

    def _rematch_at_once(self, client: str, arguments: list[object]) -> bool:
        """Open a rematch without a detour; False where it may take a while."""
        games = self._games.get(client)
        if games is None or not games.has(self._now()):
            return False
        try:
            data, *rest = arguments or [None]
            if not self._lobby.rematch_at_once(client, parse_rematch(_only(data, tuple(rest)))):
                return False
        except RefusedError as error:
            self._refuse(client, error)
        games.take(self._now())
        return True

    def _engine(self, client: str) -> str:
        engine: str = self.socketio.server.manager.eio_sid_from_sid(client, LIVE)
        return engine

    def _open(self, act: Callable[[], None]) -> None:
        """Do what may wait for the database or a model, away from the serving thread."""
        client = _client()
        if not self._games[client].take(self._now()):
            self._refuse(client, RefusedError(Refusal.TOO_FAST, "not_so_many"))
            return
        openers = gevent.get_hub().threadpool  # which nothing else uses
        openers.maxsize = max(openers.maxsize, OPENERS)
        refusal = openers.apply(_refusal_of, (act,))
        if refusal is not None:
            self._refuse(client, refusal)

    def _come_from(self, client: str, address: str) -> str:
        """Count a client for its household, which is returned; "" where it counts for none."""
        # Whoever comes by this machine itself is its operator, or a proxy nobody has told us of.
        if is_here(address):
            return ""
        household = connection_of(address)
        if self._at[household] >= CLIENTS_AN_ADDRESS:
            raise ConnectionRefusedError(tell("refusal.crowd"))
        self._address_of[client] = household
        self._at[household] += 1
        return household

    def _say(
        self,
        client: str,
        event: str,
        parse: Callable[[object], Message],
        arguments: list[object],
    ) -> None:
        if not self._may_now(client):
            return
        if event == WATCH and not self._games[client].take(self._now()):
            self._refuse(client, RefusedError(Refusal.TOO_FAST, "not_so_many"))
            return
        try:
            data, *rest = arguments or [None]
            self._lobby.say(Said(client, parse(_only(data, tuple(rest)))))
        except RefusedError as error:
            self._refuse(client, error)

    def _refuse(self, client: str, error: RefusedError) -> None:
        self._transport(client, "refused", refused(error))


def make_socketio(redis_url: str = "") -> SocketIO:
    """Return the extension, unbound: same origin only, small messages, events in order.

    Args:
        redis_url: of the message queue that several processes share, "" for one alone.
    """
    shared: dict[str, object] = {}
    if redis_url:
        from web.message_queue import RedisQueue

        shared["client_manager"] = RedisQueue(redis_url)
    return SocketIO(
        **shared,
        async_mode="gevent",
        async_handlers=False,  # two quick keys must arrive in the order they were pressed
        max_http_buffer_size=MAX_MESSAGE_BYTES,
        manage_session=False,
    )


def _client() -> str:
    client: str = request.sid  # type: ignore[attr-defined]
    return client


def _only(data: object, rest: tuple[object, ...]) -> object:
    if rest:
        raise RefusedError(Refusal.MALFORMED, "form_argument")
    return data


def _refusal_of(act: Callable[[], None]) -> RefusedError | None:
    try:
        act()
    except RefusedError as error:
        return error
    except ArenaFault as error:
        logger.warning("an event could not be answered: %s", error)
        return RefusedError(Refusal.UNAVAILABLE, "storage_away")
    return None
