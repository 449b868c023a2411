"""Ticks that clients answer: how late their news is, and who has fallen silent.

A client answers one tick a second. What it says tells the latency; that it says nothing, after it
has answered before, tells that nobody is there.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from web.live_types import SPEEDS, Ticks

NEWS_MS: Final = 5
NEWS_SHARE: Final = 0.1
"""A client is told its latency anew when it has changed by more than both."""
_SPEEDS: Final = np.array(SPEEDS)


class Echoes:
    """Of all games of one referee."""

    def __init__(self) -> None:
        self._sent: dict[int, tuple[int, float]] = {}
        """The tick of each game that is to be answered, oldest first: its ply, and when it was
        sent."""
        self._latencies: dict[int, int] = {}
        """What the client of each game was told last, in ms."""
        self._answering: set[int] = set()
        """Games whose client answers such ticks."""

    def wait(self, ticks: Ticks, speed_of: Callable[[int], int], now: float) -> None:
        """Take note of those of the ticks sent that are to be answered.

        A game that waits for an answer goes on waiting for that where its client has given some.
        """
        few = (ticks[:, 1:2] % _SPEEDS == 0).any(axis=1)
        for game, ply in ticks[few, :2].tolist():
            if ply % speed_of(game):
                continue
            if game not in self._sent or game not in self._answering:
                self._sent.pop(game, None)
                self._sent[game] = ply, now

    def take(self, game: int, ply: int, now: float) -> int | None:
        """Take an answer; return the latency in ms where that is news.

        One to an older tick tells nothing.
        """
        sent = self._sent.get(game)
        if sent is None or sent[0] != ply:
            return None
        del self._sent[game]
        self._answering.add(game)
        latency = round(1000 * (now - sent[1]))
        told = self._latencies.get(game)
        if told is not None and abs(latency - told) <= max(NEWS_MS, NEWS_SHARE * told):
            return None
        self._latencies[game] = latency
        return latency

    def silent_since(self, then: float) -> list[int]:
        """Return games whose clients have answered, and nothing that was sent before ``then``."""
        silent = []
        for game, (_, sent_at) in self._sent.items():
            if sent_at >= then:
                break
            if game in self._answering:
                silent.append(game)
        return silent

    def rest(self, game: int) -> None:
        """Wait for no answer to what was sent."""
        self._sent.pop(game, None)

    def doubt(self, game: int) -> None:
        """Expect no answers any more, until there is one."""
        self._answering.discard(game)

    def meet(self, game: int) -> None:
        """Forget what the latency was: another connection goes on."""
        self._latencies.pop(game, None)

    def forget(self, game: int) -> None:
        """Forget a game."""
        self.rest(game)
        self.doubt(game)
        self.meet(game)
