"""Games to record, played by the batch engine."""

import numpy as np
from hypothesis import strategies as st

from replays.format import Replay
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Spawn


def play(
    ruleset: Ruleset,
    seed: int,
    *,
    spawns: tuple[Spawn, Spawn] | None = None,
    careful: float = 0.9,
    models: tuple[bytes, bytes] = (bytes(8), bytes(8)),
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
    return play(
        ruleset,
        draw(st.integers(0, 2**64 - 1)),
        spawns=spawns,
        careful=draw(st.sampled_from([0.0, 0.9, 1.0])),
        models=(draw(st.binary(min_size=8, max_size=8)), draw(st.binary(min_size=8, max_size=8))),
    )
