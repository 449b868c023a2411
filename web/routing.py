"""Which process of the site answers a request, told from its first line."""

import re
from enum import Enum
from typing import Final
from urllib.parse import unquote

SOCKET_IO: Final = "/socket.io/"
_OF_LIVE_PLAY: Final = frozenset({"/live/games.json", "/healthz", "/readyz", "/metrics"})
_OF_THE_DESK: Final = re.compile(r"/replays/[^/]+/(council|file\.gif)")
_READING: Final = frozenset({"GET", "HEAD"})


class Side(Enum):
    """Who answers."""

    LIVE = "live"
    """The process that referees live games: Socket.IO, and what tells how it fares."""
    DESK = "desk"
    """One of the page processes: whatever changes something, or is counted and kept in memory."""
    PAGES = "pages"
    """Any of the page processes."""


def side_of(line: bytes) -> Side:
    """Return who answers the request that begins with ``line``.

    >>> side_of(b"GET /socket.io/?EIO=4 HTTP/1.1")
    <Side.LIVE: 'live'>
    >>> side_of(b"POST /submit HTTP/1.1"), side_of(b"GET /submit HTTP/1.1")
    (<Side.DESK: 'desk'>, <Side.PAGES: 'pages'>)
    """
    method, target, *_ = *line.decode("latin-1").split(), "", ""  # as the server takes it apart
    path = unquote(target.partition("?")[0], "latin-1")
    if path.startswith(SOCKET_IO):
        return Side.LIVE
    path = "/" + path.lstrip("/")  # as the site's map of addresses has it
    if path in _OF_LIVE_PLAY:
        return Side.LIVE
    if method not in _READING or _OF_THE_DESK.fullmatch(path):
        return Side.DESK
    return Side.PAGES
