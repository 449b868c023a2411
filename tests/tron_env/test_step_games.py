import numpy as np
import pytest

from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.places import col_step, row_step
from tron_env.ruleset import ARENA
from tron_env.types import Action


def test_games_stepped_alone_match_games_stepped_together():
    together, apart = BatchEngine(ARENA, 6), BatchEngine(ARENA, 6)
    for engine in (together, apart):
        engine.reset(range(6), range(6))
    rng = np.random.default_rng(1)
    for _ in range(40):
        actions = rng.integers(0, 4, (6, 2)).astype(np.uint8)
        together.step(actions)
        apart.step_games([4, 1, 0], actions[[4, 1, 0]])
        apart.step_games([2, 5, 3], actions[[2, 5, 3]])
        for name in ("cells", "heads", "headings", "causes", "plies", "outcomes", "planes"):
            np.testing.assert_array_equal(getattr(together, name), getattr(apart, name))
        np.testing.assert_array_equal(together.masks, apart.masks)


def test_other_games_stand_still():
    engine = BatchEngine(ARENA, 3)
    engine.reset(range(3), range(3))
    engine.step_games([1], engine.headings[[1]])
    assert engine.plies.tolist() == [0, 1, 0]


def test_bad_indices_and_actions_are_refused():
    engine = BatchEngine(ARENA, 2)
    engine.reset(range(2), range(2))
    with pytest.raises(RulesetError):
        engine.step_games([2], np.zeros((1, 2), dtype=np.uint8))
    with pytest.raises(InvalidActionError):
        engine.step_games([0], np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(InvalidActionError):
        engine.step_games([0], np.full((1, 2), 4, dtype=np.uint8))


@pytest.mark.parametrize("action", Action)
def test_the_loop_goes_where_directions_say(action):
    assert (row_step.py_func(action), col_step.py_func(action)) == action.offset
