"""Holding a lease while something long is done: renewed behind it, noticed when lost."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

from arena.errors import ArenaFault, StorageError
from arena.stored_leases import new_holder

LEASE_SECONDS: Final = 60.0
BEATS: Final = 4
"""How often a lease is renewed in that time."""
logger = logging.getLogger(__name__)


class LeaseLostError(ArenaFault):
    """Another process took over, because this one was not heard of for too long."""


class LeaseHeldError(ArenaFault):
    """Another process holds the lease; the message names it."""


class Leases(Protocol):
    """Where leases are kept; ``Storage`` is one."""

    def take_lease(self, name: str, holder: str, seconds: float) -> str | None:
        """Take or keep a lease; return who holds it instead, or None."""

    def give_lease_back(self, name: str, holder: str) -> None:
        """Give a lease back, if it is still held."""


class Lease:
    """One lease, for ``with``: taken at the beginning, given back at the end.

    Args:
        leases: where it is kept.
        name: what is leased.
        seconds: how long it lasts unless renewed; it is renewed long before.
        clock: in seconds; by it a lease is given up that could not be renewed in time, because
            another process may have it by then.
    """

    def __init__(
        self,
        leases: Leases,
        name: str,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._held_until = 0.0
        self._holder = new_holder()
        self._stop = threading.Event()
        self._lost: str | None = None
        self._beat: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            LeaseHeldError: another process holds it.
        """
        other = self._take()
        if other is not None:
            raise LeaseHeldError(f"the lease of the {self._name} is held by {other}")
        self._beat = threading.Thread(target=self._renew, daemon=True)
        self._beat.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        if self._beat is not None:
            self._beat.join()
        if self._lost is None:
            try:
                self._leases.give_lease_back(self._name, self._holder)
            except StorageError as fault:  # it runs out by itself
                logger.warning("the lease of the %s was not given back: %s", self._name, fault)

    def check(self) -> None:
        """Go on only while it is held.

        Raises:
            LeaseLostError: it is not.
        """
        if self._lost is not None:
            raise LeaseLostError(f"{self._lost} took over the {self._name}")
        if self._clock() > self._held_until:
            raise LeaseLostError(
                f"the lease of the {self._name} ran out before the database could be reached again"
            )

    def _take(self) -> str | None:
        """Take or renew it; return who holds it instead, or None."""
        began = self._clock()
        other = self._leases.take_lease(self._name, self._holder, self._seconds)
        if other is None:
            self._held_until = began + self._seconds
        return other

    def _renew(self) -> None:
        while not self._stop.wait(self._seconds / BEATS):
            if self._clock() > self._held_until:  # it stays lost, whoever had it meanwhile
                return
            try:
                self._lost = self._take()
            except StorageError as fault:  # the next beat may get through, well before it runs out
                logger.warning("the lease of the %s was not renewed: %s", self._name, fault)
            if self._lost is not None:
                return
