"""A threaded HTTP and WebSocket server for one machine."""

import logging
import socket
from typing import Final

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from web.errors import WebError

logger = logging.getLogger(__name__)

PENDING_CONNECTIONS: Final = 128


class ServerError(WebError, OSError):
    """The address cannot be served on."""


class _Handler(WSGIRequestHandler):
    # Ticks are small and frequent: waiting to fill a packet would delay every one of them.
    disable_nagle_algorithm = True
    server_version = "tron-arena"
    sys_version = ""

    def log(self, type: str, message: str, *args: object) -> None:
        logger.debug("%s %s", self.address_string(), message % args)


class Server:
    """One thread a connection, on an address that is bound at once.

    Args:
        app: what to serve.
        host: name or address.
        port: 0 picks a free one.

    Raises:
        ServerError: the address is taken or not ours.
    """

    def __init__(self, app: Flask, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.create_server(
                (host, port), family=family, backlog=PENDING_CONNECTIONS
            ) as bound:
                self._server = make_server(
                    host, port, app, threaded=True, request_handler=_Handler, fd=bound.fileno()
                )
        except OSError as error:
            raise ServerError(f"cannot serve on {host} port {port}: {error.strerror}") from error
        self.port: int = self._server.server_address[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}"

    def serve(self) -> None:
        """Serve until ``stop`` is called from another thread."""
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Take no more requests; ``serve`` must be running."""
        self._server.shutdown()
        self._server.server_close()
