"""How often one visitor may ask for something dear."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import Final

MOST_VISITORS: Final = 4096
"""Whose questions are remembered; the longest silent are forgotten first."""


class Rate:
    """At most ``times`` within any ``seconds``, for each visitor; safe to share between threads.

    Args:
        times: questions.
        seconds: length of the window.
        clock: returns seconds.
    """

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.times = times
        self.seconds = seconds
        self._clock = clock
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, visitor: str) -> bool:
        """Whether ``visitor`` may ask now; counts the question where it may."""
        now = self._clock()
        with self._lock:
            asked = self._asked.setdefault(visitor, deque())
            self._asked.move_to_end(visitor)
            while asked and asked[0] <= now - self.seconds:
                asked.popleft()
            while len(self._asked) > MOST_VISITORS:
                self._asked.popitem(last=False)
            if len(asked) >= self.times:
                return False
            asked.append(now)
            return True
