from dataclasses import replace

import numpy as np

from replays.format import PERSON, TakeOver
from replays.inference import InferenceVerdict, first_difference
from tests.replays.games import recorded
from tron_env.agent import make_agent
from tron_env.ruleset import ARENA
from tron_env.types import Seat

FIRST, SECOND = make_agent("wall-hugger"), make_agent("voronoi")
GAME = recorded(ARENA, 3, (FIRST, SECOND))
BOTH = {Seat.FIRST: FIRST, Seat.SECOND: SECOND}


class Fickle:
    """Decides as another agent does, but once."""

    name = "fickle"

    def __init__(self, agent, ply):
        self.agent, self.ply = agent, ply

    def act(self, engine, games, seats):
        decided = self.agent.act(engine, games, seats)
        for place, (game, seat) in enumerate(zip(games, seats, strict=True)):
            ways = np.flatnonzero(engine.masks[game, seat])
            if engine.plies[game] == self.ply:
                decided[place] = next(way for way in ways if way != decided[place])
        return decided


def test_who_played_a_game_decides_it_alike_again():
    assert first_difference(GAME, BOTH) is None
    assert first_difference(GAME, {}) is None


def test_the_first_decision_that_differs_is_named():
    for ply in (0, 15, 16, 40):
        found = first_difference(GAME, {**BOTH, Seat.SECOND: Fickle(SECOND, ply)})
        assert (found.ply, found.seat) == (ply + 1, Seat.SECOND)
        assert found.recorded == GAME.actions[ply, 1] != found.decided
        assert str(found).startswith(f"ply {ply + 1}: seat 1 went {found.recorded.name.lower()}")
    both = {Seat.FIRST: Fickle(FIRST, 30), Seat.SECOND: Fickle(SECOND, 20)}
    assert first_difference(GAME, both).ply == 21


def test_what_came_before_a_take_over_was_decided_by_others():
    taken = replace(GAME, models=(PERSON, b"m" * 8), takeover=TakeOver(b"s" * 8, 25, Seat.FIRST))
    assert first_difference(taken, {Seat.SECOND: Fickle(SECOND, 24)}) is None
    assert first_difference(taken, {Seat.SECOND: Fickle(SECOND, 25)}).ply == 26


def test_only_a_game_whose_models_were_all_asked_is_verified():
    assert InferenceVerdict(("a", "b"), (), None).verified
    assert not InferenceVerdict(("a",), ("00" * 8,), None).verified
    assert not InferenceVerdict((), (), None).verified
