"""The HTTP and WebSocket server of one process: live play on one thread, pages elsewhere.

The thread that serves runs a gevent loop: the connections of live play, and its clock. Pages read
the database and render, which page processes do (``web.page_processes``); where none is there, or
none yet, each page runs on a native thread of a small pool, and while one computes, the serving
thread gets the interpreter back within ``SWITCH_SECONDS``.
"""

import gc
import logging
import socket
import sys
import threading
import time
from typing import Any, Final

import gevent
import gevent.socket
from flask import Flask
from gevent.event import Event

from web.connections import ConnectionServer, HandedServer, Site, settle
from web.doors import Doors
from web.errors import WebError
from web.routing import Side
from web.services import EXTENSION, Services

logger = logging.getLogger(__name__)

PENDING_CONNECTIONS: Final = 1024
SWITCH_SECONDS: Final = 0.0001
"""After so long a thread that computes gives way. The loop waits for that whenever it has looked
for news, so that with the usual 5 ms whatever computes beside it would hold up every game."""
YOUNG_SECONDS: Final = 0.1
"""What was made since the last look is looked through for garbage, in less than a millisecond. By
count it would not be: as many objects go as come while games end and begin, and Python counts the
difference alone."""
TIDY_SECONDS: Final = 300.0


class ServerError(WebError, OSError):
    """The address cannot be served on."""


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
        self._services.pages.start()
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
        settle()
        hub = gevent.get_hub()
        stopped = Event()
        self._waker = hub.loop.async_()
        self._waker.start(stopped.set)
        site = Site(self._app)
        transport, referee = self._services.transport, self._services.referee
        spare_time = self._services.spare_time
        pages = self._services.pages
        # A socket of gevent's belongs to the thread that makes it.
        listener = gevent.socket.socket(fileno=self._bound.detach())
        # Connections inherit it: else the end of an answer waits up to 40 ms for the client's word.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        doors = None
        if pages.doors:
            doors = Doors(pages.doors, frozenset({Side.LIVE}), lambda: pages.ready > 0)
        servers = [ConnectionServer(listener, site, doors)]
        if doors is not None:
            servers.append(HandedServer.of(pages.doors[Side.LIVE], site, doors))
        transport.attach()
        spare_time.attach()
        clock = gevent.spawn(referee.run)
        tidying = gevent.spawn(_tidy)
        clock.link(lambda _: stopped.set())
        try:
            for server in servers:
                server.start()
            pages.begin()
            if not self._stopping.is_set():
                stopped.wait()
        finally:
            for server in servers:
                server.stop_accepting()
            tidying.kill()
            referee.stop()
            clock.join()
            spare_time.detach()
            gevent.sleep(0)
            for server in servers:
                server.stop(timeout=0)
            transport.detach()
            for server in servers:
                server.close()
            if doors is not None:
                doors.close()
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
    """Look for garbage in Python's place: often for what is young, everywhere now and then.

    The latter takes a tenth of a second for a thousand players.
    """
    gc.disable()
    try:
        while True:
            until = time.monotonic() + TIDY_SECONDS
            while time.monotonic() < until:
                gevent.sleep(YOUNG_SECONDS)
                gc.collect(1)
            gc.collect()
    finally:
        gc.enable()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=PENDING_CONNECTIONS)
    except OSError as error:
        raise ServerError(f"cannot serve on {host} port {port}: {error.strerror}") from error
