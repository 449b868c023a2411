"""How messages reach clients: encoded once, written straight to their sockets.

Clients that poll, as the ordinary Socket.IO client does until it has upgraded, have no line yet;
theirs go the long way through Flask-SocketIO. Any thread may send; what other threads send is
passed to the thread that serves.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

import gevent
import numpy as np
from flask_socketio import SocketIO
from numpy.typing import NDArray

from web.arrivals import Arrivals, Ear
from web.frames import GOING_AWAY, accept_key, event_frame
from web.live_types import NO_TICKS, Ticks
from web.ticks import FRAME_BYTES, write_ticks
from web.websocket import SEND_FLAGS, Line

logger = logging.getLogger(__name__)

LIVE: Final = "/live"
SOCKET_KEY: Final = "tron.socket"
"""Where the server puts a request's socket in its environ."""
TICK: Final = "tick"
"""The event that clients which are behind do without: a snapshot makes up for it."""
_LINE_KEY: Final = "tron.line"
_TICK_HEAD: Final = np.frombuffer(f'42{LIVE},["{TICK}",['.encode(), dtype=np.uint8)
_UPGRADED: Final = b"5"
"""Engine.IO's packet that ends an upgrade from polling: before it nothing else may be sent."""


class Listener(Ear, Protocol):
    """Is told of clients, on the thread that serves."""

    def hear(self, client: str, message: bytes) -> bool:
        """Take a text message, or leave it to Flask-SocketIO."""

    def caught_up(self, client: str) -> None:
        """Take note of a client that had missed ticks and can take them again."""

    def wired(self, client: str, number: int) -> None:
        """Take note of what ``Transport.socket_of`` says of a client from now on."""


