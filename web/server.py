"""The HTTP and WebSocket server of one process: live play on one thread, pages on others.

The thread that serves runs a gevent loop: every connection, and the clock of live play. Pages read
the database and render, so each runs on a native thread of a small pool; while one computes, the
serving thread gets the interpreter back within ``SWITCH_SECONDS``.
"""

import contextvars
import gc
import io
import logging
import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import gevent
import gevent.socket
from flask import Flask
from gevent.event import Event
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.threadpool import ThreadPool

from web.errors import WebError
from web.services import EXTENSION, Services
from web.transport import SOCKET_KEY

logger = logging.getLogger(__name__)

PENDING_CONNECTIONS: Final = 1024
MAX_FILES: Final = 65_536
PAGE_THREADS: Final = 4
SWITCH_SECONDS: Final = 0.0001
"""After so long a thread that computes gives way. The loop waits for that whenever it has looked
for news, so that with the usual 5 ms one page being rendered would hold up every game."""
GARBAGE_THRESHOLDS: Final = (2_000, 10, 1_000_000)
"""Young objects are looked at often, which is quick; the last number stands for never."""
TIDY_SECONDS: Final = 300.0
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""No request may be longer; views have limits of their own."""
STALL_SECONDS: Final = 20.0
"""How long a read or write may wait for a visitor, and a connection for its next request."""
HEAD_SECONDS: Final = 20.0
"""How long a request's first lines may take to arrive."""
BODY_SECONDS: Final = 300.0
"""How long its body may take: 32 MiB need about 1 Mbit/s."""
IN_MEMORY_BYTES: Final = 1024 * 1024
READ_BYTES: Final = 64 * 1024
_SOCKET_IO: Final = "/socket.io/"
_END: Final = object()


class ServerError(WebError, OSError):
    """The address cannot be served on."""


class _RefusedRequestError(WebError):
    """A request cannot be passed on; the message is the status to answer with."""


class _Handler(WSGIHandler):  # type: ignore[misc]
    """Waits for nobody for ever: requests that trickle in cost their senders the connection."""

    def handle(self) -> None:
        self.socket.settimeout(STALL_SECONDS)
        super().handle()

    def read_requestline(self) -> str:
        with gevent.Timeout(HEAD_SECONDS, TimeoutError("no request came")):
            line: str = super().read_requestline()
        return line

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
            super().run_application()
            return
        self.result = self.application(self.environ, self.start_response)
        self.close_connection = True
        if self.status is None:  # it became a WebSocket, which has ended since
            self.result = None
        else:
            self.process_result()

    def log_request(self) -> None:
        logger.debug("%s", self.requestline)


class _Site:
    """The WSGI application as the server calls it: Socket.IO here, pages on their threads."""

    def __init__(self, app: Flask) -> None:
        self._app = app.wsgi_app
        self._pages = ThreadPool(PAGE_THREADS)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(_SOCKET_IO):
            return self._app(environ, start_response)
        try:
            environ["wsgi.input"] = body = _body_of(environ)
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


def _body_of(environ: dict[str, Any]) -> IO[bytes]:
    """Read a request's body, which pages cannot do from their threads.

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
                if size > MAX_BODY_BYTES:
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


class Server:
    """Serves on an address that is bound at once.

    Args:
        app: what to serve.
        host: name or address.
        port: 0 picks a free one.
        bound: a listening socket to use instead.

    Raises:
        ServerError: the address is taken or not ours.
    """

    def __init__(
        self, app: Flask, host: str = "", port: int = 0, bound: socket.socket | None = None
    ) -> None:
        self._app = app
        self._services: Services = app.extensions[EXTENSION]
        self._bound = bound or _bind(host, port)
        self._stopping = threading.Event()
        self._waker: Any = None
        self.port: int = self._bound.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}"

    def serve(self) -> None:
        """Serve until ``stop`` is called from another thread, or live play breaks.

        Games still open are abandoned. What keeps the process running has to start it again where
        live play broke, which the log tells of.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        _allow_many_files()
        # What was loaded by now stays: looking through it for garbage would stop every game. So
        # would looking through all that a thousand players hold, which is left to ``_tidy``.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        hub = gevent.get_hub()
        stopped = Event()
        self._waker = hub.loop.async_()
        self._waker.start(stopped.set)
        site = _Site(self._app)
        transport, referee = self._services.transport, self._services.referee
        # A socket of gevent's belongs to the thread that makes it.
        listener = gevent.socket.socket(fileno=self._bound.detach())
        # Connections inherit it: else the end of an answer waits up to 40 ms for the client's word.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = WSGIServer(
            listener, site, handler_class=_Handler, log=None, error_log=logger, spawn="default"
        )
        transport.attach()
        clock = gevent.spawn(referee.run)
        tidying = gevent.spawn(_tidy)
        clock.link(lambda _: stopped.set())
        try:
            server.start()
            if not self._stopping.is_set():
                stopped.wait()
        finally:
            server.stop_accepting()
            tidying.kill()
            referee.stop()
            clock.join()
            gevent.sleep(0)
            server.stop(timeout=0)
            transport.detach()
            server.close()
            site.close()
            waker, self._waker = self._waker, None
            waker.close()
            hub.destroy(destroy_loop=True)

    def stop(self) -> None:
        """Have ``serve`` end; any thread may call it."""
        self._stopping.set()
        waker = self._waker
        if waker is not None:
            waker.send()


def _tidy() -> None:
    """Look for garbage everywhere now and then: a tenth of a second for a thousand players."""
    while True:
        gevent.sleep(TIDY_SECONDS)
        gc.collect()


def _allow_many_files() -> None:
    """Lift the limit on open files, each connection being one, as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=PENDING_CONNECTIONS)
    except OSError as error:
        raise ServerError(f"cannot serve on {host} port {port}: {error.strerror}") from error
