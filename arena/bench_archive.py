"""What `tron bench archive` measures of the database alone: searches, and reading replays."""

import random
import statistics
import time
from collections.abc import Iterator
from typing import Final

from arena.found_games import Order
from arena.records import GameFilter, GameKind, Result
from arena.storage import Storage
from replays.format import decode
from replays.view import replay_view
from tron_env.benchmarks import Measurement
from tron_env.types import DeathCause

PAGES: Final = 5
"""Read of each search, one after the other."""
REPEATS: Final = 3
SEARCHES: Final = (
    GameFilter(),
    GameFilter(round=9),
    GameFilter(kind=GameKind.HUMAN),
    GameFilter(name="rider-3"),
    GameFilter(name="rider-3", opponent="rider-4"),
    GameFilter(name="rider-3", result=Result.LOSS, cause=DeathCause.WALL),
    GameFilter(name="rider-5", tags=("comeback",)),
    GameFilter(result=Result.DRAW),
    GameFilter(result=Result.LIMIT),
    GameFilter(cause=DeathCause.HEAD_ON),
    GameFilter(cause=DeathCause.SELF, tags=("close",)),
    GameFilter(min_plies=300),
    GameFilter(min_plies=100, max_plies=110),
    GameFilter(tags=("take-over",)),
    GameFilter(tags=("long", "missed-win")),
    GameFilter(min_gap=300),
    GameFilter(max_gap=20, result=Result.DRAW),
    GameFilter(round=30, tags=("close",), result=Result.WIN),
    GameFilter(kind=GameKind.HUMAN, tags=("close",), min_plies=200),
    GameFilter(round=4, min_gap=300, cause=DeathCause.HEAD_ON, tags=("crash",), min_plies=400),
)


def searched(storage: Storage) -> Iterator[Measurement]:
    """Measure pages and counts of filtered lists: all together, and the slowest of the lists."""
    for order in Order:
        every: list[float] = []
        medians: list[float] = []
        for wanted in SEARCHES:
            each = list(_paged(storage, wanted, order))
            every += each
            medians.append(statistics.median(each))
        name = f"archive: a page of a search, {order} first"
        yield Measurement(f"{name}, median", statistics.median(every), "ms", 50, at_most=True)
        yield Measurement(f"{name}, median of the slowest", max(medians), "ms", 50, at_most=True)
    counts = []
    for wanted in SEARCHES:
        started = time.perf_counter()
        storage.count_games_found(wanted)
        counts.append((time.perf_counter() - started) * 1000)
    yield from _percentiles("archive: a count", counts, None)


def _paged(storage: Storage, wanted: GameFilter, order: Order) -> Iterator[float]:
    """Yield how long each page of a search takes, in ms, the first one ``REPEATS`` times."""
    after = None
    for page in range(REPEATS + PAGES - 1):
        started = time.perf_counter()
        found = storage.find_games(wanted, order=order, after=after)
        yield (time.perf_counter() - started) * 1000
        if page >= REPEATS - 1:
            after = found.after
            if after is None:
                return


def _percentiles(name: str, times: list[float], target: float | None) -> Iterator[Measurement]:
    ordered = sorted(times)
    yield Measurement(f"{name}, median", ordered[len(ordered) // 2], "ms", target, at_most=True)
    yield Measurement(f"{name}, slowest", ordered[-1], "ms")


def watched(storage: Storage, count: int) -> Iterator[Measurement]:
    """Measure what a replay's page reads first, over games drawn among ``count``."""
    rng = random.Random(5)
    times = []
    for _ in range(200):
        number = rng.randrange(1, count + 1)
        started = time.perf_counter()
        found, encoded = storage.game(number), storage.replay(number)
        if found is not None and encoded is not None:
            replay_view(decode(encoded), found.names, ("model", "model"))
        times.append((time.perf_counter() - started) * 1000)
    yield from _percentiles("archive: decode and first frame", times, 20)