class Transport:
    """Sends messages to the clients of one site.

    Args:
        socketio: the long way.
    """

    def __init__(self, socketio: SocketIO) -> None:
        self._socketio = socketio
        self._listener: Listener | None = None
        self._clients: dict[str, Line | None] = {}
        self._by_engine: dict[str, str] = {}
        self._upgraded: dict[str, Line] = {}
        self._letters: deque[Callable[[], None]] = deque()
        self._thread = 0
        self._waker: Any = None
        self._arrivals: Arrivals | None = None

    def use(self) -> None:
        """Have the Engine.IO server's WebSockets be lines; once the extension is bound."""
        # The driver's table is the only place where python-engineio lets them be chosen.
        engine = self._socketio.server.eio
        engine._async = {**engine._async, "websocket": self.websocket}

    def listen(self, listener: Listener) -> None:
        """Set who is told of what arrives, and of clients that catch up again."""
        self._listener = listener

    def attach(self) -> None:
        """Belong to the calling thread, which serves from now on."""
        self._thread = threading.get_ident()
        assert self._listener is not None
        self._arrivals = Arrivals(self._listener)
        self._waker = gevent.get_hub().loop.async_()
        self._waker.start(self._deliver)
        self._waker.send()
        # Compiles it, so that no rider waits for that.
        self.ticks(np.zeros(0, dtype=np.int32), NO_TICKS, lambda row: "")

    def detach(self) -> None:
        """Send what other threads have left, then say goodbye: whoever is there need not guess."""
        self._deliver()
        for line in list(self._clients.values()):
            if line is not None:
                line.close(GOING_AWAY)
        if self._arrivals is not None:
            self._arrivals.close()
        waker, self._waker = self._waker, None
        waker.close()
        self._thread = 0

    def __call__(self, client: str, event: str, payload: object) -> None:
        """Send ``event`` to one client; never waits for the network."""
        if threading.get_ident() == self._thread:
            self._send(client, event, payload)
        else:
            self._letters.append(lambda: self._send(client, event, payload))
            waker = self._waker
            if waker is not None:
                waker.send()

    def spread(self, clients: Iterable[str], event: str, payload: object) -> None:
        """Send ``event`` to several clients, encoded once; only from the thread that serves."""
        data = event_frame(LIVE, event, payload)
        for client in clients:
            line = self._clients.get(client)
            if line is not None:
                line.deliver(data)
            elif client in self._clients:
                self._long_way(client, event, payload)

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        """Send each client the tick of its row; only from the thread that serves.

        Clients that are behind are left out; the listener is told when they have caught up.

        Args:
            sockets: ``(k,)``, what ``socket_of`` says of each.
            ticks: ``(k, 8)``.
            client_of: tells whose a row is.
        """
        frames = np.empty((len(ticks), FRAME_BYTES), dtype=np.uint8)
        lengths = np.empty(len(ticks), dtype=np.int64)
        sent = np.empty(len(ticks), dtype=np.int64)
        write_ticks(sockets, ticks, _TICK_HEAD, SEND_FLAGS, frames, lengths, sent)
        for row in np.flatnonzero(sent < lengths).tolist():
            client = client_of(row)
            line = self._clients.get(client)
            if line is not None:
                line.push(frames[row, max(sent[row], 0) : lengths[row]].tobytes())
            elif client in self._clients:
                self._long_way(client, TICK, ticks[row].tolist())

    def socket_of(self, client: str) -> int:
        """Return the number of the socket that ticks may be written to, else -1."""
        line = self._clients.get(client)
        return -1 if line is None else line.ready

    def enter(self, client: str, engine: str, environ: dict[str, Any]) -> None:
        """Take note of a client of the namespace, of its Engine.IO session and its request."""
        self._by_engine[engine] = client
        self._clients[client] = None
        line = environ.get(_LINE_KEY) or self._upgraded.get(engine)
        if line is not None:
            self._use(client, line)

    def leave(self, client: str, engine: str) -> None:
        """Forget a client."""
        self._by_engine.pop(engine, None)
        line = self._clients.pop(client, None)
        if line is not None:
            line.client = ""
            line.on_ready = None

    def websocket(self, handler: Callable[[Line], object], server: object) -> Any:
        """Return what the Engine.IO server calls to turn a request into a WebSocket."""

        def upgrade(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
            if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13" or not key.isascii():
                start_response("400 Bad Request", [("Content-Type", "text/plain")])
                return [b"expected a WebSocket of version 13"]
            sock = environ[SOCKET_KEY]
            sock.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept_key(key).encode("ascii")
                + b"\r\n\r\n"
            )
            sessions = parse_qs(environ.get("QUERY_STRING", "")).get("sid")
            assert self._arrivals is not None
            hear = self._told if sessions is None else self._upgrading(sessions[0])
            line = Line(sock, hear, self._arrivals.leave)
            environ[_LINE_KEY] = line
            try:
                self._arrivals.enter(line)
                handler(line)
            finally:
                line.release()
                if sessions is not None:
                    self._upgraded.pop(sessions[0], None)
            return []

        return upgrade

    def __len__(self) -> int:
        """Return how many clients there are."""
        return len(self._clients)

    def _upgrading(self, engine: str) -> Callable[[Line, bytes], bool]:
        def hear(line: Line, message: bytes) -> bool:
            if message == _UPGRADED:
                # The Engine.IO server sees this packet too, right after.
                self._upgraded[engine] = line
                if engine in self._by_engine:
                    self._use(self._by_engine[engine], line)
            return self._told(line, message)

        return hear

    def _use(self, client: str, line: Line) -> None:
        self._clients[client] = line
        line.client = client
        assert self._listener is not None
        listener = self._listener
        line.on_caught_up = lambda: listener.caught_up(client)
        line.on_ready = lambda number: listener.wired(client, number)
        line.on_ready(line.ready)

    def _told(self, line: Line, message: bytes) -> bool:
        assert self._listener is not None
        return line.client != "" and self._listener.hear(line.client, message)

    def _send(self, client: str, event: str, payload: object) -> None:
        line = self._clients.get(client)
        if line is not None:
            line.deliver(event_frame(LIVE, event, payload))
        elif client in self._clients:
            self._long_way(client, event, payload)

    def _long_way(self, client: str, event: str, payload: object) -> None:
        self._socketio.emit(event, payload, to=client, namespace=LIVE, ignore_queue=True)

    def _deliver(self) -> None:
        while self._letters:
            self._letters.popleft()()
