import numpy as np
import pytest

from tron_env.batch import BatchEngine
from tron_env.random_rider import RandomRider
from tron_env.ruleset import ARENA, Ruleset


def both(agent, engine):
    games = np.arange(engine.n)
    return np.stack([agent.act(engine, games, np.full(engine.n, seat)) for seat in (0, 1)], axis=1)


def test_two_of_them_ride_as_games_that_draw_their_own_actions():
    asked, inside = BatchEngine(Ruleset(9, 12), 50), BatchEngine(Ruleset(9, 12), 50)
    for engine in (asked, inside):
        engine.reset(range(50), range(50))
    ended = 0
    for _ in range(60):
        ended += len(asked.step_restarting(both(RandomRider(), asked)))
        inside.play_random(1)
        np.testing.assert_array_equal(asked.planes, inside.planes)
    assert ended > 50


def test_a_seed_of_its_own_makes_another_rider_as_random():
    engine = BatchEngine(ARENA, 3000)
    engine.reset(range(3000), range(3000))
    first, second = (both(RandomRider(seed=seed), engine) for seed in (0, 2**64 - 1))
    assert np.mean(first == second) < 0.5
    for actions in (first, second):
        taken = engine.masks[np.arange(3000)[:, None], [0, 1], actions]
        assert taken.all()
        ways = np.bincount(actions[engine.masks.sum(axis=2) == 3], minlength=4)
        assert np.ptp(ways) < 0.1 * ways.sum()


@pytest.mark.parametrize("k", [0, 1, 5])
def test_what_it_answers_depends_on_no_other_rider(k):
    engine, agent = BatchEngine(ARENA, 6), RandomRider()
    engine.reset(range(6), range(6))
    engine.play_random(9)
    some = np.arange(6)[::-1][:k]
    answers = agent.act(engine, some, np.ones(k, dtype=np.intp))
    assert answers.dtype == np.uint8
    assert answers.tolist() == both(agent, engine)[some, 1].tolist()
