"""Games to record, played by the batch engine."""

import dataclasses

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from replays.format import PERSON, Ending, Replay, TakeOver
from tron_env.agent import Agent, make_agent
from tron_env.batch import BatchEngine
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn


def play(
    ruleset: Ruleset,
    seed: int,
    *,
    spawns: tuple[Spawn, Spawn] | None = None,
    careful: float = 0.9,
    models: tuple[bytes, bytes] = (PERSON, PERSON),
) -> Replay:
    """Play and record a random game; ``careful`` is the share of actions that are accepted ones."""
    engine = BatchEngine(ruleset, 1)
    if spawns is None:
        engine.reset([0], [seed])
    else:
        engine.reset_to(0, spawns)
    start = engine.state(0)
    rng = np.random.default_rng(seed)
    ridden = []
    while engine.outcomes[0] == Outcome.ONGOING:
        actions = rng.integers(0, 4, (1, 2))
        for seat in (0, 1):
            accepted = np.flatnonzero(engine.masks[0, seat])
            if accepted.size and rng.random() < careful:
                actions[0, seat] = rng.choice(accepted)
        engine.step(actions)
        ridden.append(engine.headings[0].copy())
    end = engine.state(0)
    (row_0, col_0), (row_1, col_1) = start.heads
    return Replay(
        ruleset=ruleset,
        seed=seed if spawns is None else None,
        spawns=(
            Spawn(row_0, col_0, start.headings[0]),
            Spawn(row_1, col_1, start.headings[1]),
        ),
        actions=np.array(ridden),
        outcome=end.outcome,
        causes=end.causes,
        models=models,
    )


def alive() -> tuple[DeathCause, DeathCause]:
    return DeathCause.NONE, DeathCause.NONE


rulesets = st.builds(
    Ruleset,
    height=st.integers(8, 64),
    width=st.integers(8, 64),
    spawn=st.sampled_from(SpawnLayout),
    max_plies=st.sampled_from([0, 1, 7, 40]),
)
"""Every kind of ruleset, some of whose games are cut off by the ply limit."""


@st.composite
def replays(draw: st.DrawFn) -> Replay:
    """Recorded games of any ruleset, from seeds and from explicit spawns."""
    ruleset = draw(rulesets)
    spawns = None
    if draw(st.booleans()):
        cells = draw(
            st.lists(
                st.tuples(
                    st.integers(1, ruleset.height - 2),
                    st.integers(1, ruleset.width - 2),
                ),
                min_size=2,
                max_size=2,
                unique=True,
            )
        )
        spawns = tuple(Spawn(*cell, draw(st.sampled_from(Action))) for cell in cells)
        # One cell cannot be the trail behind both.
        behind = {(row - ROW_STEP[way], col - COL_STEP[way]) for row, col, way in spawns}
        assume(ruleset.spawn is SpawnLayout.CORNERS or len(behind) == 2)
    prefixes = st.binary(min_size=8, max_size=8)
    riders = st.one_of(st.just(PERSON), prefixes)
    replay = play(
        ruleset,
        draw(st.integers(0, 2**64 - 1)),
        spawns=spawns,
        careful=draw(st.sampled_from([0.0, 0.9, 1.0])),
        models=(draw(riders), draw(riders)),
    )
    people = [seat for seat in Seat if replay.models[seat] == PERSON]
    if not people or draw(st.booleans()):
        return replay
    ply, seat = draw(st.integers(0, replay.plies)), draw(st.sampled_from(people))
    return dataclasses.replace(replay, takeover=TakeOver(draw(prefixes), ply, seat))


def duel(ruleset: Ruleset, seed: int, first: str, second: str) -> Replay:
    """Play and record a game between two agents named by their SPECs."""
    return recorded(ruleset, seed, (make_agent(first), make_agent(second)))


def recorded(ruleset: Ruleset, seed: int, agents: tuple[Agent, Agent]) -> Replay:
    """Play and record a game from a seeded start."""
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    start = engine.state(0)
    ridden = []
    while engine.outcomes[0] == Outcome.ONGOING:
        actions = [
            agent.act(engine, np.array([0]), np.array([seat])) for seat, agent in enumerate(agents)
        ]
        engine.step(np.array(actions, dtype=np.uint8).reshape(1, 2))
        ridden.append(engine.headings[0].copy())
    end = engine.state(0)
    first, second = (
        Spawn(*cell, heading) for cell, heading in zip(start.heads, start.headings, strict=True)
    )
    return Replay(
        ruleset=ruleset,
        seed=seed,
        spawns=(first, second),
        actions=np.array(ridden),
        outcome=end.outcome,
        causes=end.causes,
    )


def scripted(
    first: tuple[Spawn, str],
    second: tuple[Spawn, str],
    *,
    height: int = 8,
    width: int = 8,
    max_plies: int = 0,
    ending: Ending = Ending.RULES,
) -> Replay:
    """Record a game from explicit spawns and headings such as ``"RRD"``, without a trail behind.

    An ending other than ``RULES`` stops the game after the last heading.
    """
    ruleset = Ruleset(height, width, SpawnLayout.CORNERS, max_plies)
    engine = BatchEngine(ruleset, 1)
    engine.reset_to(0, (first[0], second[0]))
    actions = np.array(
        [["URDL".index(way) for way in pair] for pair in zip(first[1], second[1], strict=True)],
        dtype=np.uint8,
    ).reshape(-1, 2)
    for row in range(len(actions)):
        assert engine.outcomes[0] == Outcome.ONGOING, f"the game is over at ply {row}"
        engine.step(actions[row : row + 1])
    assert (engine.outcomes[0] == Outcome.ONGOING) == (ending is not Ending.RULES)
    end = engine.state(0)
    outcome = Outcome.FIRST_WINS if ending is Ending.FORFEIT else end.outcome
    return Replay(
        ruleset=ruleset,
        seed=None,
        spawns=(first[0], second[0]),
        actions=actions,
        outcome=outcome,
        causes=end.causes,
        ending=ending,
    )
