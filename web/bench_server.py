"""The site as `tron bench live` measures it: a process of its own, on the cores it is told.

Run as a module it serves a home that it is given, prints its address, and answers each line on
standard input with what happened since the last one; it ends when standard input does.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from flask_socketio import SocketIO
from numpy.typing import NDArray

from arena.settings import load_settings
from web.app import create_app
from web.config import WebConfig, usual_page_processes
from web.live_types import LiveEnding, Ticks
from web.server import Server
from web.services import EXTENSION, Services
from web.transport import TICK, Transport

CAPACITY: Final = 8192


class PlainTransport(Transport):
    """The plain way: each event to each client is an ``emit`` in a task of its own.

    Everything else is as it is on the site: one engine, one clock cut into phases, batched models.
    WebSockets, queues and events are those that Flask-SocketIO brings for gevent.
    """

    def spread(self, clients: Iterable[str], event: str, payload: object) -> None:
        """Start a task for each client."""
        for client in clients:
            self._socketio.start_background_task(self._long_way, client, event, payload)

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        """Start a task for each client."""
        for row, tick in enumerate(ticks.tolist()):
            self._socketio.start_background_task(self._long_way, client_of(row), TICK, tick)

    def use(self) -> None:
        """Leave the Engine.IO server its own WebSockets."""

    def enter(self, client: str, engine: str, environ: dict[str, object]) -> None:
        """Take note of a client, never of its line."""
        self._clients[client] = None

    def leave(self, client: str, engine: str) -> None:
        """Forget a client."""
        self._clients.pop(client, None)


def _plain(socketio: SocketIO) -> Transport:
    """Return the plain way, with a task for each event that comes in, too."""
    socketio.server_options["async_handlers"] = True
    return PlainTransport(socketio)


def main() -> None:
    """Serve."""
    home, way, cores = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    config = WebConfig(
        arena=load_settings({"TRON_HOME": str(home)}),
        secret_key="a key for benchmarks only",
        capacity=CAPACITY,
        page_processes=usual_page_processes(),
    )
    app = create_app(config, transport_of=_plain if way == "plain" else Transport)
    services: Services = app.extensions[EXTENSION]
    services.warm_up()
    services.start()
    server = Server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    _say({"url": server.url})
    counts = list(services.referee.lateness.counts)
    cpu, at = time.process_time(), time.monotonic()
    before = stored = services.storage.count_games()
    endings = services.referee.endings
    for _ in sys.stdin:
        now, used = time.monotonic(), time.process_time()
        games = services.storage.count_games()
        _say(
            {
                "lateness": services.referee.lateness.since(counts),
                "cpu": (used - cpu) / (now - at),
                "games": len(services.referee),
                "clients": len(services.transport),
                "stored": games - stored,
                "kept": games - before,
                "ended": endings.total() - endings[LiveEnding.VOID],
                "waiting": services.lobby.waiting,
                "threads": threading.active_count(),
                "rss": psutil.Process().memory_info().rss,
            }
        )
        counts = list(services.referee.lateness.counts)
        cpu, at, stored = used, now, games
    server.stop()
    thread.join()
    services.close()


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
