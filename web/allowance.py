"""How much of something a client may do: a budget that refills steadily."""


class Allowance:
    """A token bucket.

    Args:
        per_second: how fast it refills.
        at_once: how much it holds.
        now: seconds, of the clock that ``take`` is called with.

    >>> allowance = Allowance(per_second=2, at_once=1, now=0.0)
    >>> allowance.take(0.0), allowance.take(0.1), allowance.take(0.6)
    (True, False, True)
    """

    __slots__ = ("_at_once", "_filled_at", "_left", "_per_second")

    def __init__(self, per_second: float, at_once: float, now: float) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._left = at_once
        self._filled_at = now

    def has(self, now: float) -> bool:
        """Whether there is one to take."""
        return self._left + (now - self._filled_at) * self._per_second >= 1.0

    def take(self, now: float) -> bool:
        """Take one; False, and nothing taken, where nothing is left."""
        refilled = self._left + (now - self._filled_at) * self._per_second
        self._left = min(refilled, self._at_once)
        self._filled_at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Allowances:
    """Several of which each must have one to take: a client's own, and what it shares with others.

    >>> own, shared = Allowance(1, 2, now=0.0), Allowance(1, 1, now=0.0)
    >>> both = Allowances(own, shared)
    >>> both.take(0.0), both.take(0.0), own.take(0.0)
    (True, False, True)
    """

    __slots__ = ("_parts",)

    def __init__(self, *parts: Allowance) -> None:
        self._parts = parts

    def has(self, now: float) -> bool:
        """Whether there is one to take of each."""
        return all(part.has(now) for part in self._parts)

    def take(self, now: float) -> bool:
        """Take one of each; False, and nothing taken, where any has none left."""
        if not self.has(now):
            return False
        for part in self._parts:
            part.take(now)
        return True
