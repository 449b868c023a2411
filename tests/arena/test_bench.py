"""`tron bench arena`: its networks, and a yardstick that plays the same game."""

import numpy as np
import pytest

from arena.bench_models import convolutional, linear
from arena.bench_plain import PlainArena
from arena.contestants import ModelContestant
from arena.limits import Limits
from arena.lockstep import GamePlan, play_games
from arena.policy_session import PolicySession
from tron_env.ruleset import ARENA


@pytest.mark.parametrize("make", [convolutional, linear])
def test_its_networks_keep_the_contract_and_play_differently(make):
    boards = np.random.Generator(np.random.PCG64(3)).integers(0, 2, (64, 5, 32, 32))
    choices = []
    for seed in (1, 2):
        logits = np.empty((64, 4), np.float32)
        PolicySession(make(seed), alone=False).infer(boards.astype(np.float32), logits)
        choices.append(logits.argmax(axis=1))
    assert (choices[0] != choices[1]).any()


def test_the_plain_arena_plays_what_the_lockstep_plays():
    models = (linear(1), linear(2))
    seeds = (5, 6, 7)
    with (
        ModelContestant(models[0], limits=Limits(), max_batch=3, alone=False) as first,
        ModelContestant(models[1], limits=Limits(), max_batch=3, alone=False) as second,
    ):
        played = play_games(ARENA, [GamePlan((0, 1), seed) for seed in seeds], (first, second))
    with PlainArena(models) as plain:
        assert [plain.play(seed) for seed in seeds] == [len(game.replay.actions) for game in played]
        assert plain.cpu_seconds() > 0
