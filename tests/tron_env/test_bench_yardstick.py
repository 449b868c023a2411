"""The yardstick plays the same game; a wrong one would be no measure."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.games import SCRIPTS, SEEDS, plies, rulesets
from tron_env.batch import BatchEngine
from tron_env.bench_games import PlainGames, shortest_ply_times, write_script
from tron_env.bench_yardstick import PatchedGame, PlainEnvironment, PlainGame
from tron_env.ruleset import ARENA, Ruleset


@pytest.mark.parametrize("kind", [PlainGame, PatchedGame])
@settings(deadline=None, max_examples=15)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_every_ply_matches_the_engine(kind, ruleset, seed, script):
    engine, game = BatchEngine(ruleset, 1), kind(ruleset, seed)
    engine.reset([0], [seed])
    for actions in plies(engine, [script]):
        game.step(tuple(actions[0].tolist()))
        assert (game.ply, game.outcome) == (engine.plies[0], engine.outcomes[0])
        assert game.causes == engine.causes[0].tolist()
        for seat in range(2):
            assert np.array_equal(game.observation(seat), engine.planes[0, seat])
            assert np.array_equal(game.mask(seat), engine.masks[0, seat])


@pytest.mark.parametrize("kind", [PlainGame, PatchedGame])
def test_recorded_games_are_the_same_for_both_from_game_to_game(kind):
    script = write_script(Ruleset(9, 12), n=5, plies=60)
    engine, games = BatchEngine(script.ruleset, 5), PlainGames(script, kind)
    engine.reset(range(5), script.seeds)
    ended = 0
    for ply, actions in enumerate(script.actions):
        ended += len(engine.step_restarting(actions))
        seen = games.play(ply, range(5))
        for rider, (planes, mask) in enumerate(seen):
            assert np.array_equal(planes, engine.planes[rider // 2, rider % 2])
            assert np.array_equal(mask, engine.masks[rider // 2, rider % 2])
    assert ended > 5


def test_its_environment_ends_as_its_game_does():
    environment = PlainEnvironment(ARENA)
    observation, info = environment.reset(seed=3)
    assert observation.shape == (5, 32, 32)
    assert info["action_mask"].sum() >= 2
    over = False
    while not over:
        _, reward, terminated, truncated, info = environment.step(0)
        over = terminated or truncated
    assert reward == {0: 1.0, 1: -1.0, None: 0.0}[info["winner"]]


def test_every_ply_is_timed_on_its_own_after_each_start():
    played = []
    times = shortest_ply_times(
        lambda: played.append("start"), [lambda: played.append(1), lambda: played.append(2)], 0.0
    )
    assert played == ["start", 1, 2] * 3
    assert times.shape == (2,)
    assert (times > 0).all()


@pytest.mark.proof
def test_the_benchmark_runs_whole():
    from tron_env.bench import engine
    from tron_env.benchmarks import Setting

    measured = list(engine(Setting(note=print, quick=True)))
    assert all(each.value > 0 for each in measured)
    assert sum(each.target is not None for each in measured) == 5
