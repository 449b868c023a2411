"""Keeps the number of living children bounded: the least recently used idle one goes first."""

import os
import threading
import weakref
from collections import OrderedDict
from typing import Final, Protocol

MAX_RESIDENTS: Final = 64


class Evictable(Protocol):
    """What holds a child that can be given up and started again later."""

    def evict(self) -> bool:
        """Give the child up unless it is in use; tell whether that was done."""


class Residents:
    """The holders of living children of this process. Safe to use from several threads."""

    def __init__(self, limit: int = MAX_RESIDENTS) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._holders: OrderedDict[int, weakref.ref[Evictable]] = OrderedDict()

    def touch(self, holder: Evictable) -> None:
        """Note that ``holder`` is used now; evict others where there are too many."""
        with self._lock:
            if self._owner != os.getpid():  # after a fork: those children are our parent's
                self._holders.clear()
                self._owner = os.getpid()
            known = id(holder) in self._holders
            self._holders[id(holder)] = weakref.ref(holder)
            self._holders.move_to_end(id(holder))
            if known or len(self._holders) <= self.limit:
                return
            excess = len(self._holders) - self.limit
            oldest = list(self._holders.items())[:-1]
        for key, reference in oldest:
            if excess == 0:
                return
            other = reference()
            if other is None or other.evict():
                excess -= 1
                with self._lock:
                    self._holders.pop(key, None)

    def leave(self, holder: Evictable) -> None:
        """Note that ``holder`` has no child any more."""
        with self._lock:
            self._holders.pop(id(holder), None)
