"""Rows of a tensor that riders keep: always what a fresh gather would write, and no gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tron_env.batch import BatchEngine
from tron_env.errors import RulesetError
from tron_env.rows import KeptRows
from tron_env.ruleset import ARENA
from tron_env.types import Outcome

GAMES = 6


def moved(engine, games, random):
    """Play a ply of these games: mostly accepted moves, now and then any."""
    masks = engine.masks[games] | (random.random((len(games), 2, 4)) < 0.05)
    engine.step_games(
        games, (random.random(masks.shape) * (masks + 0.01)).argmax(2).astype(np.uint8)
    )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), asked_often=st.sampled_from([0.3, 0.9, 1.0]))
def test_rows_hold_what_riders_see_whoever_was_asked_before(seed, asked_often):
    random = np.random.Generator(np.random.PCG64(seed))
    tensor = np.full((2 * GAMES, 5, 32, 32), 7, np.uint8)
    kept = KeptRows(tensor)
    for _ in range(2):  # another batch begins afresh
        engine = BatchEngine(ARENA, GAMES)
        engine.reset(np.arange(GAMES), random.integers(0, 2**63, GAMES).astype(np.uint64))
        while (active := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
            asked = random.random((len(active), 2)) < asked_often
            where, seats = np.nonzero(asked)
            games = active[where]
            rows = kept.write(engine, games, seats)
            assert sorted(rows) == list(range(len(games)))
            np.testing.assert_array_equal(tensor[rows], engine.planes[games, seats])
            moved(engine, active, random)


def test_a_rider_keeps_its_row_and_the_last_fill_gaps():
    engine = BatchEngine(ARENA, 4)
    engine.reset([0, 1, 2, 3], [1, 2, 3, 4])
    kept = KeptRows(np.zeros((4, 5, 32, 32), np.uint8))
    seats = np.zeros(4, np.intp)
    assert kept.write(engine, np.arange(4), seats).tolist() == [0, 1, 2, 3]
    assert kept.write(engine, np.array([0, 2, 3]), seats[:3]).tolist() == [0, 2, 1]
    assert kept.write(engine, np.array([2, 3]), seats[:2]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("games", "seats"),
    [([-1], [0]), ([4], [0]), ([0], [2]), ([0], [-1]), ([0, 1, 2], [0, 0, 0]), ([0], [0, 1])],
)
def test_nothing_is_written_for_riders_that_there_are_not(games, seats):
    engine = BatchEngine(ARENA, 4)
    tensor = np.full((2, 5, 32, 32), 7, np.uint8)
    with pytest.raises(RulesetError):
        KeptRows(tensor).write(engine, np.array(games), np.array(seats))
    assert (tensor == 7).all()


def test_boards_of_another_size_are_refused():
    with pytest.raises(RulesetError, match="expected"):
        KeptRows(np.zeros((2, 5, 9, 9), np.uint8)).write(
            BatchEngine(ARENA, 1), np.array([0]), np.array([0])
        )
