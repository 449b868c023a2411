import numpy as np
import pytest

from agents.heuristic import make_random, make_voronoi
from tests.agents.games import observed, play
from tron_env.batch import BatchEngine
from tron_env.observation import encode_state
from tron_env.ruleset import APEX, ARENA


@pytest.fixture(scope="package")
def engine():
    """An engine that shows every fifth position of some games, from either seat."""
    found = []
    for first, second, ruleset, starts in (
        (make_voronoi(""), make_voronoi("reply=mean,tie=open"), ARENA, 8),
        (make_voronoi("tie=open"), make_random(""), ARENA, 4),
        (make_voronoi(""), make_voronoi("reply=still"), APEX, 1),
    ):
        found += play(first, second, starts, ruleset=ruleset)[1]
    found = found[::5]
    engine = BatchEngine(ARENA, len(found))
    engine.reset(np.arange(engine.n), np.arange(engine.n))
    for i, position in enumerate(found):
        engine.cells[i], engine.heads[i] = position.cells, position.heads
        encode_state(i, engine.cells, engine.heads, engine.causes, engine.planes)
    assert engine.n > 250
    return engine


@pytest.fixture(scope="package")
def observations(engine):
    return observed(engine, np.arange(engine.n) % 2)
