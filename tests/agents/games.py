"""Games between agents, and positions taken from them, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.observation import encode_state
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import Float32Array, IntArray, Outcome

SIZES = [1, 2, 3, 17, 64, 65, 128, 255]
"""Of batches that many positions are asked in, by turns."""


@dataclass(frozen=True)
class Position:
    cells: np.ndarray
    heads: np.ndarray
    headings: np.ndarray


def play(
    first: Agent, second: Agent, starts: int, *, seed: int = 0, ruleset: Ruleset = ARENA
) -> tuple[float, list[Position]]:
    """Play every start twice with seats exchanged; return ``first``'s score and all positions."""
    n = 2 * starts
    engine = BatchEngine(ruleset, n)
    engine.reset(np.arange(n), np.repeat(np.arange(seed, seed + starts), 2))
    seat_of_first = np.arange(n) % 2
    positions = []
    while (live := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
        actions = np.zeros((n, 2), dtype=np.uint8)
        for agent, seats in ((first, seat_of_first[live]), (second, 1 - seat_of_first[live])):
            actions[live, seats] = agent.act(engine, live, seats)
        positions += [
            Position(engine.cells[i].copy(), engine.heads[i].copy(), engine.headings[i].copy())
            for i in live
        ]
        engine.step(actions)
    wins = np.where(seat_of_first == 0, Outcome.FIRST_WINS, Outcome.SECOND_WINS)
    drawn = engine.outcomes >= Outcome.DRAW
    score = float(np.mean((engine.outcomes == wins) + 0.5 * drawn))
    return score, positions


def showing(positions: Sequence[Position]) -> BatchEngine:
    """Return an engine with a game at each position."""
    engine = BatchEngine(ARENA, len(positions))
    engine.reset(np.arange(engine.n), np.arange(engine.n))
    for i, position in enumerate(positions):
        engine.cells[i], engine.heads[i] = position.cells, position.heads
        encode_state(i, engine.cells, engine.heads, engine.causes, engine.planes)
    return engine


def observed(engine: BatchEngine, seats: IntArray) -> Float32Array:
    """Return what each game's rider in ``seats`` sees, float32 ``(n, 5, 32, 32)``."""
    out = np.empty((engine.n, 5, 32, 32), np.float32)
    engine.gather(np.arange(engine.n), seats, out)
    return out
