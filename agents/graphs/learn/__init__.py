"""``python -m agents.graphs.learn``: fit a search's ``Correction`` to what a deeper search plays.

The search rides against itself; at every third position of both riders the deeper search says what
it would play. A conditional logit foresees that move from the values of all open moves and from
what ``Correction`` knows of them; its coefficients, by that of the value, are the weights. Some
games are held out, to tell whether the correction foresees better than the values alone.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from agents.graphs import twin
from agents.graphs.description import (
    CORRECTION_UNIT,
    DECIDED,
    Correction,
    TreeSearch,
)
from agents.matches import start_seeds
from agents.policy import select_actions
from agents.search import Limit, Minimax
from agents.tune import Float64Array
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import PLANES, BoolArray, Float32Array, IntArray, Outcome

FIRST_PLY: Final = 4
EVERY: Final = 3
RANDOM_MOVES: Final = 0.03
HELD: Final = 5
"""One game of so many is held out."""

STEPS: Final = 30
RIDGE: Final = 1e-3

UNITS: Final = {
    field.name: Correction(**{field.name: unit})
    for field, unit in zip(
        fields(Correction), (CORRECTION_UNIT, CORRECTION_UNIT, 1, 1), strict=True
    )
}
"""Corrections that add what they know, once."""

IN_UNITS: Final = np.array([CORRECTION_UNIT, CORRECTION_UNIT, 1, 1])


@dataclass(frozen=True, slots=True)
class Choices:
    """Positions in which several moves are open.

    Attributes:
        features: float64 ``(k, 4, 5)``, of each move its value and what each unit adds.
        open: bool ``(k, 4)``, the moves that are neither refused nor won or lost.
        chosen: int ``(k,)``, what the deeper search plays.
        games: int ``(k,)``, number of the game.
    """

    features: Float64Array
    open: BoolArray
    chosen: IntArray
    games: IntArray


@dataclass(frozen=True, slots=True)
class Fit:
    """A conditional logit: coefficients ``(m,)``, and how it does on games held out."""

    coefficients: Float64Array
    log_loss: float
    agreement: float


def described(search: TreeSearch, observations: Float32Array) -> Float64Array:
    """Return float64 ``(k, 4, 5)``: values without correction, and what each unit would add."""
    plain = twin.values(replace(search, correction=Correction()), observations)
    added = [
        twin.values(replace(search, correction=unit), observations) - plain
        for unit in UNITS.values()
    ]
    return np.stack([plain, *added], axis=2).astype(np.float64)


def record(search: TreeSearch, games: int, seed: int, nodes: int) -> Choices:
    """Let a search ride against itself, and a search of ``nodes`` positions say its moves."""
    rng = np.random.default_rng(seed)
    deeper = Minimax(Limit.NODES, nodes)
    engine = BatchEngine(ARENA, games)
    engine.reset(np.arange(games), start_seeds(games, seed))
    tables, chosen, numbers = [], [], []
    while (live := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
        actions = np.zeros((games, 2), dtype=np.uint8)
        sampled = engine.plies[live[0]] >= FIRST_PLY and engine.plies[live[0]] % EVERY == 0
        for seat in range(2):
            seats = np.full(live.size, seat)
            seen: Float32Array = np.empty((live.size, PLANES, 32, 32), dtype=np.float32)
            engine.gather(live, seats, seen)
            masks = engine.masks[live, seats]
            if sampled:
                tables.append(described(search, seen))
                numbers.append(live)
                for game in live.tolist():
                    thought = deeper.think(engine, game, seat)
                    chosen.append(-1 if thought.alone else int(thought.action))
                logits = tables[-1][:, :, 0].astype(np.float32)
            else:
                logits = twin.values(search, seen)
            ridden = select_actions(logits, masks, engine.headings[live, seats])
            for i in np.flatnonzero(rng.random(live.size) < RANDOM_MOVES):
                if masks[i].any():
                    ridden[i] = rng.choice(np.flatnonzero(masks[i]))
            actions[live, seat] = ridden
        engine.step(actions)
    features = np.concatenate(tables)
    labels = np.array(chosen)
    open_ = np.abs(features[:, :, 0]) < DECIDED
    useful = (labels >= 0) & (open_.sum(axis=1) > 1) & open_[np.arange(len(labels)), labels]
    return Choices(features[useful], open_[useful], labels[useful], np.concatenate(numbers)[useful])


def fit(choices: Choices, columns: int) -> Fit:
    """Fit the first ``columns`` features by Newton's method, to the games not held out."""
    table = choices.features[:, :, :columns]
    table = np.where(choices.open[:, :, np.newaxis], table, 0)
    scale = table[choices.open].std(axis=0) + 1e-9
    table = table / scale
    held = choices.games % HELD == 0
    found = np.zeros(columns)
    taken = np.eye(4)[choices.chosen]
    for _ in range(STEPS):
        chances = _chances(table, choices.open, found)[~held]
        seen = table[~held]
        slope = np.einsum("ka,kaf->f", taken[~held] - chances, seen)
        centred = seen - np.einsum("ka,kaf->kf", chances, seen)[:, np.newaxis]
        bend = np.einsum("ka,kaf,kag->fg", chances, centred, centred)
        found = found + np.linalg.solve(bend + RIDGE * np.eye(columns), slope)
    chances = _chances(table, choices.open, found)[held]
    right = chances[np.arange(held.sum()), choices.chosen[held]]
    agreement = float(np.mean(chances.argmax(axis=1) == choices.chosen[held]))
    return Fit(found / scale, float(-np.mean(np.log(np.maximum(right, 1e-12)))), agreement)


def _chances(table: Float64Array, open_: BoolArray, coefficients: Float64Array) -> Float64Array:
    worth = np.where(open_, table @ coefficients, -np.inf)
    worth = np.exp(worth - worth.max(axis=1, keepdims=True))
    chances: Float64Array = worth / worth.sum(axis=1, keepdims=True)
    return chances


def correction_of(found: Fit) -> Correction:
    """Return the whole-numbered correction nearest to a fit, within what is allowed."""
    weights = np.rint(found.coefficients[1:] / found.coefficients[0] * IN_UNITS).astype(int)
    limits = np.array([1024, 1024, 3000, 3000])
    return Correction(*np.clip(weights, -limits, limits).tolist())
