"""Ticks that clients answer: how late their news is, and who has fallen silent.

A client answers one tick a second. What it says tells the latency; that it says nothing, after it
has answered before, tells that nobody is there.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env.compiling import kernel
from tron_env.types import BoolArray, IntArray

NEWS_MS: Final = 5
NEWS_SHARE: Final = 0.1
"""A client is told its latency anew when it has changed by more than both."""
NO_NEWS: Final = -1
_NONE: Final = 0


class Echoes:
    """Of all games of one referee, by slot; of one it knows until the next begins there.

    Args:
        capacity: games at once.
    """

    def __init__(self, capacity: int) -> None:
        self._speeds: NDArray[np.int64] = np.ones(capacity, dtype=np.int64)
        self._plies: NDArray[np.int64] = np.full(capacity, _NONE, dtype=np.int64)
        self._sent_at: NDArray[np.float64] = np.zeros(capacity)
        self._latencies: NDArray[np.int64] = np.full(capacity, NO_NEWS, dtype=np.int64)
        self._answering: BoolArray = np.zeros(capacity, dtype=np.bool_)
        self.state: Final = (self._plies, self._sent_at, self._latencies, self._answering)
        """What ``take_echo`` reads and changes, ``(capacity,)`` each: the ply of the tick that is
        to be answered, 0 for none; when it was sent; the latency in ms that the client was told
        last; whether it answers such ticks."""

    def begin(self, slot: int, speed: int) -> None:
        """Take a game of so many plies a second, and forget the one before."""
        self._speeds[slot] = speed
        self.rest(slot)
        self.doubt(slot)
        self.meet(slot)

    def wait(self, slots: IntArray, plies: NDArray[np.int64], now: float) -> None:
        """Take note of those of the ticks sent that are to be answered.

        A game that waits for an answer goes on waiting for that where its client has given some.

        Args:
            slots: ``(k,)``.
            plies: ``(k,)``, the ticks'.
            now: seconds.
        """
        due = plies % self._speeds[slots] == 0
        due &= ~self._answering[slots] | (self._plies[slots] == _NONE)
        self._plies[slots[due]] = plies[due]
        self._sent_at[slots[due]] = now

    def take(self, slot: int, ply: int, now: float) -> int | None:
        """Take an answer; return the latency in ms where that is news.

        One to an older tick tells nothing.
        """
        latency = take_echo(slot, ply, now, *self.state)
        return None if latency == NO_NEWS else latency

    def silent_since(self, then: float) -> IntArray:
        """Return slots whose clients have answered, and nothing that was sent before ``then``.

        Some may be of games that are over.
        """
        waiting = self._answering & (self._plies != _NONE) & (self._sent_at < then)
        return np.flatnonzero(waiting)

    def rest(self, slot: int) -> None:
        """Wait for no answer to what was sent."""
        self._plies[slot] = _NONE

    def doubt(self, slot: int) -> None:
        """Expect no answers any more, until there is one."""
        self._answering[slot] = False

    def meet(self, slot: int) -> None:
        """Forget what the latency was: another connection goes on."""
        self._latencies[slot] = NO_NEWS


@kernel
def take_echo(
    slot: int,
    ply: int,
    now: float,
    plies: NDArray[np.int64],
    sent_at: NDArray[np.float64],
    latencies: NDArray[np.int64],
    answering: BoolArray,
) -> int:
    """Do what ``Echoes.take`` says; ``NO_NEWS`` where the latency is none."""
    if plies[slot] != ply or ply == _NONE:
        return NO_NEWS
    plies[slot] = _NONE
    answering[slot] = True
    latency: int = round(1000 * (now - sent_at[slot]))
    told = latencies[slot]
    if told != NO_NEWS and abs(latency - told) <= max(NEWS_MS, NEWS_SHARE * told):
        return NO_NEWS
    latencies[slot] = latency
    return latency
