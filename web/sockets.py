"""The `/live` namespace: parses events, calls the lobby, answers refusals."""

import logging
from collections.abc import Callable
from typing import Final

from flask import request, session
from flask_socketio import Namespace, SocketIO, emit

from web.errors import Refusal, RefusedError
from web.lobby import Lobby
from web.messages import (
    Message,
    parse_echo,
    parse_join,
    parse_leave,
    parse_rematch,
    parse_resume,
    parse_turn,
    refused,
)

logger = logging.getLogger(__name__)

LIVE: Final = "/live"
PLAYER: Final = "player"
"""Key of the session that tells players apart."""
MAX_MESSAGE_BYTES: Final = 4096


class LiveNamespace(Namespace):  # type: ignore[misc]
    """Events of live play; each either reaches the lobby or is answered with `refused`."""

    def __init__(self, lobby: Lobby) -> None:
        super().__init__(LIVE)
        self._lobby = lobby

    def on_connect(self, auth: object = None) -> None:
        """A client is there."""
        self._lobby.connect(_client())

    def on_disconnect(self, reason: object = None) -> None:
        """A client's connection ended."""
        self._lobby.disconnect(_client())

    def on_join(self, data: object = None, *rest: object) -> None:
        """Open a game."""
        _answer(lambda: self._lobby.join(_client(), _player(), parse_join(_only(data, rest))))

    def on_turn(self, data: object = None, *rest: object) -> None:
        """Queue a turn."""
        self._say(parse_turn, data, rest)

    def on_rematch(self, data: object = None, *rest: object) -> None:
        """Open another game like the latest."""
        _answer(lambda: self._lobby.rematch(_client(), _player(), parse_rematch(_only(data, rest))))

    def on_resume(self, data: object = None, *rest: object) -> None:
        """Go on with a game that lost its connection."""
        self._say(parse_resume, data, rest)

    def on_echo(self, data: object = None, *rest: object) -> None:
        """Answer a tick, so that the way there and back can be timed."""
        self._say(parse_echo, data, rest)

    def on_leave(self, data: object = None, *rest: object) -> None:
        """Abandon a game."""
        self._say(parse_leave, data, rest)

    def _say(
        self, parse: Callable[[object], Message], data: object, rest: tuple[object, ...]
    ) -> None:
        _answer(lambda: self._lobby.say(_client(), parse(_only(data, rest))))


class Transport:
    """Sends messages through Flask-SocketIO from any thread."""

    def __init__(self, socketio: SocketIO) -> None:
        self._socketio = socketio

    def __call__(self, client: str, event: str, payload: object) -> None:
        """Send ``event`` to one client; queued, never waits for the network."""
        self._socketio.emit(event, payload, to=client, namespace=LIVE)


def make_socketio() -> SocketIO:
    """Return the extension, unbound: same origin only, small messages, events in order."""
    return SocketIO(
        async_mode="threading",
        async_handlers=False,  # two quick keys must arrive in the order they were pressed
        max_http_buffer_size=MAX_MESSAGE_BYTES,
        manage_session=False,
    )


def _client() -> str:
    client: str = request.sid  # type: ignore[attr-defined]
    return client


def _player() -> str | None:
    player: str | None = session.get(PLAYER)
    return player


def _only(data: object, rest: tuple[object, ...]) -> object:
    if rest:
        raise RefusedError(Refusal.MALFORMED, "expected one argument")
    return data


def _answer(act: Callable[[], None]) -> None:
    try:
        act()
    except RefusedError as error:
        emit("refused", refused(error))
