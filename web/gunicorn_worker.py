"""A gunicorn worker that serves the site with its own server, live play included.

As ``tron serve`` does, it has games analysed and submissions checked behind it.

    gunicorn --worker-class web.gunicorn_worker.LiveWorker --workers 1 'web.app:site()'

One worker a gunicorn: live games live in the process that opened them. For more processes start
more gunicorns on ports of their own and have the proxy keep each client at one
(``docs/operating.md``).
"""

import os
import socket
import threading
from typing import Final

from gunicorn.workers.base import Worker

from web.behind import behind, scheduling
from web.config import load_config
from web.server import Server
from web.services import EXTENSION, Services

NOTIFY_SECONDS: Final = 1.0


class LiveWorker(Worker):  # type: ignore[misc]
    """Runs ``web.server.Server`` until gunicorn says stop, then ends games as abandoned."""

    def run(self) -> None:
        """Serve, telling gunicorn every second that all is well."""
        app = self.app.callable
        services: Services = app.extensions[EXTENSION]
        listening = self.sockets[0]
        server = Server(app, bound=socket.socket(fileno=os.dup(listening.fileno())))
        thread = threading.Thread(target=self._serve, args=(services, server), name="server")
        thread.start()
        checks = not services.miners.lacking
        settings = load_config().arena
        with (
            behind(settings, checks=checks, accept_unsandboxed=False),
            scheduling(settings, settings.round_every),
        ):
            while self.alive and thread.is_alive() and os.getppid() == self.ppid:
                self.notify()
                thread.join(NOTIFY_SECONDS)
            server.stop()
        thread.join()
        services.close()

    @staticmethod
    def _serve(services: Services, server: Server) -> None:
        services.warm_up()
        services.start()
        server.serve()
