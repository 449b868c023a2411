"""Weights of the search's evaluation, from games that the search plays against itself.

    python -m agents.tune --games 500 --seed 1

Both riders search a few hundred positions a move and now and then make a random one. Every position
of a game is described by what the evaluation says of it under unit weights, and labelled with the
game's result; where the riders have parted it is decided by the longest paths found, so that the
endgame's play does not blur it. A logistic regression without a constant, fitted to four fifths of
the games, gives the weights; the other fifth tells how well they foresee results. A result is the
surer, the less room is left: features are divided by the free cells plus ``CALM``.

What a regression proposes is a proposal: it was adopted only after it won matches, see
``docs/search.md``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.decisions import FillDecision
from agents.evaluation import CHAMBERS, Weights, evaluate
from agents.matches import start_seeds
from agents.search import Limit, Minimax
from tron_env import territory
from tron_env.batch import BatchEngine
from tron_env.chambers import new_numbers
from tron_env.lanes import new_rows
from tron_env.ruleset import ARENA
from tron_env.types import IntArray, Outcome

Float64Array = NDArray[np.float64]

NOTHING: Final = Weights(*(0,) * 8)

FEATURES: Final = {
    "path": replace(NOTHING, cell=CHAMBERS.cell, edge=CHAMBERS.edge),
    "fill": replace(NOTHING, cell=1),
    "edges": replace(NOTHING, edge=1),
    "inner": replace(NOTHING, inner=1),
    "plain": replace(NOTHING, plain=1),
}
"""What is measured of each position: the evaluation under these weights."""

MODELS: Final = (
    ("path",),
    ("plain",),
    ("fill", "edges"),
    ("path", "plain"),
    ("path", "inner"),
    ("path", "inner", "plain"),
)
"""Sets of features that are compared."""

SEARCHED: Final = 250
"""Positions a move in the games."""

RANDOM_MOVES: Final = 0.02
FIRST_PLY: Final = 6
EVERY: Final = 3
"""Every third ply is a sample: neighbours say much the same."""

CALM: Final = 150


@dataclass(frozen=True, slots=True)
class Samples:
    """Positions of decided games, as seat 0 sees them.

    Attributes:
        features: float64 ``(k, len(FEATURES))``.
        free: float64 ``(k,)``, free cells.
        won: float64 ``(k,)``, 1 or 0.
        games: ``(k,)``, number of the game.
    """

    features: Float64Array
    free: Float64Array
    won: Float64Array
    games: IntArray


@dataclass(frozen=True, slots=True)
class Fit:
    """A regression: weights, the first one as it is in ``CHAMBERS``, and how well it foresees."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    log_loss: float
    accuracy: float


class Recorder:
    """Plays games and describes their positions."""

    def __init__(self, nodes: int) -> None:
        self._search = Minimax(Limit.NODES, nodes)
        self._fill = FillDecision()
        self._numbers = new_numbers()
        self._units = [weights.array() for weights in FEATURES.values()]

    def game(self, start: int, rng: np.random.Generator) -> tuple[list[list[int]], float]:
        """Play one game; return what each sample is like, free cells last, and seat 0's points."""
        engine = BatchEngine(ARENA, 1)
        engine.reset([0], [start])
        rows: list[list[int]] = []
        while engine.outcomes[0] == Outcome.ONGOING:
            thoughts = [self._search.think(engine, 0, seat) for seat in range(2)]
            if any(thought.alone for thought in thoughts):
                return rows, 0.5 + 0.5 * self._fill.longer(engine, 0)
            if engine.plies[0] >= FIRST_PLY and engine.plies[0] % EVERY == 0:
                rows.append(self._described(engine))
            actions = np.array([[thought.action for thought in thoughts]], dtype=np.uint8)
            for seat in range(2):
                accepted = np.flatnonzero(engine.masks[0, seat])
                if accepted.size and rng.random() < RANDOM_MOVES:
                    actions[0, seat] = rng.choice(accepted)
            engine.step(actions)
        points = {Outcome.FIRST_WINS: 1.0, Outcome.SECOND_WINS: 0.0}
        return rows, points.get(Outcome(engine.outcomes[0]), 0.5)

    def _described(self, engine: BatchEngine) -> list[int]:
        ruleset = engine.ruleset
        free = new_rows(ruleset.height, ruleset.width)
        territory.pack_free(0, engine.cells, free)
        heads = engine.heads[0].reshape(-1).tolist()
        values = [evaluate(free, *heads, False, unit, self._numbers) for unit in self._units]
        return [*values, territory.count(free)]


def record(games: int, seed: int, nodes: int = SEARCHED) -> Iterator[Samples]:
    """Play games and yield the samples of each decided one."""
    recorder = Recorder(nodes)
    rng = np.random.default_rng(seed)
    for number, start in enumerate(start_seeds(games, seed).tolist()):
        rows, points = recorder.game(start, rng)
        if rows and points != 0.5:
            table = np.array(rows, dtype=np.float64)
            k = len(rows)
            yield Samples(table[:, :-1], table[:, -1], np.full(k, points), np.full(k, number))


def joined(parts: list[Samples]) -> Samples:
    """Return all samples as one."""
    return Samples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.free for part in parts]),
        np.concatenate([part.won for part in parts]),
        np.concatenate([part.games for part in parts]),
    )


def fit(samples: Samples, names: tuple[str, ...], steps: int = 40) -> Fit:
    """Fit a logistic regression by Newton's method to four fifths of the games."""
    columns = [list(FEATURES).index(name) for name in names]
    table = samples.features[:, columns] / (samples.free + CALM)[:, np.newaxis]
    scale = table.std(axis=0) + 1e-12
    table = table / scale
    held = np.unique(samples.games, return_inverse=True)[1] % 5 == 0
    seen, won = table[~held], samples.won[~held]
    found = np.zeros(len(names))
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-(seen @ found)))
        slope = seen.T @ (chance - won)
        bend = (seen * (chance * (1 - chance))[:, np.newaxis]).T @ seen
        found = found - np.linalg.solve(bend + 1e-3 * np.eye(len(names)), slope)
    chance = np.clip(1 / (1 + np.exp(-(table[held] @ found))), 1e-9, 1 - 1e-9)
    right = samples.won[held]
    loss = -np.mean(right * np.log(chance) + (1 - right) * np.log(1 - chance))
    found = found / scale
    return Fit(
        names,
        tuple((found / abs(found[0])).tolist()),
        float(loss),
        float(np.mean((chance > 0.5) == (right > 0.5))),
    )
