"""The doors between the processes of a site, through which they hand each other connections.

What is handed over is the connection itself (its file descriptor, over a Unix socket), before a
byte of its next request was taken. Passing the bytes on instead would cost the process of live play
a share of every page, and a listening socket that all processes share (``SO_REUSEPORT``) cannot
tell a page from a rider.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import gevent
import gevent.socket
from gevent.lock import RLock

from web.routing import Side

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 20.0
"""How long a connection may wait for a process that takes it: one that ends is replaced sooner."""
ROOM_BYTES: Final = 16 * 1024
"""Some forty connections: what is inside counts against what the user may have open."""
_A_CONNECTION: Final = b"c"


@dataclass(frozen=True, slots=True)
class Door:
    """One side's: many may push connections in, and whoever serves that side takes them out.

    Of several processes that do, one that has nothing to do is the quickest to take the next.
    """

    outside: socket.socket
    inside: socket.socket

    @classmethod
    def new(cls) -> "Door":
        """Make one."""
        outside, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        outside.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_BYTES)
        return cls(outside, inside)

    @classmethod
    def passed_on(cls, files: tuple[int, int]) -> "Door":
        """Return the door that another process has passed on."""
        outside, inside = files
        for each in files:
            os.set_inheritable(each, False)
        return cls(socket.socket(fileno=outside), socket.socket(fileno=inside))

    @property
    def files(self) -> tuple[int, int]:
        """What is passed on to another process."""
        return self.outside.fileno(), self.inside.fileno()

    def close(self) -> None:
        """Let go of it; connections inside end."""
        self.outside.close()
        self.inside.close()


class Doors:
    """The doors as one process sees them, on the thread that runs its event loop.

    Args:
        doors: of every side.
        own: the sides that this process serves.
        beyond: whether anybody stands behind the other doors; where nobody does, this process
            serves every side.
    """

    def __init__(
        self,
        doors: Mapping[Side, Door],
        own: frozenset[Side],
        beyond: Callable[[], bool] = lambda: True,
    ) -> None:
        self._own = own
        self._beyond = beyond
        self._stuck: set[Side] = set()
        self._outside = {
            side: (_copy(door.outside), RLock()) for side, door in doors.items() if side not in own
        }

    def ours(self, side: Side) -> bool:
        """Whether this process serves a side."""
        return side in self._own or not self._beyond()

    def hand_over(self, connection: Any, side: Side) -> bool:
        """Push a connection through a door, waiting where many are inside; then it is closed here.

        Returns:
            False where nobody has taken one for too long: it stays here, open.
        """
        outside, turn = self._outside[side]
        pushed = False
        with (
            gevent.Timeout(WAIT_SECONDS, False),
            turn,
        ):  # one greenlet at a time may wait for a socket
            socket.send_fds(outside, [_A_CONNECTION], [connection.fileno()])
            pushed = True
        if pushed:
            connection.close()
            self._stuck.discard(side)
        elif side not in self._stuck:
            self._stuck.add(side)
            logger.error("no process takes what is for %s: it is refused", side.value)
        return pushed

    def close(self) -> None:
        """Push nothing more."""
        for outside, _ in self._outside.values():
            outside.close()


def taken(inside: Any) -> tuple[Any, Any] | None:
    """Take a connection that was pushed through a door, and its client's address.

    Returns:
        None where another process was quicker, the client has gone meanwhile, or this process has
        no room for another file, which loses the connection.
    """
    try:
        _, files, _, _ = socket.recv_fds(inside, len(_A_CONNECTION), 1)
    except BlockingIOError:
        return None
    if not files:
        logger.error("a connection was lost: too many files are open")
        return None
    os.set_inheritable(files[0], False)
    connection = gevent.socket.socket(fileno=files[0])
    try:
        return connection, connection.getpeername()
    except OSError:
        connection.close()
        return None


def _copy(outside: socket.socket) -> Any:
    return gevent.socket.socket(fileno=os.dup(outside.fileno()))
