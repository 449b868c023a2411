"""Games to be timed: recorded once, so that everything compared plays exactly the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tron_env.batch import BatchEngine
from tron_env.bench_yardstick import ONGOING, PlainGame
from tron_env.restarting import NEXT_GAME
from tron_env.ruleset import ARENA, Ruleset
from tron_env.spawn import random_u64
from tron_env.types import ACTIONS, SEATS, BoolArray, SeedArray, UInt8Array

LEAST_REPEATS = 3
STEPS_TIMED = 8


@dataclass(frozen=True, slots=True)
class Script:
    """The actions of ``n`` games for some plies, games that follow an ended one included."""

    ruleset: Ruleset
    seeds: SeedArray
    actions: tuple[UInt8Array, ...]
    """For each ply uint8 ``(n, 2)``."""

    @property
    def n(self) -> int:
        """How many games there are at a time."""
        return len(self.seeds)

    @property
    def plies(self) -> int:
        """How many duel plies there are in all."""
        return self.n * len(self.actions)


def write_script(ruleset: Ruleset, n: int, plies: int) -> Script:
    """Record games with random accepted actions."""
    rng = np.random.default_rng(n)
    seeds = rng.integers(0, 2**64, n, dtype=np.uint64)
    engine = BatchEngine(ruleset, n)
    engine.reset(range(n), seeds)
    actions = []
    for _ in range(plies):
        wishes = rng.random(engine.masks.shape, dtype=np.float32) + engine.masks
        actions.append(wishes.argmax(axis=2).astype(np.uint8))
        engine.step_restarting(actions[-1])
    return Script(ruleset, seeds, tuple(actions))


def shortest_ply_times(
    start: Callable[[], object], plies: Sequence[Callable[[], object]], seconds: float
) -> NDArray[np.float64]:
    """Return the shortest time of each of ``plies`` in seconds, over repeats of all of them.

    Some plies are dearer than others, where games end; so each is compared with itself alone, and
    what disturbs one is forgotten with the next repeat. ``start`` is not timed.
    """
    best: NDArray[np.float64] = np.full(len(plies), np.inf)
    began, repeats = perf_counter(), 0
    while repeats < LEAST_REPEATS or perf_counter() - began < seconds:
        start()
        for k, play in enumerate(plies):
            before = perf_counter()
            play()
            best[k] = min(best[k], perf_counter() - before)
        repeats += 1
    return best


def engine_time(script: Script, seconds: float, threads: int = 1) -> float:
    """Return the seconds that one duel ply takes the engine, actions given from outside.

    Masks and uint8 observations of both seats are then ready, ended games are kept and followed.
    """
    engine = BatchEngine(script.ruleset, script.n, threads=threads)
    plies = [_play(engine, actions) for actions in script.actions]
    times = shortest_ply_times(lambda: engine.reset(range(script.n), script.seeds), plies, seconds)
    return float(times.sum()) / script.plies


def _play(engine: BatchEngine, actions: UInt8Array) -> Callable[[], object]:
    return lambda: engine.step_restarting(actions)


def two_threads(seconds: float = 3.0) -> float:
    """Return how many times faster two threads play 8192 games than one."""
    script = write_script(ARENA, 8192, 20)
    return engine_time(script, seconds) / engine_time(script, seconds, threads=2)


def recorded_steps(
    start: Callable[[], object],
    step: Callable[[NDArray[np.int64]], object],
    masks: Callable[[], BoolArray],
    plies: int = 30,
) -> list[NDArray[np.int64]]:
    """Play random accepted actions in a vector environment and return them, ``(n,)`` a ply."""
    rng = np.random.default_rng(0)
    start()
    actions = []
    for _ in range(plies):
        accepted = masks()
        actions.append((rng.random(accepted.shape) + accepted).argmax(axis=1))
        step(actions[-1])
    return actions


class PlainGames:
    """The script's games, as objects of the yardstick."""

    def __init__(self, script: Script, kind: type[PlainGame]) -> None:
        """Start them."""
        self.script = script
        self.kind = kind
        self.seeds = [int(seed) for seed in script.seeds]
        self.games = [kind(script.ruleset, seed) for seed in self.seeds]

    def play(self, ply: int, games: range) -> list[Any]:
        """Play one ply of some games and return what each seat then has, in order."""
        seen: list[Any] = []
        for i, actions in zip(games, self.script.actions[ply][games].tolist(), strict=True):
            game = self.games[i]
            game.step(actions)
            if game.outcome != ONGOING:
                self.seeds[i] = int(random_u64(np.uint64(self.seeds[i]), NEXT_GAME))
                game = self.games[i] = self.kind(self.script.ruleset, self.seeds[i])
            seen.extend((game.observation(seat), game.mask(seat)) for seat in range(SEATS))
        return seen


def yardstick_time(script: Script, kind: type[PlainGame], seconds: float) -> float:
    """Return the seconds that one duel ply takes the yardstick."""
    played: list[PlainGames] = []

    def start() -> None:
        played[:] = [PlainGames(script, kind)]

    def part(ply: int, games: range) -> Callable[[], object]:
        return lambda: played[0].play(ply, games)

    # In small parts, as a part that the machine leaves alone is found sooner.
    chunks = [range(k, min(k + 16, script.n)) for k in range(0, script.n, 16)]
    parts = [part(ply, chunk) for ply in range(len(script.actions)) for chunk in chunks]
    return float(shortest_ply_times(start, parts, seconds).sum()) / script.plies


class Steppable(Protocol):
    """What ``TronEnv`` and the yardstick's environment have in common."""

    def reset(self, *, seed: int) -> tuple[Any, dict[str, Any]]:
        """Start a game."""
        ...

    def step(self, action: int, /) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Play one ply."""
        ...


def environment_time(environment: Steppable, seconds: float, episodes: int = 8) -> float:
    """Return the seconds of a step of an environment, starts aside."""
    rng = np.random.default_rng(0)
    total, steps = 0.0, 0
    for seed in range(episodes):
        _, info = environment.reset(seed=seed)
        actions: list[int] = []
        over = False
        while not over:
            actions.append(int((rng.random(ACTIONS) + info["action_mask"]).argmax()))
            _, _, terminated, truncated, info = environment.step(actions[-1])
            over = terminated or truncated
        # Some steps at a time, as looking at the clock takes a tenth of one.
        runs = [actions[k : k + STEPS_TIMED] for k in range(0, len(actions), STEPS_TIMED)]
        plies = [partial(_take, environment, run) for run in runs]
        times = shortest_ply_times(partial(environment.reset, seed=seed), plies, seconds / episodes)
        total, steps = total + float(times.sum()), steps + len(actions)
    return total / steps


def _take(environment: Steppable, actions: list[int]) -> None:
    for action in actions:
        environment.step(action)
