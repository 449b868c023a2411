from dataclasses import replace

import pytest

from replays.format import Ending
from replays.playback import Playback
from replays.survey import NO_WAY, survey
from tests.replays import slow
from tests.replays.games import alive, duel, play
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.types import ACTIONS, Outcome, Seat

SMALL = Ruleset(9, 10)
GAMES = [
    *(play(SMALL, seed, careful=1.0) for seed in range(6)),
    *(play(Ruleset(8, 8, SpawnLayout.CORNERS, 9), seed) for seed in range(6)),
    *(duel(SMALL, seed, "wall-hugger", "voronoi") for seed in range(4)),
    *(duel(Ruleset(8, 8), seed, "wall-hugger", "wall-hugger") for seed in range(4)),
]


@pytest.mark.parametrize("replay", GAMES)
def test_every_count_is_that_of_the_board(replay):
    playback = Playback(replay)
    counted = survey(playback)
    assert counted.separation == slow.separation(playback)
    for ply in range(playback.plies + 1):
        state = playback.state(ply)
        first, second, both = slow.territory(state)
        assert counted.territory[ply].tolist() == [len(first), len(second)]
        assert counted.contested[ply] == len(both)
        for seat in Seat:
            assert counted.reach[ply, seat] == len(slow.reached(state, seat))
            for action in range(ACTIONS):
                kept = slow.kept(state, seat, action) if slow.lives(state, seat) else 0
                assert counted.ways[ply, seat, action] == (kept or NO_WAY)


@pytest.mark.parametrize("replay", GAMES)
def test_the_limits_of_room_hold(replay):
    playback = Playback(replay)
    counted = survey(playback)
    tested = 0
    for ply in range(playback.plies + 1):
        state = playback.state(ply)
        for seat in Seat:
            low, high = int(counted.room_low[ply, seat]), int(counted.room_high[ply, seat])
            if not slow.lives(state, seat):
                assert (low, high) == (0, 0)
            elif counted.separation is None or ply < counted.separation:
                assert (low, high) == (0, counted.reach[ply, seat])
            else:
                assert low <= high <= counted.reach[ply, seat]
                if counted.reach[ply, seat] <= 11:
                    tested += 1
                    assert low <= slow.longest(state, state.heads[seat]) <= high
    assert tested or counted.separation is None or playback.plies - counted.separation < 3


def test_what_was_ridden_is_possible():
    playback = Playback(duel(Ruleset(16, 16), 3, "wall-hugger", "voronoi"))
    counted = survey(playback)
    winner = playback.replay.outcome.winner
    assert counted.separation is not None
    for ply in range(counted.separation, playback.plies + 1):
        assert counted.room_low[ply, winner] >= playback.plies - ply


def test_games_that_were_stopped_count_to_their_last_board():
    playback = Playback(GAMES[0])
    stopped = replace(
        GAMES[0],
        actions=GAMES[0].actions[:0],
        outcome=Outcome.ONGOING,
        causes=alive(),
        ending=Ending.ABANDONED,
    )
    counted = survey(Playback(stopped))
    assert counted.territory.tolist() == survey(playback).territory[:1].tolist()
