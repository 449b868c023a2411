"""How many games a model is trusted with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.capacity import MOST_BUSY, Cost
from web.live_types import PERIODS, SLOTS_PER_SECOND, SPEEDS

GAMES = st.dictionaries(st.sampled_from(SPEEDS), st.integers(0, 500))


@given(GAMES, st.floats(1e-6, 0.1), st.floats(1e-6, 0.1), st.sampled_from(SPEEDS))
def test_one_game_more_never_costs_less(
    games: dict[int, int], fixed: float, each: float, speed: int
):
    cost = Cost(fixed, each)
    more = games | {speed: games.get(speed, 0) + 1}
    assert cost.share(more) > cost.share(games)
    assert not cost.carries(more, 1) or cost.carries(games, 1)
    assert not cost.carries(games, 1) or cost.carries(games, 2)


def test_a_model_of_forty_milliseconds_is_trusted_with_one_game_and_a_light_one_with_many():
    heavy, light = Cost(0.0, 0.04), Cost(0.0001, 0.00003)
    assert heavy.carries({10: 1}, 1)
    assert not heavy.carries({10: 2}, 1)
    assert heavy.carries({10: 2}, 2)
    assert light.carries({10: 1000}, 1)


def test_games_of_one_phase_share_a_call():
    cost = Cost(0.001, 0.0)
    phases = -(-PERIODS[10] // 4)
    assert cost.share({10: phases}) == pytest.approx(phases * 10 * 0.001)
    assert cost.share({10: 40 * phases}) == cost.share({10: phases})


def test_games_against_a_model_whose_calls_are_dear_share_them():
    dear, light = Cost(0.004, 0.001), Cost(0.001, 0.001)
    assert [dear.together(speed) for speed in SPEEDS] == [14, 11, 6], "15% of a tick each"
    assert [light.together(speed) for speed in SPEEDS] == [1, 1, 1]
    assert dear.share({10: 11}) == pytest.approx(10 * (0.004 + 11 * 0.001))
    assert dear.share({10: 12}) == pytest.approx(10 * (2 * 0.004 + 12 * 0.001))
    assert Cost(0.05, 0.001).together(10) == 1, "one call takes too long as it is"


def test_how_many_share_a_call_follows_a_core_that_was_busy_when_the_model_was_loaded_not_load():
    dear, cost = Cost(0.004, 0.001), Cost(0.012, 0.003, now=lambda: 0.0)
    assert cost.together(10) == 1
    for _ in range(200):
        cost.add(1, 0.005, 0.005)
    assert abs(cost.together(10) - dear.together(10)) <= 1
    for _ in range(200):
        dear.add(1, 0.05, 0.05)
    assert dear.together(10) == Cost(0.004, 0.001).together(10)


def test_one_unlucky_answer_closes_no_door_and_two_do():
    cost = Cost(0.0, 0.001, now=lambda: 0.0)
    for took in (0.002, 0.09):
        cost.add(1, 0.001, took)
    assert cost.keeps(10)
    cost = Cost(0.0, 0.001, now=lambda: 0.0)
    for took in (0.002, 0.09, 0.09):
        cost.add(1, 0.001, took)
    assert not cost.keeps(10)


def test_calls_that_take_longer_than_when_the_model_was_loaded_leave_room_for_less():
    cost = Cost(0.0, 0.001, now=lambda: 0.0)
    assert cost.carries({10: 50}, 1)
    for _ in range(200):
        cost.add(10, 0.02, 0.02)
    assert not cost.carries({10: 50}, 1)
    assert cost.share({10: 50}) == pytest.approx(2 * 0.5, rel=0.01)


def test_a_tick_is_at_least_twice_the_slowest_answers():
    clock = [0.0]
    cost = Cost(0.0, 0.001, now=lambda: clock[0])
    assert all(cost.keeps(speed) for speed in SPEEDS)
    for _ in range(100):
        cost.add(1, 0.001, 0.04)
    kept = [speed for speed in SPEEDS if cost.keeps(speed)]
    assert kept == [speed for speed in SPEEDS if PERIODS[speed] / SLOTS_PER_SECOND >= 0.08]
    clock[0] = 60.0
    assert all(cost.keeps(speed) for speed in SPEEDS), "what was slow a minute ago is forgotten"


def test_a_model_that_was_slow_in_a_bad_minute_is_asked_again():
    clock = [0.0]
    cost = Cost(0.0, 0.003, now=lambda: clock[0])
    for _ in range(200):
        cost.add(1, 0.3, 0.3)
    assert not cost.keeps_alone(10)
    clock[0] = 31.0
    assert cost.keeps_alone(10)
    assert cost.carries({10: 1}, 1)
    cost.add(1, 0.003, 0.003)
    assert cost.expected(1) == pytest.approx(0.003)


def test_what_calls_cost_is_fitted_to_two_of_them():
    cost = Cost.measured(0.002, 0.017, 16)
    assert cost.share({10: 1}) == pytest.approx(10 * 0.002)
    assert Cost.measured(0.04, 0.04, 1).share({10: 1}) == pytest.approx(0.4)
    assert MOST_BUSY < 1
