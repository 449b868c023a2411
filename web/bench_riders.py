"""Many clients of live play in one process, lean enough not to be what is measured.

Each steers twice a second around what lies ahead, and answers the ticks that are to be answered.
A tick's lateness is that of its arrival, of which the system tells, not of its turn among all the
others that this one process reads. What is done at every tick is compiled
(``web.bench_steering``). Run as a module it takes orders on standard input (see ``main``) and
answers each with one line.
"""

import json
import os
import selectors
import sys
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from web.bench_rider import Rider, Tally
from web.bench_steering import (
    FRAME_BYTES,
    MESSAGE,
    MISCHIEF,
    MOST_LETTERS,
    TICKS,
    TURNS,
    UNSENT,
    Boards,
    Envelope,
    hear,
)
from web.clock import MAX_LAG_SECONDS
from web.lateness import BUCKETS

CONNECTIONS_PER_SECOND: Final = 150
LOOK_SECONDS: Final = 0.002
"""Between looks, as clients elsewhere would: the site's core wakes nobody for each message then."""
MOST_RIDERS: Final = 8192
TEXT_BYTES: Final = 1024 * 1024


class Crowd:
    """All riders of this process.

    Args:
        address: host and port.
        join: what each asks for.
    """

    def __init__(self, address: tuple[str, int], join: dict[str, object]) -> None:
        self.tally = Tally()
        self.riders: dict[int, Rider] = {}
        self._address = address
        self._join = join
        self._free = list(range(MOST_RIDERS))[::-1]
        masks = np.frombuffer(os.urandom(4 * MOST_RIDERS), dtype=np.uint8).reshape(-1, 4)
        self._boards = Boards.of(MOST_RIDERS, masks)
        self._selector = selectors.DefaultSelector()
        self._envelope = Envelope.new(used=sys.platform == "linux")
        self._letters = np.zeros((2 * MOST_LETTERS, 4), dtype=np.int64)
        self._text = np.zeros(TEXT_BYTES, dtype=np.uint8)
        self._frame = np.zeros(FRAME_BYTES, dtype=np.uint8)
        self._counts = np.zeros(3, dtype=np.int64)
        self._lateness = np.zeros(BUCKETS + 1, dtype=np.int64)
        self._look_at = 0.0
        self._hear([], 0.0)  # compiles it

    def have(self, count: int) -> None:
        """Have so many riders."""
        while len(self.riders) > count:
            self._part(next(reversed(self.riders.values())))
        for _ in range(count - len(self.riders)):
            place = self._free.pop()
            rider = Rider(self._address, self._join, self.tally, self._boards, place)
            self.riders[place] = rider
            self._selector.register(rider.sock, selectors.EVENT_READ, rider)
            self.ride(1 / CONNECTIONS_PER_SECOND)

    def unrule(self, count: int) -> None:
        """Have the first so many misbehave, and the others not."""
        for number, place in enumerate(self.riders):
            self._boards.unruly[place] = number < count

    def forget(self) -> None:
        """Begin to count anew."""
        vars(self.tally).update(vars(Tally()))
        self._counts[:] = 0
        self._lateness[:] = 0

    def told(self) -> dict[str, object]:
        """Return what was counted."""
        tally = self.tally
        tally.ticks, tally.turns = int(self._counts[TICKS]), int(self._counts[TURNS])
        tally.lost += int(self._counts[UNSENT])
        self._counts[UNSENT] = 0
        tally.lateness = self._lateness.tolist()
        return vars(tally) | {
            "riding": sum(rider.riding for rider in self.riders.values()),
            "clients": len(self.riders),
        }

    def ride(self, seconds: float) -> None:
        """Have all riders ride for so long."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            woken = []
            for key, _ in self._selector.select(min(until - now, 0.05)):
                rider: Rider = key.data
                if not rider.shaking:
                    woken.append(rider.place)
                elif not rider.shake():
                    self._ended(rider)
            self._hear(woken, time.monotonic())
            if now > self._look_at:
                self._look_at = now + 0.2
                self._look(now)
            time.sleep(LOOK_SECONDS)

    def _hear(self, woken: list[int], now: float) -> None:
        epoch = time.monotonic() - time.time()
        places = np.array(woken, dtype=np.int64)
        begin = 0
        while True:
            done, letters = hear(
                self._boards,
                places[begin:],
                self._envelope,
                now,
                epoch,
                MAX_LAG_SECONDS,
                self._letters,
                self._text,
                self._frame,
                self._counts,
                self._lateness,
            )
            begin += done
            self._read(self._letters[:letters].tolist(), now)
            if begin == len(woken):
                return

    def _read(self, letters: Iterable[list[int]], now: float) -> None:
        for place, kind, begin, end in letters:
            rider = self.riders.get(place)
            if rider is None or (rider.back_at < float("inf") and kind == MESSAGE):
                continue
            if kind == MESSAGE:
                rider.take(self._text[begin:end].tobytes(), now)
            elif kind == MISCHIEF:
                rider.misbehave(now)
            elif rider.gone():
                self._ended(rider)

    def _ended(self, rider: Rider) -> None:
        self._selector.unregister(rider.sock)
        rider.sock.close()
        if rider.back_at == float("inf"):
            self.tally.lost += 1
            self._forget(rider)

    def _look(self, now: float) -> None:
        for rider in self.riders.values():
            if rider.back_at < now:
                rider.connect()
                self._selector.register(rider.sock, selectors.EVENT_READ, rider)
            elif rider.retry_at < now:
                rider.join()

    def _part(self, rider: Rider) -> None:
        if rider.back_at == float("inf"):
            self._selector.unregister(rider.sock)
        rider.sock.close()
        self._forget(rider)

    def _forget(self, rider: Rider) -> None:
        del self.riders[rider.place]
        self._free.append(rider.place)


def main() -> None:
    """Take orders: ``have N``, ``unrule N``, ``ride SECONDS``, ``measure SECONDS``.

    Each is answered with a line. ``unrule`` has the first N misbehave.
    """
    url, opponent, speed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if sys.argv[4]:
        os.sched_setaffinity(0, {int(core) for core in sys.argv[4].split(",")})
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    crowd = Crowd(address, {"opponent": opponent, "speed": speed})
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        started = time.process_time()
        if order == "have":
            crowd.have(int(argument))
        elif order == "unrule":
            crowd.unrule(int(argument))
        else:
            if order == "measure":
                crowd.forget()
            crowd.ride(float(argument))
        answer = crowd.told() | {"cpu": time.process_time() - started}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
