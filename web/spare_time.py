"""What the thread that serves does when it has nothing else to do.

Another thread would have the interpreter's lock for whole time slices of the system's scheduler,
however soon it is asked to give way, while players wait for their ticks.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import gevent

logger = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 0.1
"""What has waited so long is done however much else there is to do, a little at a time."""
LOOK_SECONDS: Final = 0.01
HURRY_SECONDS: Final = 0.002
"""So long at each look, and at least one task."""


class SpareTime:
    """Of the event loop of one thread, while it is attached."""

    def __init__(self) -> None:
        self._tasks: deque[tuple[float, Callable[[], None]]] = deque()
        self._thread = 0
        self._watchers: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        """Return how many tasks wait."""
        return len(self._tasks)

    def attach(self) -> None:
        """Belong to the calling thread's event loop from now on."""
        loop = gevent.get_hub().loop
        # Less urgent than the clock's breath between slots that are overdue, in which it is idle.
        idle = loop.idle(priority=loop.MINPRI)
        self._watchers = idle, loop.timer(LOOK_SECONDS, LOOK_SECONDS)
        self._thread = threading.get_ident()

    def detach(self) -> None:
        """Do what waits, and take nothing more."""
        self._thread = 0
        while self._tasks:
            self._do_next()
        watchers, self._watchers = self._watchers, None
        for each in watchers or ():
            each.stop()
            each.close()

    def take(self, task: Callable[[], None]) -> bool:
        """Take a task, which is short; False where this is not the thread that it belongs to."""
        if threading.get_ident() != self._thread:
            return False
        self._tasks.append((time.monotonic(), task))
        if len(self._tasks) == 1 and self._watchers is not None:
            idle, timer = self._watchers
            idle.start(self._when_idle)
            timer.start(self._hurry)
        return True

    def _when_idle(self) -> None:
        """Do one task; then the loop looks for news, and comes back where there is none."""
        self._do_next()
        self._rest_if_done()

    def _hurry(self) -> None:
        now = time.monotonic()
        until = now + HURRY_SECONDS
        while self._tasks and self._tasks[0][0] <= now - LONGEST_SECONDS:
            self._do_next()
            if time.monotonic() >= until:
                break
        self._rest_if_done()

    def _do_next(self) -> None:
        _, task = self._tasks.popleft()
        try:
            task()
        except Exception:
            logger.exception("what was left for spare time failed")

    def _rest_if_done(self) -> None:
        if not self._tasks:
            for each in self._watchers or ():
                each.stop()
