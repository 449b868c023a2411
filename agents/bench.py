"""`tron bench search` and `tron bench strength`: how fast, how deep and how strong agents are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Final

import numpy as np

from agents import search_nodes
from agents.decisions import FillDecision
from agents.matches import BLOCK_STARTS, Tally, play_specs, start_seeds
from agents.onnx_agent import OnnxAgent
from agents.played import PlayedInFile
from agents.search import CLOCKS, Limit, Minimax, make_minimax
from agents.zoo import shipped, shipped_model
from tron_env.batch import BatchEngine
from tron_env.benchmarks import Measurement, Setting
from tron_env.errors import AgentSpecError
from tron_env.ruleset import ARENA
from tron_env.types import GameState, IntArray, Outcome

POSITIONS: Final = 24
"""Of each kind; a quick run takes the first six."""

MIDDLE_PLY: Final = 30
"""At which middle-game positions are taken."""

STARTS: Final = 100
"""Mirrored starts of a row of the strength table, each played from both seats."""

QUICK_STARTS: Final = 1


def search(setting: Setting) -> Iterator[Measurement]:
    """Measure the search on one core, and the shipped models."""
    count = 6 if setting.quick else POSITIONS
    setting.note(f"{count} middle-game and {count} separated positions of minimax:depth=4")
    middle, apart = positions(count)
    yield from _joint(middle)
    yield from _overruns(middle, apart)
    yield from _fill(apart)
    for model in shipped():
        setting.note(f"shipped model {model.name}")
        yield from _latency(OnnxAgent(model.path, model.name), middle, 10 if setting.quick else 60)


def positions(count: int) -> tuple[BatchEngine, BatchEngine]:
    """Return the same middle-game and separated positions on every machine, ``count`` of each.

    They are from games of a search whose weights are left alone, so that they stay the same.
    """
    engine = BatchEngine(ARENA, 4 * count)
    engine.reset(np.arange(engine.n), start_seeds(engine.n, 2010))
    agent = make_minimax("depth=4,eval=paths")
    middle: list[GameState] = []
    apart: dict[int, GameState] = {}
    while (live := _ongoing(engine)).size and (len(apart) < count or engine.plies.max() < 60):
        actions = np.zeros((engine.n, 2), dtype=np.uint8)
        for game in live.tolist():
            thoughts = [agent.think(engine, game, seat) for seat in range(2)]
            actions[game] = [thought.action for thought in thoughts]
            if all(thought.alone for thought in thoughts):
                apart.setdefault(game, engine.state(game))
            elif engine.plies[game] == MIDDLE_PLY and len(middle) < count:
                middle.append(engine.state(game))
        engine.step(actions)
    return _engine_of(middle), _engine_of([apart[game] for game in sorted(apart)[:count]])


def _ongoing(engine: BatchEngine) -> IntArray:
    return np.flatnonzero(engine.outcomes == Outcome.ONGOING)


def _engine_of(states: list[GameState]) -> BatchEngine:
    engine = BatchEngine(ARENA, len(states))
    for game, state in enumerate(states):
        engine.reset_to_state(game, state)
    return engine


def _joint(middle: BatchEngine) -> Iterator[Measurement]:
    agent = make_minimax("depth=8")
    agent.think(middle, 0, 0)
    started = process_time()
    nodes = sum(agent.think(middle, game, 0).nodes for game in range(middle.n))
    yield Measurement(
        "search: evaluated positions", nodes / (process_time() - started), "positions/s of CPU"
    )
    for spec in ("ms=10", "ms=100"):
        thoughts = [make_minimax(spec).think(middle, game, 0) for game in range(middle.n)]
        depths = [t.depth for t in thoughts if abs(t.value) < search_nodes.PROVEN]
        median = float(np.median(depths)) if depths else 0.0
        yield Measurement(f"search: median depth, {spec}", median, "half-plies")


def _overruns(middle: BatchEngine, apart: BatchEngine) -> Iterator[Measurement]:
    """By processor time, so that what else the machine does does not count."""
    clock = CLOCKS["cpu"]
    for amount in (3, 20):
        for kind, engine in (("contested", middle), ("alone", apart)):
            search = Minimax(Limit.MS, amount, clock=clock)
            search.think(engine, 0, 0)
            longest = 0.0
            for game in range(engine.n):
                started = clock()
                search.think(engine, game, 0)
                longest = max(longest, (clock() - started) * 1000 / amount)
            name = f"search: longest move {kind}, ms={amount},clock=cpu"
            yield Measurement(name, longest, "of the budget", 1.1, at_most=True)


def _fill(apart: BatchEngine) -> Iterator[Measurement]:
    agent = make_minimax("ms=100")
    decision = FillDecision()
    filled = bound = 0
    for game in range(apart.n):
        decision.place(apart, game, 0)
        decision.begin()
        bound += decision.bound
        filled += agent.think(apart, game, 0).value if decision.bound else 0
    yield Measurement("search: filled of the bound, ms=100", filled / max(bound, 1), "of the cells")


def _latency(agent: OnnxAgent, middle: BatchEngine, calls: int) -> Iterator[Measurement]:
    for batch in (1, 8, 64):
        seats = np.zeros(batch, dtype=np.intp)
        agent.act(middle, np.resize(np.arange(middle.n), batch), seats)
        times = []
        for first in range(calls):
            games = np.arange(first, first + batch) % middle.n
            started = perf_counter()
            agent.act(middle, games, seats)
            times.append((perf_counter() - started) * 1000)
        name = f"search: {agent.name}, batch {batch}"
        yield Measurement(f"{name}, a position", float(np.median(times)) / batch, "ms")
        yield Measurement(f"{name}, p99 of a call", float(np.percentile(times, 99)), "ms")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the strength table.

    Attributes:
        first: name of a shipped model, or SPEC with an argument.
        second: SPEC.
        target: score that ``first`` is to reach.
    """

    first: str
    second: str
    target: float | None = None

    @property
    def first_spec(self) -> str:
        """The SPEC of ``first``.

        Raises:
            ZooError: no shipped model has the name.
        """
        return self.first if ":" in self.first else str(shipped_model(self.first).path)

    @property
    def name(self) -> str:
        """What the row is called."""
        return f"{self.first} against {self.second}"

    @property
    def identity(self) -> str:
        """What the row is called in a file of games: another model of the same name is another."""
        if ":" in self.first:
            return self.name
        return f"{self.first}@{shipped_model(self.first).sha256[:12]} against {self.second}"

    def hurried(self) -> "Row":
        """Return the row for a quick run: little time for timed agents, and no target."""
        first, second = (spec.replace("ms=100", "ms=5") for spec in (self.first, self.second))
        return Row(first, second)


