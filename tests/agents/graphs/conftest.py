import numpy as np
import pytest

from agents.heuristic import make_random, make_voronoi
from tests.agents.games import observed, play, showing
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
    engine = showing(found[::5])
    assert engine.n > 250
    return engine


@pytest.fixture(scope="package")
def observations(engine):
    return observed(engine, np.arange(engine.n) % 2)


@pytest.fixture(scope="package")
def ten_thousand():
    """What riders see in whole games."""
    found = play(make_voronoi(""), make_voronoi("tie=open"), 50)[1][:10_000]
    assert len(found) == 10_000
    return observed(showing(found), np.arange(len(found)) % 2)
