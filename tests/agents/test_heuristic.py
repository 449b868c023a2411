import numpy as np
import pytest

from agents.heuristic import Reply, TieBreak, make_random, make_voronoi, make_wall_hugger
from agents.values import HUG_SCALE, REJECTED, REPLY_SCALE, WIN, voronoi_values
from tests.agents.games import play
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.ruleset import ARENA, Ruleset
from tron_env.territory import territory
from tron_env.types import Action, CellKind, Spawn

SPECS = [
    "random",
    "random:seed=9",
    "wall-hugger",
    "wall-hugger:order=ldru",
    "voronoi",
    "voronoi:other=0",
    "voronoi:own=2,other=4",
    *(f"voronoi:reply={reply},tie={tie}" for reply in Reply for tie in TieBreak),
]
EVEN = Ruleset(height=16, width=12)
ODD = Ruleset(height=9, width=40)


def advanced(ruleset, n, plies, seed=0):
    """A batch of games some random plies old; some are over."""
    engine = BatchEngine(ruleset, n)
    engine.reset(np.arange(n), np.arange(seed, seed + n))
    mover = make_random("")
    for _ in range(plies):
        actions = np.zeros((n, 2), np.uint8)
        for seat in range(2):
            actions[:, seat] = mover.act(engine, np.arange(n), np.full(n, seat))
        engine.step(actions)
    return engine


def board(*rows, heads, headings=(Action.UP, Action.UP)):
    """An engine whose one game shows ``rows``: ``.`` free, ``o`` and ``x`` trails."""
    kinds = {".": CellKind.EMPTY, "o": CellKind.TRAIL_0, "x": CellKind.TRAIL_1}
    inner = np.array([[kinds[mark] for mark in row] for row in rows], np.uint8)
    ruleset = Ruleset(height=inner.shape[0] + 2, width=inner.shape[1] + 2)
    engine = BatchEngine(ruleset, 1)
    engine.reset_to(0, (Spawn(2, 2, headings[0]), Spawn(4, 4, headings[1])))
    engine.cells[0, 1:-1, 1:-1] = inner
    engine.heads[0] = heads
    for seat in range(2):
        for action, (row, col) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            cell = engine.heads[0, seat] + (row, col)
            engine.masks[0, seat, action] = engine.cells[0, cell[0], cell[1]] == CellKind.EMPTY
    return engine


def act(agent, engine, seat=0):
    return Action(agent.act(engine, np.array([0]), np.array([seat]))[0])


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("ruleset", [ARENA, EVEN, ODD])
def test_every_agent_plays_accepted_actions_whatever_the_batch(spec, ruleset):
    agent = make_agent(spec)
    engine = advanced(ruleset, 24, 25)
    games = np.flatnonzero(engine.outcomes == 0)
    assert games.size > 4
    for seat in range(2):
        seats = np.full(games.size, seat)
        actions = agent.act(engine, games, seats)
        assert actions.dtype == np.uint8
        masks = engine.masks[games, seats]
        stuck = ~masks.any(axis=1)
        assert (masks[np.arange(games.size), actions] | stuck).all()
        assert (actions[stuck] == engine.headings[games, seats][stuck]).all()
        reversed_order = agent.act(engine, games[::-1], seats)[::-1]
        assert (reversed_order == actions).all()
        alone = [agent.act(engine, games[k : k + 1], seats[:1])[0] for k in range(games.size)]
        assert (np.array(alone) == actions).all()


@pytest.mark.parametrize("spec", SPECS)
def test_an_agent_is_called_by_its_spec(spec):
    assert make_agent(spec).name == spec


def test_random_is_uniform_stateless_and_named_by_its_seed():
    engine = BatchEngine(ARENA, 3000)
    games, seats = np.arange(3000), np.zeros(3000, np.intp)
    engine.reset(games, games)
    actions = make_random("").act(engine, games, seats)
    assert (actions == make_random("seed=0").act(engine, games, seats)).all()
    assert np.mean(actions == make_random("seed=1").act(engine, games, seats)) < 0.5
    place = np.array([engine.masks[i, 0, : actions[i]].sum() for i in games])
    choices = engine.masks[:, 0].sum(axis=1)
    for count in (2, 3):
        shares = np.bincount(place[choices == count], minlength=count) / (choices == count).sum()
        assert shares == pytest.approx(np.full(count, 1 / count), abs=0.06)


