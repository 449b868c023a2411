"""HTTP as a process of the site speaks it: connections, their requests, and what answers them.

All of it runs on a gevent loop, except the views, which read the database and render: each runs on
a native thread of a small pool. A connection whose next request another process answers is handed
over to that one (``web.doors``).
"""

import contextvars
import gc
import io
import logging
import math
import os
import resource
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Any, Final, Self

import gevent
import gevent.socket
from flask import Flask
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.threadpool import ThreadPool

from web.doors import Door, Doors, taken
from web.errors import WebError
from web.routing import SOCKET_IO, side_of
from web.senders import is_known, is_upload
from web.transport import SOCKET_KEY

logger = logging.getLogger(__name__)

MAX_FILES: Final = 65_536
FILES_KEPT: Final = 64
"""For databases, templates and models: connections never take these."""
PAUSE_SECONDS: Final = 0.1
TELL_SECONDS: Final = 60.0
PAGE_THREADS: Final = 4
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""No request may be longer; views have limits of their own."""
SHORT_BODY_BYTES: Final = 64 * 1024
"""No request may be longer but one that brings a model."""
STALL_SECONDS: Final = 20.0
"""How long a read or write may wait for a visitor, and a connection for its next request."""
HEAD_SECONDS: Final = 20.0
"""How long a request's first lines may take to arrive."""
BODY_SECONDS: Final = 300.0
"""How long its body may take: 32 MiB need about 1 Mbit/s."""
IN_MEMORY_BYTES: Final = 1024 * 1024
READ_BYTES: Final = 64 * 1024
FIRST_LINE_BYTES: Final = 1024
"""Of a request's first line no more is looked at to tell who answers it."""
_END: Final = object()
_NOBODY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 10\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


class _RefusedRequestError(WebError):
    """A request cannot be passed on; the message is the status to answer with."""


