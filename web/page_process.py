"""One page process: the site without live play's clock, run as a module by ``web.page_processes``.

It is told on standard input which site, which sides of it, and through which doors; a byte more
has it serve, and the end of it, or SIGTERM, has it finish what it is answering and end. So it ends
with the process of live play, however that ends. While it serves it says so on standard output
again and again.
"""

import os
import pickle
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import gevent
import gevent.socket
from flask import Flask
from gevent.event import Event

from web.app import create_app
from web.config import WebConfig
from web.connections import PAGE_THREADS, HandedServer, Site, settle
from web.doors import Door, Doors
from web.logs import start_logging
from web.routing import Side
from web.services import EXTENSION, Services

NICENESS: Final = 15
"""Live games come first where both want a core, and pages before what works behind the site."""
END_SECONDS: Final = 5.0
"""How long requests that are being answered may still take at the end."""
LOOK_SECONDS: Final = 0.02
BEAT_SECONDS: Final = 1.0
_INPUT: Final = 0


def main() -> None:
    """Load, wait to be told, serve."""
    ready = os.dup(1)
    os.dup2(2, 1)  # whatever prints says so where the site's log goes
    with open(_INPUT, "rb", buffering=0, closefd=False) as told:
        config, sides, files = pickle.load(told)
    os.nice(NICENESS)
    start_logging(as_json=config.log_json)
    app = create_app(alone(config))
    services: Services = app.extensions[EXTENSION]
    if os.read(_INPUT, 1):
        services.warm_pages()
        services.read_ahead()
        settle()
        serve(app, sides, {side: Door.passed_on(each) for side, each in files.items()}, ready)
    services.council.close()
    services.storage.close()
    sys.stderr.flush()
    os._exit(0)  # a request that has not come to its end is not waited for


def alone(config: WebConfig) -> WebConfig:
    """Return the settings of a site that answers pages and nothing else."""
    return replace(config, page_processes=0, capacity=1, redis_url="")


def serve(app: Flask, sides: Sequence[Side], doors: Mapping[Side, Door], ready: int) -> None:
    """Serve what comes through the doors of ``sides`` until standard input ends.

    Args:
        app: the site.
        sides: that are served.
        doors: of all sides.
        ready: a file that a byte is written to every ``BEAT_SECONDS`` while this process serves.
    """
    own = Doors(doors, frozenset(sides))
    # One page after the other: of several that take turns at the interpreter each is late. What
    # the desk answers may wait for others, for films or the council.
    threads = {Side.DESK: PAGE_THREADS, Side.PAGES: 1}
    servers = [HandedServer.of(doors[side], Site(app, threads[side]), own) for side in sides]
    for server in servers:
        server.start()
    ended = Event()
    gevent.signal_handler(signal.SIGTERM, ended.set)
    gevent.spawn(gevent.socket.wait_read, _INPUT).link(lambda _: ended.set())
    with suppress(BrokenPipeError):  # whoever listened has ended
        while not ended.is_set():
            os.write(ready, b"!")
            ended.wait(BEAT_SECONDS)
    for server in servers:
        server.stop_accepting()
    with gevent.Timeout(END_SECONDS, False):
        while any(server.requests for server in servers):
            gevent.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
