import numpy as np
import pytest

from tron_env.errors import OptionError
from tron_env.rewards import (
    APEX_SCORE,
    POINTS,
    ZERO_SUM,
    Rewards,
    convert_rewards,
    reward_table,
    rewards_named,
)
from tron_env.types import DeathCause, Outcome

ALIVE, WALL, OPPONENT = DeathCause.NONE, DeathCause.WALL, DeathCause.OPPONENT


@pytest.mark.parametrize(
    ("rewards", "outcome", "causes", "paid"),
    [
        (ZERO_SUM, Outcome.ONGOING, (ALIVE, ALIVE), (0, 0)),
        (ZERO_SUM, Outcome.FIRST_WINS, (ALIVE, WALL), (1, -1)),
        (ZERO_SUM, Outcome.SECOND_WINS, (WALL, ALIVE), (-1, 1)),
        (ZERO_SUM, Outcome.DRAW, (WALL, WALL), (0, 0)),
        (POINTS, Outcome.TRUNCATED, (ALIVE, ALIVE), (0.5, 0.5)),
        (APEX_SCORE, Outcome.FIRST_WINS, (ALIVE, OPPONENT), (1, 0.1)),
        (APEX_SCORE, Outcome.FIRST_WINS, (ALIVE, WALL), (0.8, 0)),
        (Rewards(survival=0.5), Outcome.ONGOING, (ALIVE, ALIVE), (0.5, 0.5)),
        (Rewards(survival=0.5), Outcome.FIRST_WINS, (ALIVE, WALL), (1.5, -1)),
        (Rewards(apex=2), Outcome.FIRST_WINS, (ALIVE, OPPONENT), (3, -0.8)),
    ],
)
def test_what_a_ply_pays(rewards, outcome, causes, paid):
    np.testing.assert_allclose(reward_table(rewards)[outcome][causes], paid)


def test_conventions_convert_into_each_other_and_back():
    results = np.array([[1.0, 0.0], [-1.0, 0.0]])
    points = convert_rewards(results, ZERO_SUM, POINTS)
    np.testing.assert_array_equal(points, [[1.0, 0.5], [0.0, 0.5]])
    np.testing.assert_array_equal(convert_rewards(points, POINTS), results)
    assert convert_rewards(-1.0, ZERO_SUM, POINTS) == 0.0


@pytest.mark.parametrize(
    ("values", "source", "told"),
    [
        (0.3, ZERO_SUM, "0.3 is none of win, draw and loss"),
        (1.0, APEX_SCORE, "pays for more than"),
        (0.0, Rewards(1, 0, 0), "does not tell"),
    ],
)
def test_what_cannot_be_converted_is_refused(values, source, told):
    with pytest.raises(OptionError, match=told):
        convert_rewards(values, source, POINTS)


def test_bad_rewards_are_named():
    with pytest.raises(OptionError, match="rewards: loss is nan"):
        Rewards(loss=float("nan"))
    with pytest.raises(OptionError, match="rewards: apex is 'x'"):
        Rewards(apex="x")
    with pytest.raises(OptionError, match="'fame'; known are apex, points, zero-sum"):
        rewards_named("fame")