class _Incoming(io.RawIOBase):
    """What a client sends; tells how much of it was taken from the socket."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got: int = self._sock.recv_into(buffer)
        self._taken += got
        return got

    def tell(self) -> int:
        return self._taken


class _Handler(WSGIHandler):  # type: ignore[misc]
    """Waits for nobody for ever: requests that trickle in cost their senders the connection."""

    server: "ConnectionServer"

    def __init__(self, sock: Any, address: Any, server: "ConnectionServer") -> None:
        self._incoming = _Incoming(sock)
        super().__init__(sock, address, server, io.BufferedReader(self._incoming))

    def handle(self) -> None:
        self.socket.settimeout(STALL_SECONDS)
        super().handle()

    def read_requestline(self) -> str:
        doors = self.server.doors
        with gevent.Timeout(HEAD_SECONDS, TimeoutError("no request came")):
            # Of one sent ahead of the last one's answer part has been taken already.
            ahead = self.rfile.tell() < self._incoming.tell()
            side = None if doors is None or ahead else side_of(self._first_line())
            if doors is None or side is None or doors.ours(side):
                line: str = super().read_requestline()
                if doors is None:
                    return line
                found = side_of(line.encode("latin-1"))  # of all of it
                return line if found is side or doors.ours(found) else ""
        if not doors.hand_over(self.socket, side):
            self.socket.sendall(_NOBODY)
        return ""

    def read_request(self, raw_requestline: str) -> bool:
        try:
            with gevent.Timeout(HEAD_SECONDS, TimeoutError("the request did not come to its end")):
                readable: bool = super().read_request(raw_requestline)
        except TimeoutError as error:
            raise ValueError(str(error)) from error  # what the base class takes for the client's
        return readable

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ[SOCKET_KEY] = self.socket
        return environ

    def run_application(self) -> None:
        if not self._connection_upgrade_requested():
            self.server.requests += 1
            try:
                super().run_application()
            finally:
                self.server.requests -= 1
            self._pass_over_rest()
            return
        self.result = self.application(self.environ, self.start_response)
        self.close_connection = True
        if self.status is None:  # it became a WebSocket, which has ended since
            self.result = None
        else:
            self.process_result()

    def _pass_over_rest(self) -> None:
        """Read what is left of a body that was refused, as the next request comes behind it."""
        try:
            with gevent.Timeout(BODY_SECONDS, TimeoutError("the body did not come to its end")):
                self.wsgi_input._discard()
        except OSError:
            self.close_connection = True
            with suppress(OSError):  # nobody is there any more
                self.socket.shutdown(socket.SHUT_RD)  # else the base class would wait for the rest

    def log_request(self) -> None:
        logger.debug("%s", self.requestline)

    def _first_line(self) -> bytes:
        """Return the next request's first line, as far as it is looked at, without taking it.

        Raises:
            ConnectionError: it never comes.
        """
        seen: bytes = self.socket.recv(FIRST_LINE_BYTES, socket.MSG_PEEK)
        before = -1
        while b"\n" not in seen and before < len(seen) < FIRST_LINE_BYTES:
            # What is there already would wake us at once, over and over.
            before = len(seen)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, before + 1)
            gevent.socket.wait_read(self.socket.fileno(), STALL_SECONDS)
            seen = self.socket.recv(FIRST_LINE_BYTES, socket.MSG_PEEK)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        if len(seen) == before:
            raise ConnectionAbortedError("the client hung up")
        return seen.partition(b"\n")[0]


class Site:
    """The WSGI application as the server calls it: Socket.IO here, pages on their threads.

    Args:
        app: the site.
        threads: pages that are made at once.
    """

    def __init__(self, app: Flask, threads: int = PAGE_THREADS) -> None:
        self._site = app
        self._app = app.wsgi_app
        self._pages = ThreadPool(threads)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"].startswith(SOCKET_IO):
            return self._app(environ, start_response)
        upload = is_upload(environ)
        try:
            if upload and not self._pages.apply(is_known, (self._site, environ)):
                body: IO[bytes] = io.BytesIO()  # the view refuses it whatever it holds
            else:
                body = _body_of(environ, MAX_BODY_BYTES if upload else SHORT_BODY_BYTES)
            environ["wsgi.input"] = body
        except _RefusedRequestError as refused:
            start_response(str(refused), [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        del environ[SOCKET_KEY]
        context = contextvars.copy_context()
        page = self._pages.apply(context.run, (_begun, self._app, environ))
        if isinstance(page, Exception):
            body.close()
            raise page
        start_response(page.status, page.headers)
        return self._rest(context, page, body)

    def close(self) -> None:
        """End the threads."""
        self._pages.kill()

    def _rest(
        self, context: contextvars.Context, page: "_Page", body: IO[bytes]
    ) -> Iterator[bytes]:
        try:
            chunk = page.first
            while chunk is not _END:
                yield chunk
                chunk = self._pages.apply(context.run, (next, page.chunks, _END))
        finally:
            self._pages.apply(context.run, (page.close,))
            body.close()


class _Page:
    """A response that has begun."""

    def __init__(self, app: Any, environ: dict[str, Any]) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self._result = app(environ, self._start)
        self.chunks = iter(self._result)
        self.first: Any = next(self.chunks, _END)

    def close(self) -> None:
        close = getattr(self._result, "close", None)
        if close is not None:
            close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status, self.headers = status, headers


def _begun(app: Any, environ: dict[str, Any]) -> _Page | Exception:
    try:
        return _Page(app, environ)
    except Exception as error:  # noqa: BLE001 - raised where the request is answered
        return error


def _body_of(environ: dict[str, Any], most: int) -> IO[bytes]:
    """Read a request's body of so many bytes at most, which pages cannot do from their threads.

    Raises:
        _RefusedRequestError: it is too long, or too long on its way.
    """
    length = environ.get("CONTENT_LENGTH", "")
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not chunked and not length.strip("0"):
        return io.BytesIO()
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115
    size = 0
    try:
        with gevent.Timeout(BODY_SECONDS, TimeoutError("the body did not come to its end")):
            while chunk := environ["wsgi.input"].read(READ_BYTES):
                size += len(chunk)
                if size > most:
                    raise _RefusedRequestError("413 Content Too Large")
                file.write(chunk)
    except TimeoutError as error:
        file.close()
        environ[SOCKET_KEY].shutdown(socket.SHUT_RD)  # else the rest would be waited for, unread
        raise _RefusedRequestError("408 Request Timeout") from error
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


class ConnectionServer(WSGIServer):  # type: ignore[misc]
    """Serves the connections that come to one socket.

    Args:
        listener: listening.
        site: answers requests.
        doors: to other processes, None where this one answers everything.

    Attributes:
        requests: how many are being answered.
    """

    max_accept = 16  # in a row: what is due meanwhile waits for no more

    def __init__(self, listener: Any, site: Site, doors: Doors | None) -> None:
        self.doors = doors
        self.requests = 0
        self._told_at = -math.inf
        super().__init__(listener, site, handler_class=_Handler, log=None, error_log=logger)

    def _do_read(self) -> None:
        if _has_room():
            super()._do_read()
            return
        # One that is taken now would be lost: outside it waits, or another process takes it.
        self.stop_accepting()
        self._timer = self.loop.timer(PAUSE_SECONDS)
        self._timer.start(self._start_accepting_if_started)
        if time.monotonic() - self._told_at > TELL_SECONDS:
            self._told_at = time.monotonic()
            logger.warning("too many open files: new connections wait until others end")


class HandedServer(ConnectionServer):
    """Serves the connections that other processes hand over, from the inside of a door."""

    max_accept = 1  # what is left, another process may be quicker to take

    @classmethod
    def of(cls, door: Door, site: Site, doors: Doors) -> Self:
        """Return the server of one side, for the calling thread."""
        inside = gevent.socket.socket(fileno=os.dup(door.inside.fileno()))
        return cls(inside, site, doors)

    def do_read(self) -> tuple[Any, Any] | None:
        """Take a connection."""
        return taken(self.socket)


def _has_room() -> bool:
    """Whether one connection more leaves enough files for what answers those that there are."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        lowest_free = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return False
    os.close(lowest_free)
    return most == resource.RLIM_INFINITY or lowest_free < most - min(FILES_KEPT, most // 4)


def settle() -> None:
    """Make a process ready to serve: many files, and what was loaded by now never looked through.

    Looking through all of it for garbage would stop everything for as long.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    gc.collect()
    gc.freeze()
