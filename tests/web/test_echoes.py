"""Which ticks are to be answered, what answers tell, and what their absence does."""

import numpy as np
import pytest

from web.echoes import Echoes
from web.live_types import SPEEDS, Ticks

SLOW, FAST = 1, 2
SPEED_OF = {SLOW: 8, FAST: 10}.__getitem__


def ticks(*rows: tuple[int, int]) -> Ticks:
    """Return ticks of games at plies; where the riders are does not matter."""
    return np.array([[*row, *[0] * 6] for row in rows], dtype=np.int64)


@pytest.mark.parametrize("speed", SPEEDS)
def test_one_tick_a_second_is_to_be_answered(speed: int):
    echoes = Echoes()
    answered = []
    for ply in range(1, 4 * speed):
        echoes.wait(ticks((SLOW, ply)), lambda _: speed, now=ply / speed)
        if echoes.take(SLOW, ply, now=ply / speed + 1.0 + ply) is not None:
            answered.append(ply)
    assert answered == [speed, 2 * speed, 3 * speed]


def test_a_latency_is_told_once_and_again_when_it_is_another():
    echoes = Echoes()
    told = []
    for latency in (0.020, 0.024, 0.026, 0.200, 0.215, 0.225):
        echoes.wait(ticks((SLOW, 8)), SPEED_OF, now=0.0)
        told.append(echoes.take(SLOW, 8, now=latency))
    assert told == [20, None, 26, 200, None, 225], "by more than 5 ms and by more than a tenth"
    echoes.meet(SLOW)
    echoes.wait(ticks((SLOW, 8)), SPEED_OF, now=0.0)
    assert echoes.take(SLOW, 8, now=0.225) == 225, "to another connection it is news"


def test_an_answer_to_another_tick_tells_nothing():
    echoes = Echoes()
    echoes.wait(ticks((SLOW, 16)), SPEED_OF, now=0.0)
    assert echoes.take(SLOW, 8, now=0.1) is None
    assert echoes.take(FAST, 16, now=0.1) is None
    assert echoes.take(SLOW, 16, now=0.1) == 100
    assert echoes.take(SLOW, 16, now=0.1) is None, "it is answered"


def test_who_has_answered_and_then_says_nothing_is_silent():
    echoes = Echoes()
    echoes.wait(ticks((SLOW, 8), (FAST, 10)), SPEED_OF, now=1.0)
    assert echoes.silent_since(9.0) == [], "neither may know how to answer"
    echoes.take(SLOW, 8, now=1.1)
    echoes.wait(ticks((SLOW, 16), (FAST, 20)), SPEED_OF, now=2.0)
    echoes.wait(ticks((SLOW, 24), (FAST, 30)), SPEED_OF, now=3.0)
    assert echoes.silent_since(2.0) == []
    assert echoes.silent_since(2.5) == [SLOW], "since the first that it did not answer"
    echoes.doubt(SLOW)
    assert echoes.silent_since(2.5) == []


def test_a_game_at_rest_is_not_silent():
    echoes = Echoes()
    echoes.wait(ticks((SLOW, 8)), SPEED_OF, now=1.0)
    echoes.take(SLOW, 8, now=1.1)
    echoes.wait(ticks((SLOW, 16)), SPEED_OF, now=2.0)
    echoes.rest(SLOW)
    assert echoes.silent_since(9.0) == []
