"""Matches between agents in this process: mirrored starts, both seats, scores with intervals.

``play_match`` plays two agents at hand; ``play_specs`` makes them from SPECs in as many processes
as asked for, and gives the same tally for any number of them, unless an agent looks at the clock.
Both are meant for measuring strength during development, training and benchmarks; rounds with
untrusted models are the arena's work.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final, Protocol

import numpy as np

from agents.intervals import wilson
from tron_env.agent import Agent, make_agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import Float32Array, IntArray, Outcome, SeedArray

BLOCK_STARTS: Final = 8
"""Starts that one process plays in lockstep: small, so that all processes end together."""

Progress = Callable[["Tally"], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """Results of paired games as the first agent sees them.

    Attributes:
        pairs: how many starts gave 0, 1/2, 1, 3/2 and 2 points over their two games.
        draws: drawn games.
        plies: of all games.
    """

    pairs: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    draws: int = 0
    plies: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        low, *rest = (a + b for a, b in zip(self.pairs, other.pairs, strict=True))
        return Tally(
            (low, rest[0], rest[1], rest[2], rest[3]),
            self.draws + other.draws,
            self.plies + other.plies,
        )

    @property
    def starts(self) -> int:
        """How many starts were played."""
        return sum(self.pairs)

    @property
    def games(self) -> int:
        """How many games were played."""
        return 2 * self.starts

    @property
    def wins(self) -> int:
        """How many games the first agent won."""
        points = sum(count * halves for halves, count in enumerate(self.pairs))
        return (points - self.draws) // 2

    @property
    def losses(self) -> int:
        """How many games the second agent won."""
        return self.games - self.wins - self.draws

    @property
    def score(self) -> float:
        """Mean points a game: win 1, draw 1/2, loss 0; one half of nothing played.

        >>> Tally((1, 0, 1, 0, 2)).score
        0.625
        """
        if not self.starts:
            return 0.5
        return sum(count * points for points, count in enumerate(self.pairs)) / (4 * self.starts)

    def interval(self) -> tuple[float, float]:
        """Return the 95% confidence interval of the score.

        The two games of a start are not independent, so the variance is that of pairs. It enters
        Wilson's interval as an effective number of games, between as many as there are starts and
        as many as there are games, which keeps it sensible near 0 and 1.

        >>> low, high = Tally((0, 0, 0, 0, 100)).interval()
        >>> round(low, 3), high
        (0.963, 1.0)
        """
        n, p = self.starts, self.score
        if not n:
            return wilson(0, 0)
        variance = sum(c * (k / 4 - p) ** 2 for k, c in enumerate(self.pairs)) / n
        games = min(max(p * (1 - p) / variance, 1), 2) * n if variance else float(n)
        return wilson(p * games, games)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.score:.3f} [{low:.3f}, {high:.3f}] in {self.games} games"


class Played(Protocol):
    """Blocks of a match that need not be played again."""

    def get(self, block: int) -> Tally | None:
        """Return what a block gave, or None where it has not been played."""
        ...

    def add(self, block: int, tally: Tally) -> None:
        """Take what a block gave."""
        ...


def start_seeds(starts: int, seed: int) -> SeedArray:
    """Return uint64 ``(starts,)``: the start seeds of a match."""
    return np.random.default_rng(seed).integers(2**64, size=starts, dtype=np.uint64)


def play_match(
    first: Agent,
    second: Agent,
    starts: int,
    *,
    seed: int = 0,
    ruleset: Ruleset = ARENA,
) -> Tally:
    """Play every start twice with seats exchanged, all games in lockstep.

    Args:
        first: whose points are counted.
        second: the other agent; it may be the same object.
        starts: at least 1.
        seed: of the starts, at least 0.
        ruleset: of the games.
    """
    return _play(first, second, start_seeds(starts, seed), ruleset)


def play_specs(
    first: str,
    second: str,
    starts: int,
    *,
    seed: int = 0,
    ruleset: Ruleset = ARENA,
    workers: int = 1,
    block_starts: int = BLOCK_STARTS,
    played: Played | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Play a match between two SPECs in ``workers`` processes; ``progress`` is told the tally.

    Args:
        first: SPEC of the agent whose points are counted.
        second: SPEC of the other.
        starts: at least 1.
        seed: of the starts, at least 0.
        ruleset: of the games.
        workers: processes.
        block_starts: starts that are played in lockstep, by agents made for them.
        played: blocks that need not be played again; the others are added, each as soon as it
            and all before it have ended.
        progress: called after each block.

    Raises:
        AgentSpecError: a SPEC cannot be made into an agent.
    """
    make_agent(first), make_agent(second)
    seeds = start_seeds(starts, seed)
    missing: dict[int, SeedArray] = {}
    total = Tally()
    for block, begin in enumerate(range(0, starts, block_starts)):
        known = played.get(block) if played is not None else None
        if known is None:
            missing[block] = seeds[begin : begin + block_starts]
        else:
            total += known
    tallies = _tallies(first, second, list(missing.values()), ruleset, workers)
    for block, tally in zip(missing, tallies, strict=True):
        if played is not None:
            played.add(block, tally)
        total += tally
        if progress is not None:
            progress(total)
    return total


def _tallies(
    first: str, second: str, blocks: list[SeedArray], ruleset: Ruleset, workers: int
) -> Iterator[Tally]:
    arguments = [(first, second, block, ruleset) for block in blocks]
    if min(workers, len(blocks)) <= 1:
        yield from map(_play_block, arguments)
        return
    # Spawned: Numba and ONNX Runtime keep threads, which do not survive a fork.
    with ProcessPoolExecutor(min(workers, len(blocks)), get_context("spawn")) as pool:
        yield from pool.map(_play_block, arguments)


def _play_block(arguments: tuple[str, str, SeedArray, Ruleset]) -> Tally:
    first, second, seeds, ruleset = arguments
    return _play(make_agent(first), make_agent(second), seeds, ruleset)


def _play(first: Agent, second: Agent, seeds: SeedArray, ruleset: Ruleset) -> Tally:
    n = 2 * len(seeds)
    engine = BatchEngine(ruleset, n)
    engine.reset(np.arange(n), np.repeat(seeds, 2))
    seat_of_first = np.arange(n) % 2
    while (live := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
        actions = np.zeros((n, 2), dtype=np.uint8)
        for agent, seats in ((first, seat_of_first[live]), (second, 1 - seat_of_first[live])):
            actions[live, seats] = agent.act(engine, live, seats)
        engine.step(actions)
    return _tally(_points(engine, seat_of_first), int(engine.plies.sum()))


def _points(engine: BatchEngine, seats: IntArray) -> Float32Array:
    """Return float32 ``(n,)``: what each finished game is worth to the rider of its seat."""
    wins = np.where(seats == 0, Outcome.FIRST_WINS, Outcome.SECOND_WINS)
    points = np.where(engine.outcomes >= Outcome.DRAW, 0.5, engine.outcomes == wins)
    return points.astype(np.float32)


def _tally(points: Float32Array, plies: int) -> Tally:
    counts = np.bincount((2 * points.reshape(-1, 2).sum(axis=1)).astype(np.intp), minlength=5)
    a, b, c, d, e = counts.tolist()
    return Tally((a, b, c, d, e), int((points == 0.5).sum()), plies)
