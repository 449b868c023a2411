"""A clock that commands can wake: time in slots, on the event loop of the thread that runs it."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

import gevent
from gevent.event import Event

from web.live_types import SLOTS_PER_SECOND

logger = logging.getLogger(__name__)

MAX_LAG_SECONDS: Final = 0.02
"""Beyond this the whole timetable moves back, so that no game is hurried to catch up."""

T = TypeVar("T")


class Clock(Generic[T]):
    """Calls for every slot at its time, and for every command as soon as it comes.

    Args:
        beat: called with each slot, from 0 in order, and when it was due; not while ``idle``.
        obey: called with each command.
        idle: says that no slot matters until there is a command.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        beat: Callable[[int, float], None],
        obey: Callable[[T], None],
        idle: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat = beat
        self._obey = obey
        self._idle = idle
        self._now = now
        self._inbox: deque[T] = deque()
        self._running = True
        self._busy = False
        self._slot = 0
        self._due = math.inf
        self._fault: Exception | None = None
        self._thread = 0
        self._awake = Event()
        self._waker: Any = None
        self._ended = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread != 0

    @property
    def ended(self) -> bool:
        """Whether it has run and ended."""
        return self._ended.is_set()

    def run(self) -> None:
        """Run the clock on this thread's event loop until ``end``.

        Whatever ``beat`` or ``obey`` raise ends it for good.
        """
        self._thread = threading.get_ident()
        self._waker = gevent.get_hub().loop.async_()
        self._waker.start(self._awake.set)
        try:
            self._run()
        except Exception:
            logger.critical("the clock broke: no game goes on until the next start", exc_info=True)
            raise
        finally:
            self._thread = 0
            waker, self._waker = self._waker, None
            waker.close()
            self._ended.set()

    def end(self) -> None:
        """Have ``run`` return once the present command or slot is done; from its own thread."""
        self._running = False

    def wait(self) -> None:
        """Wait until ``run`` has returned; from another thread."""
        self._ended.wait()

    def post(self, *commands: T) -> None:
        """Hand over commands; never blocks, any thread may call it.

        On the clock's own thread they are obeyed at once, all of them before a slot that is due:
        what raises is raised when the others are done.
        """
        if threading.get_ident() != self._thread:
            self._inbox.extend(commands)
            waker = self._waker
            if waker is not None:
                waker.send()
        elif self._busy:
            self._inbox.extend(commands)
        else:
            self._obey_here(commands)

    def _obey_here(self, commands: Iterable[T]) -> None:
        idle = self._idle()
        fault: Exception | None = None
        for command in commands:
            self._inbox.append(command)
            try:
                self._drain()
            except Exception as error:  # noqa: BLE001 - raised below
                fault = fault or error
        if idle or not self._running:
            self._awake.set()
        elif self._now() >= self._due:
            self._strike_here()
        if fault is not None:
            raise fault

    def _run(self) -> None:
        self._drain()
        self._due = self._now()
        while self._running:
            if self._idle():
                self._due = math.inf
                self._await(None)
                self._due = self._now()
            elif (wait := self._due - self._now()) > 0:
                self._await(wait)
            else:
                self._strike()
                if self._due <= self._now():
                    self._breathe()
                    self._drain()
        if self._fault is not None:
            raise self._fault

    def _breathe(self) -> None:
        """Let the loop look for news once and tell of it, without waiting for any.

        However much there is to catch up on, clients are heard between slots, every 2 ms as always
        (``web.arrivals``): a turn that waits until after the next ply is a crash.
        ``gevent.sleep(0)`` would come back before the look, and a timer as urgent as the news
        before that is told.
        """
        hub = gevent.get_hub()
        at_once = hub.loop.timer(0.0, priority=hub.loop.MINPRI)
        try:
            hub.wait(at_once)
        finally:
            at_once.close()

    def _strike_here(self) -> None:
        """Beat where a command came from, which a fault is no matter of.

        What other threads have commanded comes first: it may be the answer that a game waits for.
        """
        try:
            self._drain()
            self._strike()
        except Exception as fault:  # noqa: BLE001 - raised by ``run``
            self._fault = fault
            self._running = False
            self._awake.set()

    def _strike(self) -> None:
        """Beat the slot that is due.

        Whoever comes first does so, be it the greenlet that waits for it or a command: of hundreds
        of connections that have news at once, each is read before the loop looks at its timers.
        """
        slot, due = self._slot, self._due
        lag = max(self._now() - due, 0.0)
        self._slot = slot + 1
        self._due = due + 1 / SLOTS_PER_SECOND + (lag if lag > MAX_LAG_SECONDS else 0.0)
        self._busy = True
        try:
            self._beat(slot, due)
        finally:
            self._busy = False
        self._drain()

    def _await(self, seconds: float | None) -> None:
        """Let others run until there is a command, or for so long; do what was commanded."""
        self._awake.clear()
        if not self._inbox:
            self._awake.wait(seconds)
        self._drain()

    def _drain(self) -> None:
        self._busy = True
        try:
            while self._inbox:
                self._obey(self._inbox.popleft())
        finally:
            self._busy = False
