"""Positions of real games that admission puts to a model, from the first ply to the last.

The riders hug walls, so that their games are long: what a model does late in a game is seen too.
"""

from typing import Final

import numpy as np

from agents.heuristic import ValueAgent, WallHugger
from arena.divisions import BATCH
from arena.wire import OBSERVATION_SHAPE
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import ACTIONS, SEATS, BoolArray, Float32Array, Outcome, UInt8Array

PROBES: Final = BATCH
FRESH: Final = 16
"""Of them, drawn anew at every admission, so that no file can know them."""
KEPT_SEED: Final = 71
"""Draws the others; of the seeds 60 to 74 the one whose games last longest: 446 own cells."""
GAMES: Final = 64
STRAY: Final = 0.05
"""How often a rider takes any accepted action, so that games differ by more than their starts."""


def probe_positions(seed: int) -> tuple[Float32Array, BoolArray, UInt8Array]:
    """Return ``PROBES`` positions, shuffled, ``FRESH`` of them drawn by ``seed``.

    Returns:
        Observations ``(PROBES, 5, 32, 32)``, accepted actions bool ``(PROBES, 4)`` with at least
        one a row, and headings uint8 ``(PROBES,)``. The same at every call with the same seed.
    """
    kept, fresh = _drawn(KEPT_SEED, PROBES - FRESH), _drawn(seed, FRESH)
    order = np.random.Generator(np.random.PCG64(KEPT_SEED)).permutation(PROBES)
    observations = np.concatenate((kept[0], fresh[0]))[order]
    masks = np.concatenate((kept[1], fresh[1]))[order]
    headings = np.concatenate((kept[2], fresh[2]))[order]
    return observations, masks, headings


def _drawn(seed: int, count: int) -> tuple[Float32Array, BoolArray, UInt8Array]:
    """Return positions at plies evenly spread from the first to the last of ``GAMES`` games."""
    generator = np.random.Generator(np.random.PCG64(seed))
    engine = BatchEngine(ARENA, GAMES)
    starts = generator.integers(0, 2**32, GAMES, dtype=np.uint64)
    engine.reset(np.arange(GAMES), starts)
    history = _played_out(engine, generator)
    engine.reset(np.arange(GAMES), starts)
    observations = np.empty((count, *OBSERVATION_SHAPE), np.float32)
    masks = np.empty((count, ACTIONS), np.bool_)
    headings = np.empty(count, np.uint8)
    wanted = np.linspace(0, len(history) - 1, count).astype(np.intp)
    for ply, actions in enumerate(history):
        at = np.flatnonzero(wanted == ply)
        if at.size:
            games, seats = np.nonzero(_able(engine))
            riders = generator.integers(games.size, size=at.size)
            games, seats = games[riders], seats[riders]
            part = slice(at[0], at[-1] + 1)
            engine.gather(games, seats, observations[part])
            masks[part] = engine.masks[games, seats]
            headings[part] = engine.headings[games, seats]
        engine.step(actions)
    return observations, masks, headings


def _played_out(engine: BatchEngine, generator: np.random.Generator) -> list[UInt8Array]:
    """Return the actions ``(GAMES, 2)`` of every ply at which some rider has a choice."""
    hugger = ValueAgent("wall-hugger", WallHugger().values)
    history = []
    while (able := _able(engine)).any():
        games, seats = np.nonzero(able)
        actions = engine.headings.copy()
        actions[games, seats] = hugger.act(engine, games, seats)
        wishes = (generator.random((GAMES, SEATS, ACTIONS)) + engine.masks).argmax(axis=2)
        strays = able & (generator.random((GAMES, SEATS)) < STRAY)
        actions[strays] = wishes[strays]
        history.append(actions)
        engine.step(actions)
    return history


def _able(engine: BatchEngine) -> BoolArray:
    """Return bool ``(GAMES, 2)``: who has an accepted action."""
    able: BoolArray = engine.masks.any(axis=2) & (engine.outcomes == Outcome.ONGOING)[:, None]
    return able
