import warnings

import numpy as np
import pytest
from gymnasium.error import ResetNeeded, UnsupportedMode
from hypothesis import given, settings
from hypothesis import strategies as st

import tron_env
from tests.games import reference_of, rulesets
from tron_env import TronEnv
from tron_env.errors import InvalidActionError, OptionError
from tron_env.pettingzoo import AGENTS, aec_env, parallel_env
from tron_env.ruleset import Ruleset
from tron_env.types import Action, CellKind, DeathCause, Outcome, Seat, Spawn

with warnings.catch_warnings():
    # Their tests import an example game in a way that they deprecate themselves.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

SMALL = Ruleset(10, 9)


def test_pettingzoo_finds_nothing_to_say(capsys):
    parallel_api_test(tron_env.parallel_env(), num_cycles=200)
    parallel_api_test(parallel_env(SMALL, rewards="apex", dtype="uint8"), num_cycles=200)
    parallel_seed_test(lambda: parallel_env(SMALL), num_cycles=100)


def test_nor_of_the_environment_that_takes_turns(capsys):
    api_test(aec_env(SMALL), num_cycles=200)
    seed_test(lambda: aec_env(SMALL), num_cycles=100)


@settings(deadline=None, max_examples=40)
@given(ruleset=rulesets(), seed=st.integers(0, 2**32 - 1), script=st.binary(min_size=2))
def test_every_step_is_the_reference_seen_from_both_seats(ruleset, seed, script):
    env = parallel_env(ruleset)
    observations, infos = env.reset(seed=seed)
    game = reference_of(ruleset, int(env.engine.seeds[0]))
    ply = 0
    while env.agents:
        for seat, agent in zip(Seat, AGENTS, strict=True):
            np.testing.assert_array_equal(observations[agent], game.observation(seat))
            assert np.flatnonzero(infos[agent]["action_mask"]).tolist() == game.accepted(seat)
        pair = tuple(
            script[(2 * ply + seat) % len(script)] % 4
            if ply < 30
            else int(infos[agent]["action_mask"].argmax())
            for seat, agent in enumerate(AGENTS)
        )
        game.play(pair)
        observations, rewards, terminated, truncated, infos = env.step(
            dict(zip(AGENTS, pair, strict=True))
        )
        ply += 1
        for seat, agent in zip(Seat, AGENTS, strict=True):
            assert infos[agent]["cause"] is game.causes[seat]
            assert rewards[agent] == {None: 0, seat: 1, seat.other: -1}[game.outcome.winner]
            assert truncated[agent] == (game.outcome is Outcome.TRUNCATED)
            assert (terminated[agent] or truncated[agent]) == (not env.agents)
    assert game.outcome is not Outcome.ONGOING


def test_it_starts_as_the_gymnasium_face_does():
    env, single = parallel_env(), TronEnv(seat=1)
    for seed in (4, None, None):
        observations, _ = env.reset(seed=seed)
        np.testing.assert_array_equal(observations["rider_1"], single.reset(seed=seed)[0])


def test_the_state_is_the_board():
    env = parallel_env(SMALL)
    env.reset(options={"spawns": (Spawn(2, 2, Action.RIGHT), Spawn(6, 6, Action.LEFT))})
    state = env.state()
    assert env.state_space.contains(state)
    assert state[2, 2] == CellKind.TRAIL_0
    assert state[6, 6] == CellKind.TRAIL_1


def test_actions_outside_the_mask_are_replaced_when_asked():
    env = parallel_env("apex", outside_mask="replace")
    env.reset(seed=0)
    env.step({"rider_0": Action.LEFT, "rider_1": Action.RIGHT})
    assert env.agents
    assert env.engine.state(0).heads == ((2, 1), (29, 30))
    dying = parallel_env("apex")
    dying.reset(seed=0)
    *_, infos = dying.step({"rider_0": Action.LEFT, "rider_1": Action.UP})
    assert infos["rider_0"]["cause"] is DeathCause.WALL
    assert dying.agents == []
    assert dying.step({}) == ({}, {}, {}, {}, {})


@pytest.mark.parametrize("actions", [{"rider_0": 1}, {"rider_0": 1, "rider_1": 4}, {}])
def test_wrong_actions_are_refused(actions):
    env = parallel_env()
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match="action of rider_"):
        env.step(actions)


def test_frames_and_text():
    drawn, written = parallel_env(SMALL, render_mode="rgb_array"), parallel_env(render_mode="ansi")
    with pytest.raises(ResetNeeded):
        drawn.render()
    drawn.reset(seed=0)
    written.reset(seed=0)
    assert drawn.render().shape == (160, 144, 3)
    assert len(written.render().splitlines()) == 32


def test_bad_arguments_are_named():
    with pytest.raises(UnsupportedMode, match="allowed are ansi, rgb_array"):
        parallel_env(render_mode="human")
    with pytest.raises(OptionError, match="dtype is 'int8'"):
        parallel_env(dtype="int8")
