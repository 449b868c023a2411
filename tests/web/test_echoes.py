"""Which ticks are to be answered, what answers tell, and what their absence does."""

import numpy as np
import pytest

from web.echoes import Echoes
from web.live_types import SPEEDS

SLOW, FAST = 1, 2


@pytest.fixture
def echoes() -> Echoes:
    """Of two games: eight and ten plies a second."""
    echoes = Echoes(3)
    echoes.begin(SLOW, 8)
    echoes.begin(FAST, 10)
    return echoes


def wait(echoes: Echoes, now: float, *ticks: tuple[int, int]) -> None:
    """Have ticks be sent, given the game of each and its ply."""
    slots, plies = np.array(ticks).T
    echoes.wait(slots, plies, now)


@pytest.mark.parametrize("speed", SPEEDS)
def test_one_tick_a_second_is_to_be_answered(echoes: Echoes, speed: int):
    echoes.begin(SLOW, speed)
    answered = []
    for ply in range(1, 4 * speed):
        wait(echoes, ply / speed, (SLOW, ply))
        if echoes.take(SLOW, ply, now=ply / speed + 1.0 + ply) is not None:
            answered.append(ply)
    assert answered == [speed, 2 * speed, 3 * speed]


def test_a_latency_is_told_once_and_again_when_it_is_another(echoes: Echoes):
    told = []
    for latency in (0.020, 0.024, 0.026, 0.200, 0.215, 0.225):
        wait(echoes, 0.0, (SLOW, 8))
        told.append(echoes.take(SLOW, 8, now=latency))
    assert told == [20, None, 26, 200, None, 225], "by more than 5 ms and by more than a tenth"
    echoes.meet(SLOW)
    wait(echoes, 0.0, (SLOW, 8))
    assert echoes.take(SLOW, 8, now=0.225) == 225, "to another connection it is news"


def test_an_answer_to_another_tick_tells_nothing(echoes: Echoes):
    wait(echoes, 0.0, (SLOW, 16))
    assert echoes.take(SLOW, 8, now=0.1) is None
    assert echoes.take(FAST, 16, now=0.1) is None
    assert echoes.take(SLOW, 16, now=0.1) == 100
    assert echoes.take(SLOW, 16, now=0.1) is None, "it is answered"


def test_who_has_answered_and_then_says_nothing_is_silent(echoes: Echoes):
    wait(echoes, 1.0, (SLOW, 8), (FAST, 10))
    assert not echoes.silent_since(9.0).size, "neither may know how to answer"
    echoes.take(SLOW, 8, now=1.1)
    wait(echoes, 2.0, (SLOW, 16), (FAST, 20))
    wait(echoes, 3.0, (SLOW, 24), (FAST, 30))
    assert not echoes.silent_since(2.0).size
    assert echoes.silent_since(2.5).tolist() == [SLOW], "since the first that it did not answer"
    echoes.doubt(SLOW)
    assert not echoes.silent_since(2.5).size


@pytest.mark.parametrize("next_game", [False, True])
def test_a_game_at_rest_is_not_silent_and_neither_is_the_next(echoes: Echoes, next_game: bool):
    wait(echoes, 1.0, (SLOW, 8))
    echoes.take(SLOW, 8, now=1.1)
    wait(echoes, 2.0, (SLOW, 16))
    if next_game:
        echoes.begin(SLOW, 14)
    else:
        echoes.rest(SLOW)
    assert not echoes.silent_since(9.0).size
    assert echoes.take(SLOW, 16, now=9.0) is None
