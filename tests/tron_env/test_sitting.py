"""The desktop game without a screen: what keys and time do."""

from concurrent.futures import Executor, Future

import numpy as np
import pytest

from tests.doubles import Straight
from tron_env.ruleset import APEX, ARENA, Ruleset
from tron_env.sitting import COUNTDOWN_SECONDS, SPEEDS, Phase, Sitting
from tron_env.types import Action, Seat


class Leftwards:
    """Turns left at once."""

    name = "leftwards"

    def act(self, engine, games, seats):
        return np.full(len(games), Action.LEFT, dtype=np.uint8)


class AtOnce(Executor):
    """Thinks before it returns."""

    def submit(self, task, /, *args, **kwargs):
        answer = Future()
        answer.set_result(task(*args, **kwargs))
        return answer


class Pondering(Executor):
    """Answers when told to."""

    def __init__(self):
        self.asked = []

    def submit(self, task, /, *args, **kwargs):
        answer = Future()
        self.asked.append((answer, task, args))
        return answer

    def answer(self):
        answer, task, args = self.asked.pop()
        answer.set_result(task(*args))


def sitting(ruleset=APEX, thinker=None, opponent=None):
    generator = np.random.default_rng(0)
    return Sitting(opponent or Straight(), ruleset, generator, thinker or AtOnce())


def begun(**options):
    game = sitting(**options)
    game.advance(COUNTDOWN_SECONDS)
    return game


def test_the_countdown_runs_before_the_first_ply():
    game = sitting()
    game.advance(COUNTDOWN_SECONDS - 0.01)
    assert (game.phase, game.state.ply) == (Phase.COUNTDOWN, 0)
    game.advance(0.02)
    assert (game.phase, game.state.ply) == (Phase.RIDING, 0)
    game.advance(0.1)
    assert game.state.ply == 1


def test_plies_follow_the_clock_and_the_speed():
    game = begun()
    game.advance(0.95)
    assert game.state.ply == 9
    assert game.progress == pytest.approx(0.5)
    game.change_speed(1)
    assert game.speed == 14
    game.change_speed(9)
    assert game.speed == SPEEDS[-1]
    game.change_speed(-9)
    assert game.speed == SPEEDS[0]


def test_the_person_starts_lower():
    assert sitting().seat is Seat.SECOND
    game = sitting(ARENA)
    seats = set()
    for _ in range(20):
        game.rematch()
        seats.add(game.seat)
        assert game.state.heads[game.seat].row >= game.state.heads[game.seat.other].row
    assert seats == set(Seat)


def test_turns_are_played_one_a_ply_and_two_may_wait():
    game = begun()
    for action in (Action.LEFT, Action.UP, Action.RIGHT):
        game.steer(action)
    heads = []
    for _ in range(3):
        game.advance(0.101)
        heads.append(game.state.heads[game.seat])
    assert heads == [(30, 29), (29, 29), (28, 29)]


def test_the_reverse_and_the_present_heading_take_no_place_in_the_queue():
    game = begun()
    for action in (Action.UP, Action.DOWN, Action.UP, Action.LEFT):
        game.steer(action)
    game.advance(0.11)
    assert game.state.heads[game.seat] == (30, 29)


def test_a_pause_stops_the_clock():
    game = begun()
    game.toggle_pause()
    game.advance(5)
    assert (game.phase, game.state.ply) == (Phase.PAUSED, 0)
    game.toggle_pause()
    game.advance(0.11)
    assert game.state.ply == 1


def test_the_game_begins_once_the_opponent_has_chosen():
    thinker = Pondering()
    game = begun(thinker=thinker)
    game.advance(10)
    assert (game.phase, game.countdown) == (Phase.COUNTDOWN, 0)
    thinker.answer()
    game.advance(10)
    assert (game.phase, game.state.ply) == (Phase.RIDING, 0)


def test_a_slow_opponent_holds_the_game_up_and_is_never_ridden_straight_on():
    thinker = Pondering()
    game = sitting(thinker=thinker)
    thinker.answer()
    game.advance(COUNTDOWN_SECONDS)
    game.advance(0.11)
    for _ in range(10):
        game.advance(1)
    assert game.state.ply == 1
    thinker.answer()
    game.advance(0.001)
    assert game.state.ply == 2
    game.advance(0.09)
    assert game.state.ply == 2


@pytest.mark.parametrize(
    ("rider", "turn", "score", "result"),
    [
        (Straight(), Action.RIGHT, [0, 0, 1], ("straight won", "You rode into the wall")),
        (Straight(), None, [0, 1, 0], ("A draw", "")),
        (Leftwards(), None, [1, 0, 0], ("You won", "leftwards rode into the wall")),
    ],
)
def test_the_end_is_told_counted_and_followed_by_a_rematch(rider, turn, score, result):
    game = begun(ruleset=Ruleset(8, 8, "corners"), opponent=rider)
    if turn is not None:
        game.steer(turn)
    game.advance(2)
    assert game.phase is Phase.OVER
    assert game.score == score
    assert game.result[0] == result[0]
    assert game.result[1] == f"{result[1]} after {game.state.ply} plies".strip()
    game.advance(0.3)
    assert game.since_over > 0
    game.toggle_pause()
    assert game.phase is Phase.OVER
    game.rematch()
    assert (game.phase, game.state.ply, game.since_over) == (Phase.COUNTDOWN, 0, 0)
