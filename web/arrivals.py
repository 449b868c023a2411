"""Reads the lines that have news: all of them in one callback of the event loop.

The loop takes the interpreter's lock for each callback anew. While another thread computes, that
takes a tenth of a millisecond each time, and with a callback for each of hundreds of lines, many
slots. So the lines are watched by an ``epoll`` of their own, and the loop watches that. After each
look it waits until the next one is due: what arrives meanwhile is read together, at a fraction of
what it would cost alone.
The loop goes back to watching only after some time without news: each time it does, the system
walks through all that are watched, in search of a circle, which for thousands of lines takes longer
than many looks.

Turns and answers to ticks are taken first, and of all else only so much at a look as takes
``OTHERS_SECONDS``: when many games end at once, their rematches would hold up everybody's turns,
and riders who are held up crash, which ends more games.
"""

import ctypes
import logging
import platform
import select
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import gevent
import numpy as np
from numpy.typing import NDArray

from tron_env.types import Action, BoolArray
from web.messages import Echo, Turn
from web.sayings import ECHO, MOST_SAYINGS, READ_BYTES, TURN, UNREAD, read_sayings
from web.websocket import RECEIVE_FLAGS, Line, libc
from web.wires import MOST_SOCKETS

logger = logging.getLogger(__name__)

MOST_LINES: Final = 512
"""Read in one go; the others at the loop's next look."""
PAUSE_SECONDS: Final = 0.002
"""From one look to the next, by a timer that repeats itself: libev's others, started again, are due
at once."""
QUIET_SECONDS: Final = 0.1
"""Without news before the loop watches again."""
OTHERS_SECONDS: Final = 0.002
"""At a look at least one line with other news has its turn, and then others for so long."""
_ACTIONS: Final = tuple(Action)
_READ: Final = 1
# `struct epoll_event` is packed on x86-64, and nowhere else.
_EVENT: Final = np.dtype(
    {
        "names": ["events", "socket"],
        "formats": [np.uint32, np.int32],
        "offsets": [0, 4] if platform.machine() == "x86_64" else [0, 8],
        "itemsize": 12 if platform.machine() == "x86_64" else 16,
    }
)
# Keeps the interpreter's lock, as in ``web.websocket``.
_epoll_wait: Final = libc.epoll_wait
_epoll_wait.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)


class Ear(Protocol):
    """Takes what players say in the course of a game."""

    def hear_at_once(self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]) -> BoolArray:
        """Take what can be taken without further ado; return what is left, bool ``(n,)``.

        Args:
            sockets: ``(k,)``, of those who said it.
            sayings: ``(n, 4)``, as ``web.sayings.read_sayings`` gives them.
        """

    def heard(self, said: Sequence[tuple[str, Turn | Echo]]) -> None:
        """Take turns and echoes that were left, in order, and of which client each is.

        Called whenever anything was said; what is wrong with one is no matter of the others.
        """


class Arrivals:
    """Of one event loop, on whose thread it is made and used.

    Args:
        ear: takes turns and echoes. All else the lines take.
    """

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._lines: dict[int, Line] = {}
        self._quick: BoolArray = np.zeros(MOST_SOCKETS + 1, dtype=np.bool_)
        """By number, whether a line was ``quick`` when it was read last, and does not wait; a line
        itself is rarely in the processor's cache. The last stands for all higher numbers, and is
        never set."""
        self._waiting: dict[Line, bytes | None] = {}
        """Lines with news of another kind, longest first, which are not looked at until it is their
        turn: what was read of each, None where that is still to be done."""
        self._epoll = select.epoll()
        self._events = np.zeros(MOST_LINES, dtype=_EVENT)
        self._bytes = np.zeros((MOST_LINES, READ_BYTES), dtype=np.uint8)
        self._sayings = np.zeros((MOST_LINES * MOST_SAYINGS, 4), dtype=np.int64)
        # Compiles it, so that no rider waits for that.
        self._read_at_once(np.zeros(0, dtype=np.int32))
        loop = gevent.get_hub().loop
        self._looks = loop.timer(PAUSE_SECONDS, PAUSE_SECONDS)
        self._watcher = loop.io(self._epoll.fileno(), _READ)
        self._watcher.start(self._wake)
        self._news_at = 0.0

    def close(self) -> None:
        """Read nothing more."""
        self._lines.clear()
        self._waiting.clear()
        for each in (self._watcher, self._looks):
            each.stop()
            each.close()
        self._epoll.close()

    def enter(self, line: Line) -> None:
        """Read a line whenever it has news, until it has ended."""
        self._lines[line.number] = line
        self._know(line)
        self._epoll.register(line.number, select.EPOLLIN)

    def leave(self, line: Line) -> None:
        """Read a line no more, nor take what waits of it; called before its socket is closed."""
        if self._lines.get(line.number) is line:
            del self._lines[line.number]
            self._know(line)
            self._waiting.pop(line, None)
            self._epoll.unregister(line.number)

    def _wake(self) -> None:
        """Look, and from then on again after each pause."""
        self._watcher.stop()
        self._looks.again(self._read)
        self._read()

    def _read(self) -> None:
        count = _epoll_wait(self._epoll.fileno(), self._events.ctypes.data, MOST_LINES, 0)
        now = time.monotonic()
        if count > 0 or self._waiting:
            self._news_at = now
        elif now >= self._news_at + QUIET_SECONDS:
            self._looks.stop()
            self._watcher.start(self._wake)
            return
        sockets = self._events["socket"][: max(count, 0)]
        quick = self._quick[np.minimum(sockets, MOST_SOCKETS)]
        for number in sockets[~quick].tolist():
            line = self._lines.get(number)
            if line is not None:
                self._waiting.setdefault(line, None)
        self._read_at_once(sockets[quick])
        until = time.monotonic() + OTHERS_SECONDS
        while self._waiting:
            line = next(iter(self._waiting))
            data = self._waiting.pop(line)
            if data is None:
                self._guarded(line.read)
            else:
                self._guarded(line.take, data)
            self._know(line)
            if time.monotonic() >= until:
                break

    def _read_at_once(self, sockets: NDArray[np.int32]) -> None:
        count = read_sayings(sockets, RECEIVE_FLAGS, self._bytes, self._sayings)
        if not count:
            return
        sayings = self._sayings[:count]
        try:
            left = self._ear.hear_at_once(sockets, sayings)
        except Exception:
            logger.exception("what clients said could not be taken")
            left = sayings[:, 1] >= UNREAD
        said: list[tuple[str, Turn | Echo]] = []
        for row, saying, first, second in sayings[left].tolist():
            line = self._lines.get(int(sockets[row]))
            if line is None:  # it has ended meanwhile
                continue
            if saying == TURN:
                said.append((line.client, Turn(first, _ACTIONS[second])))
            elif saying == ECHO:
                said.append((line.client, Echo(first, second)))
            elif saying == UNREAD:
                self._waiting[line] = self._bytes[row, :second].tobytes()
                self._know(line)
            else:
                self._guarded(line.read)
                self._know(line)
        self._guarded(self._ear.heard, said)

    def _know(self, line: Line) -> None:
        """Take note of whether a line is quick, unless it waits."""
        if line.number < MOST_SOCKETS:
            here = self._lines.get(line.number) is line and line not in self._waiting
            self._quick[line.number] = here and line.quick

    def _guarded(self, act: Callable[..., None], *arguments: object) -> None:
        """Do one thing; whatever it raises is no matter of what comes after it."""
        try:
            act(*arguments)
        except Exception:
            logger.exception("what a client said could not be taken")
