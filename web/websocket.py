"""One client's WebSocket: read where it wakes, written straight to the socket, never waited for.

Everything here runs on the thread that serves (see ``docs/live.md``): a line has no locks because
nothing else touches it. Messages are read beside the event loop's own callbacks
(``web.arrivals``), so that an event costs no greenlet; what is not wanted there goes to the
Engine.IO server through ``wait``.
"""

import ctypes
import errno
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.queue import SimpleQueue

from web.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NORMAL,
    PING,
    POLICY,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    FrameError,
    close_frame,
    frame,
    parse_frame,
)
from web.sayings import READ_BYTES

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES: Final = 4096
MAX_BACKLOG_BYTES: Final = 32 * 1024
"""Beyond this a client is behind: it gets no ticks, and a snapshot once it has caught up."""
MAX_UNREAD_BYTES: Final = 1024 * 1024
"""Beyond this a connection ends: what is not a tick is never left out."""
MAX_WAITING: Final = 64
"""Messages that may wait for the Engine.IO server."""
_WRITE: Final = 2

# Unlike `socket.send`, a function of a PyDLL keeps the interpreter's lock. Giving the lock up
# around each of a thousand short calls would hand it to any thread that computes, for a whole
# switch interval each time; the sockets do not block, so there is nothing to give it up for.
libc = ctypes.PyDLL(None, use_errno=True)
_send = libc.send
_send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
_send.restype = ctypes.c_ssize_t
_recv = libc.recv
_recv.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_recv.restype = ctypes.c_ssize_t
SEND_FLAGS: Final = getattr(socket, "MSG_NOSIGNAL", 0) | socket.MSG_DONTWAIT
RECEIVE_FLAGS: Final = socket.MSG_DONTWAIT
_AGAIN: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})


