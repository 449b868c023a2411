"""Hypothesis strategies and helpers for whole games on the engine."""

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from tests.reference import ReferenceGame
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.spawn import spawns_for
from tron_env.types import Outcome, Seat, UInt8Array

SEEDS = st.integers(0, 2**64 - 1)

RECKLESS = 4
"""Script bytes below this are raw actions, the rest choose among the accepted ones."""

SCRIPTS = st.binary(min_size=1, max_size=400) | st.binary(min_size=200, max_size=400)
"""One byte a seat and ply; a rider whose script ran out rides straight on."""


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Odd and even sizes, both layouts, mostly the default ply limit but often a low one."""
    return Ruleset(
        height=draw(st.integers(8, 20)),
        width=draw(st.integers(8, 20)),
        spawn=draw(st.sampled_from(SpawnLayout)),
        max_plies=draw(st.one_of(st.just(0), st.integers(1, 40))),
    )


def chosen_action(engine: BatchEngine, game: int, seat: int, script: bytes) -> int:
    """Return the raw action that ``script`` asks of one rider at its present ply."""
    place = 2 * int(engine.plies[game]) + seat
    if place >= len(script):
        return int(engine.headings[game, seat])
    code = script[place]
    accepted = np.flatnonzero(engine.masks[game, seat])
    if code < RECKLESS or not len(accepted):
        return code & 3
    return int(accepted[code % len(accepted)])


def chosen_actions(engine: BatchEngine, scripts: list[bytes]) -> UInt8Array:
    """Return uint8 ``(n, 2)``: what each game's script asks of both its riders."""
    return np.array(
        [
            [chosen_action(engine, game, seat, script) for seat in Seat]
            for game, script in enumerate(scripts)
        ],
        dtype=np.uint8,
    )


def plies(engine: BatchEngine, scripts: list[bytes]) -> Iterator[UInt8Array]:
    """Step all games to their ends; after each step yield the actions that were played."""
    while (engine.outcomes == Outcome.ONGOING).any():
        actions = chosen_actions(engine, scripts)
        engine.step(actions)
        yield actions


def reference_of(ruleset: Ruleset, seed: int) -> ReferenceGame:
    """Return the reference's game from the start that ``seed`` names."""
    return ReferenceGame.start(
        ruleset.height,
        ruleset.width,
        ruleset.max_plies,
        spawns_for(ruleset, seed),
        trail_behind=ruleset.spawn is SpawnLayout.MIRRORED,
    )
