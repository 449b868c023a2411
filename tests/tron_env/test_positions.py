"""Positions in memory that is used again: always what a fresh gather would write."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tron_env.test_rows import moved
from tron_env.batch import BatchEngine
from tron_env.errors import RulesetError
from tron_env.positions import Positions
from tron_env.ruleset import ARENA, Ruleset

GAMES = 6


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    ruleset=st.sampled_from([ARENA, Ruleset(height=8, width=11)]),
    plies=st.integers(1, 30),
)
def test_positions_are_what_a_fresh_gather_writes(seed, ruleset, plies):
    random = np.random.Generator(np.random.PCG64(seed))
    engine = BatchEngine(ruleset, GAMES)
    engine.reset(np.arange(GAMES), random.integers(0, 2**63, GAMES).astype(np.uint64))
    positions = Positions(engine)
    for _ in range(plies):
        count = random.integers(0, 2 * GAMES)
        games, seats = random.integers(0, GAMES, count), random.integers(0, 2, count)
        fresh = np.full((count, 5, ruleset.height, ruleset.width), 7, np.float32)
        engine.gather(games, seats, fresh)
        np.testing.assert_array_equal(positions.of(games, seats), fresh)
        moved(engine, np.arange(GAMES), random)


@pytest.mark.parametrize(
    ("games", "seats"), [([-1], [0]), ([2], [0]), ([0], [2]), ([0], [-1]), ([0], [0, 1])]
)
def test_riders_that_there_are_not_have_no_position(games, seats):
    engine = BatchEngine(ARENA, 2)
    positions = Positions(engine)
    with pytest.raises(RulesetError):
        positions.of(np.array(games, dtype=np.intp), np.array(seats, dtype=np.intp))