def test_wall_hugger_prefers_few_ways_on_but_not_none():
    engine = board(
        "......",
        ".x.o..",
        ".xoo..",
        ".xxo..",
        "......",
        "......",
        heads=((3, 3), (5, 1)),
    )
    engine.cells[0, 2, 3] = CellKind.EMPTY
    # Only UP is free for the head at (3, 3).
    assert act(make_wall_hugger(""), engine) is Action.UP
    engine.heads[0, 0] = (4, 4)
    engine.cells[0, 4, 4] = CellKind.TRAIL_0
    engine.masks[0, 0] = (False, True, True, False)
    # RIGHT has three ways on, DOWN three too: the order decides.
    assert act(make_wall_hugger(""), engine) is Action.RIGHT
    assert act(make_wall_hugger("order=dlru"), engine) is Action.DOWN
    engine.cells[0, 5, 3] = CellKind.TRAIL_0
    assert act(make_wall_hugger(""), engine) is Action.DOWN
    engine.cells[0, 6, 4] = engine.cells[0, 5, 5] = CellKind.TRAIL_0
    assert act(make_wall_hugger(""), engine) is Action.RIGHT


def difference_after(engine, seat, actions):
    """Own territory minus the other's after both moved, counted by stepping the real rules."""
    after = BatchEngine(engine.ruleset, 1)
    for name in ("cells", "heads", "headings", "causes", "plies", "outcomes", "planes", "masks"):
        getattr(after, name)[:] = getattr(engine, name)
    after.step(np.array([actions], np.uint8))
    if after.outcomes[0] == 3:
        return 0
    counts = territory(after.cells, after.heads, after.causes)[0]
    return int(counts[seat] - counts[1 - seat])


def test_voronoi_values_are_the_worst_territory_after_any_reply():
    engine = advanced(EVEN, 60, 12)
    checked = 0
    for game in np.flatnonzero(engine.outcomes == 0):
        single = BatchEngine(EVEN, 1)
        for name in ("cells", "heads", "headings", "causes", "outcomes", "planes", "masks"):
            getattr(single, name)[0] = getattr(engine, name)[game]
        for seat in range(2):
            out = np.zeros((1, 4), np.float32)
            arrays = (single.cells, single.heads, single.causes)
            voronoi_values(*arrays, np.array([0]), np.array([seat]), 0, 0, 1, 1, out)
            for action in range(4):
                if not single.masks[0, seat, action]:
                    assert out[0, action] == REJECTED
                    continue
                replies = np.flatnonzero(single.masks[0, 1 - seat])
                values = [
                    difference_after(
                        single, seat, (action, reply) if seat == 0 else (reply, action)
                    )
                    for reply in replies
                ]
                assert out[0, action] == min(values, default=WIN) * REPLY_SCALE * HUG_SCALE
                checked += 1
    assert checked > 100


def test_ladder_of_heuristics():
    agents = {"random": make_random(""), "hugger": make_wall_hugger(""), "vor": make_voronoi("")}
    assert play(agents["hugger"], agents["random"], 30)[0] > 0.8
    assert play(agents["vor"], agents["random"], 30)[0] > 0.9
    assert play(agents["vor"], agents["hugger"], 30)[0] > 0.8


@pytest.mark.parametrize(
    "spec",
    [
        "random:3",
        "random:seed=-1",
        "random:seed=²",
        f"random:seed={2**64}",
        "random:seed=1,seed=2",
        "random:side=left",
        "wall-hugger:order=urdd",
        "wall-hugger:order=",
        "voronoi:reply=best",
        "voronoi:tie=hugs",
        "voronoi:depth=3",
        "voronoi:own=5",
        "voronoi:other=-1",
        "voronoi:other=1.5",
    ],
)
def test_nonsense_arguments_are_named(spec):
    with pytest.raises(AgentSpecError, match=spec.partition(":")[0]):
        make_agent(spec)