TIMED: Final = "minimax:ms=100,clock=cpu"
"""Has 100 ms to itself, whatever else the machine does."""

STRENGTH_ROWS: Final = (
    Row(TIMED, "minimax:depth=6", 0.65),
    Row("minimax:depth=6", "minimax:depth=4"),
    Row("minimax:depth=4", "minimax:depth=4,eval=voronoi"),
    Row("minimax:depth=4", "voronoi"),
    Row("sovereign", "voronoi", 0.97),
    Row("sovereign", "minimax:depth=6", 0.65),
    Row("sovereign", TIMED, 0.50),
    Row("prodigy", "minimax:depth=6"),
    Row("warden", "minimax:depth=6", 0.65),
    Row("duelist", "voronoi", 0.80),
    Row("duelist", "minimax:depth=2", 0.50),
    Row("ppo-small", "wall-hugger", 0.80),
)
"""The strength table: the search against itself, and the champions and the trained policy against
their targets."""


def strength(setting: Setting) -> Iterator[Measurement]:
    """Play the strength table: paired mirrored starts, both seats.

    A quick run only shows that every row can be played; its scores mean next to nothing.
    ``setting.only`` chooses rows by what they are called, such as "warden" or "against voronoi".
    With ``setting.keep`` games are kept as they are played, and those that are kept count.

    Raises:
        AgentSpecError: no row is called so.
    """
    cores = len(os.sched_getaffinity(0))
    starts = QUICK_STARTS if setting.quick else STARTS
    rows = [row for row in STRENGTH_ROWS if setting.only in row.name]
    if not rows:
        names = ", ".join(row.name for row in STRENGTH_ROWS)
        raise AgentSpecError(f"no row of the strength table holds {setting.only!r}: {names}")
    for chosen in rows:
        row = chosen.hurried() if setting.quick else chosen
        met = row.name
        setting.note(f"{met}, {2 * starts} games")

        def progress(tally: Tally, met: str = met) -> None:
            setting.note(f"{met}, of {2 * starts} games: {tally}")

        played = None
        if setting.keep is not None and not setting.quick:
            played = PlayedInFile(setting.keep, row.identity)
        # Timed agents keep what they learnt from move to move: many games at once would crowd it.
        tally = play_specs(
            row.first_spec,
            row.second,
            starts,
            seed=1,
            workers=cores,
            block_starts=1 if "ms=" in row.name else BLOCK_STARTS,
            played=played,
            progress=progress,
        )
        low, high = tally.interval()
        name = f"strength: {met}"
        yield Measurement(name, tally.score, "points a game", row.target)
        yield Measurement(f"{name}, from", low, "points a game")
        yield Measurement(f"{name}, to", high, "points a game")