class Line:
    """A WebSocket that is open.

    Args:
        sock: connected, not blocking, the handshake done.
        hear: called with each whole text message as it arrives; returns whether it took it.
        leave: called once it is to be read no more.

    Attributes:
        number: the socket's.
        client: whose it is, "" while it is nobody's.
        behind: whether ticks were left out since it last caught up.
        ready: the socket's number while whole frames may be written to it past this object, else
            -1; what such a write leaves over is for ``push``.
        on_caught_up: called once everything was written after that.
        on_ready: called with ``ready`` whenever that is set.
    """

    def __init__(
        self,
        sock: Any,
        hear: Callable[["Line", bytes], bool],
        leave: Callable[["Line"], None],
    ) -> None:
        self.client = ""
        self.behind = False
        self.closed = False
        self.on_caught_up: Callable[[], None] | None = None
        self.on_ready: Callable[[int], None] | None = None
        self._sock = sock
        self.number: int = sock.fileno()
        self.ready = self.number
        self._hear = hear
        self._leave = leave
        self._waiting: SimpleQueue[str | bytes | None] = SimpleQueue()
        self._arrived = ctypes.create_string_buffer(READ_BYTES)
        self._rest = b""
        self._parts: list[bytes] = []
        self._opcode = TEXT
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        loop = gevent.get_hub().loop
        self._writer = loop.io(self.number, _WRITE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def quick(self) -> bool:
        """Whether what it reads next is a client's, and begins a message."""
        return not (self.closed or self._rest or self._parts) and self.client != ""

    def read(self) -> None:
        """Read what has arrived."""
        if self.closed:
            return
        got = _recv(self.number, self._arrived, READ_BYTES, RECEIVE_FLAGS)
        if got > 0:
            self.take(ctypes.string_at(self._arrived, got))
        elif got == 0 or ctypes.get_errno() not in _AGAIN:
            self._end()

    def take(self, data: bytes) -> None:
        """Take what was read."""
        data = self._rest + data
        at = 0
        try:
            while not self.closed and (each := parse_frame(data, at, MAX_MESSAGE_BYTES)):
                at = each.end
                if each.opcode == TEXT and each.final and not self._parts:
                    self._take(TEXT, each.payload)
                else:
                    self._unusual(each.opcode, each.final, each.payload)
        except FrameError as error:
            logger.debug("a client broke the protocol: %s", error)
            self.close(error.code)
        finally:
            self._rest = data[at:]

    def push(self, data: bytes) -> None:
        """Write whole frames without waiting; they are left out where the client is too far behind.

        What must arrive is for ``deliver``.
        """
        if self.behind or self.closed:
            return
        if self._backlog_bytes > MAX_BACKLOG_BYTES:
            self.behind = True
        else:
            self._write(data)

    def deliver(self, data: bytes) -> None:
        """Write whole frames without waiting, even where the client is behind.

        The connection of a client that reads nothing ends.
        """
        if self._backlog_bytes > MAX_UNREAD_BYTES:
            self._end()
        if not self.closed:
            self._write(data)

    def send(self, message: str | bytes) -> None:
        """Write a message of the Engine.IO server's, even where the client is behind.

        Raises:
            OSError: the connection has ended, also because the client reads nothing.
        """
        if isinstance(message, str):
            self.deliver(frame(message.encode(), TEXT))
        else:
            self.deliver(frame(message, BINARY))
        if self.closed:
            raise OSError("the connection has ended")

    def wait(self) -> str | bytes | None:
        """Return the next message for the Engine.IO server, None once the connection has ended."""
        message: str | bytes | None = self._waiting.get()
        return message

    def close(self, code: int = NORMAL) -> None:
        """Say goodbye and end."""
        if not self.closed:
            self.push(close_frame(code))
            self._end()

    def release(self) -> None:
        """Let go of the socket, which its owner closes; called last, from the owner's greenlet."""
        self._end()
        self._writer.close()

    def _write(self, data: bytes) -> None:
        if self._backlog:
            self._keep(data)
            return
        sent = _send(self.number, data, len(data), SEND_FLAGS)
        if sent < len(data):
            if sent < 0:
                if ctypes.get_errno() not in _AGAIN:
                    self._end()
                    return
                sent = 0
            self._keep(data[sent:])

    def _keep(self, data: bytes) -> None:
        if not self._backlog:
            self._set_ready(-1)
            self._writer.start(self._writable)
        self._backlog.append(data)
        self._backlog_bytes += len(data)

    def _writable(self) -> None:
        while self._backlog:
            data = self._backlog[0]
            sent = _send(self.number, data, len(data), SEND_FLAGS)
            if sent < 0:
                if ctypes.get_errno() not in _AGAIN:
                    self._end()
                return
            self._backlog_bytes -= sent
            if sent < len(data):
                self._backlog[0] = data[sent:]
                return
            self._backlog.popleft()
        self._writer.stop()
        self._set_ready(self.number)
        if self.behind:
            self.behind = False
            if self.on_caught_up is not None:
                self.on_caught_up()

    def _unusual(self, opcode: int, final: bool, payload: bytes) -> None:
        """Take control frames, binary messages, and messages in several frames."""
        if opcode == PING:
            self.push(frame(payload, PONG))
        elif opcode == CLOSE:
            self.close()
        elif opcode in (TEXT, BINARY) and not self._parts:
            if final:
                self._take(opcode, payload)
            else:
                self._opcode = opcode
                self._parts.append(payload)
        elif opcode == CONTINUATION and self._parts:
            self._parts.append(payload)
            if sum(map(len, self._parts)) > MAX_MESSAGE_BYTES or len(self._parts) > MAX_WAITING:
                raise FrameError(TOO_BIG, f"a message is at most {MAX_MESSAGE_BYTES} bytes long")
            if final:
                whole, self._parts = b"".join(self._parts), []
                self._take(self._opcode, whole)
        elif opcode != PONG:
            raise FrameError(PROTOCOL_ERROR, f"a frame of the kind {opcode} is not expected here")

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and self._hear(self, payload):
            return
        if self._waiting.qsize() >= MAX_WAITING:
            raise FrameError(POLICY, "too much at once")
        try:
            self._waiting.put(payload.decode() if opcode == TEXT else payload)
        except UnicodeDecodeError as error:
            raise FrameError(PROTOCOL_ERROR, "text is UTF-8") from error

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._set_ready(-1)
        self._leave(self)
        self._writer.stop()
        self._backlog.clear()
        self._waiting.put(None)

    def _set_ready(self, number: int) -> None:
        self.ready = number
        if self.on_ready is not None:
            self.on_ready(number)
