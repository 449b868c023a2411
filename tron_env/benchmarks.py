"""What a benchmark is, for every package that has one, and how it keeps time.

A benchmark is a function that takes a ``Setting`` and yields ``Measurement``s as it makes them. It
is found by name in the entry-point group ``tron.benchmarks``; ``tron bench NAME`` runs it, in an
interpreter of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

BENCHMARK_GROUP: Final = "tron.benchmarks"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number that was measured.

    >>> Measurement("engine: against the yardstick", 812.0, "times", target=500.0).met
    True
    >>> Measurement("arena: share of the referee", 0.2, "of time", target=0.1, at_most=True).met
    False
    """

    metric: str
    """What was measured, beginning with the benchmark's name and a colon."""
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False
    """Whether ``target`` must not be exceeded; otherwise it must be reached."""

    @property
    def met(self) -> bool | None:
        """Whether the target was met, or None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


@dataclass(frozen=True, slots=True)
class Setting:
    """How a benchmark is to be run."""

    note: Callable[[str], None]
    """Takes a line for people: what is being measured now, what is left out."""
    quick: bool = False
    """Whether to end within about ten seconds, compilation aside, at the cost of precision."""
    only: str = ""
    """Part of a name: a benchmark of many rows leaves out those that do not hold it."""
    keep: Path | None = None
    """The file in which a benchmark that takes long keeps what it has made, for the next run."""


class Benchmark(Protocol):
    """What the entry points of the group lead to."""

    def __call__(self, setting: Setting) -> Iterator[Measurement]:
        """Measure, and yield each number as soon as it is known."""
        ...


def shortest_times(
    *works: Callable[[], object], seconds: float, clock: Callable[[], float] = perf_counter
) -> list[float]:
    """Return the shortest time of each of ``works``, in seconds a call by ``clock``.

    They take turns until ``seconds`` have gone by, at least three rounds: what else the machine
    does then falls on all of them, and their ratios hold where their times do not. The shortest
    time is the one least disturbed. Each is called once beforehand, untimed.
    """
    for work in works:
        work()
    best = [float("inf")] * len(works)
    started, rounds = perf_counter(), 0
    while rounds < 3 or perf_counter() - started < seconds:
        for k, work in enumerate(works):
            before = clock()
            work()
            best[k] = min(best[k], clock() - before)
        rounds += 1
    return best
