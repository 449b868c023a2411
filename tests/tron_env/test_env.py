import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.games import SEEDS, reference_of, rulesets
from tron_env import TronEnv
from tron_env.agent import make_agent
from tron_env.errors import AgentSpecError, InvalidActionError, RulesetError
from tron_env.ruleset import APEX, Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Seat


class Straight:
    """Never turns."""

    name = "straight"

    def act(self, engine, games, seats):
        return engine.headings[games, seats].copy()


class Scripted:
    """Plays a list of raw actions, then straight on; notes for whom it was asked."""

    name = "scripted"

    def __init__(self, actions):
        self.actions = list(actions)
        self.asked = []

    def act(self, engine, games, seats):
        self.asked.append((games.tolist(), seats.tolist()))
        action = self.actions.pop(0) if self.actions else engine.headings[games[0], seats[0]]
        return np.array([action], dtype=np.uint8)


@pytest.mark.parametrize("kwargs", [{}, {"ruleset": "apex", "seat": 1, "opponent": Straight()}])
def test_gymnasium_finds_nothing_to_say(kwargs):
    env = gymnasium.make("tron_env:Tron-v0", **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_the_made_environment_plays_whole_games_with_accepted_actions():
    env = gymnasium.make("tron_env:Tron-v0", max_episode_steps=None)
    env.action_space.seed(0)
    for seed in range(5):
        _, info = env.reset(seed=seed)
        over, total = False, 0.0
        while not over:
            action = env.action_space.sample(info["action_mask"])
            observation, reward, terminated, truncated, info = env.step(action)
            assert observation in env.observation_space
            over = terminated or truncated
            total += reward
        assert total == {None: 0.0, info["seat"]: 1.0}.get(info["winner"], -1.0)


@settings(deadline=None, max_examples=60)
@given(
    ruleset=rulesets(),
    seat=st.sampled_from([0, 1]),
    seed=SEEDS,
    actions=st.lists(st.integers(0, 3), max_size=60),
    replies=st.lists(st.integers(0, 3), max_size=60),
)
def test_every_step_is_the_reference_seen_from_one_seat(ruleset, seat, seed, actions, replies):
    env = TronEnv(opponent=Scripted(replies), seat=seat, ruleset=ruleset)
    observation, info = env.reset(seed=seed % 2**32)
    start = int(np.random.default_rng(seed % 2**32).integers(2**64, dtype=np.uint64))
    game, me = reference_of(ruleset, start), Seat(seat)
    for ply in range(200):
        np.testing.assert_array_equal(observation, game.observation(me))
        assert observation.dtype == np.float32
        assert np.flatnonzero(info["action_mask"]).tolist() == game.accepted(me)
        assert info["cause"] is game.causes[me]
        assert info["winner"] is game.outcome.winner
        assert info["seat"] is me
        if game.outcome is not Outcome.ONGOING:
            break
        mine = actions[ply] if ply < len(actions) else game.headings[me]
        theirs = replies[ply] if ply < len(replies) else game.headings[me.other]
        game.play((mine, theirs) if me is Seat.FIRST else (theirs, mine))
        observation, reward, terminated, truncated, info = env.step(mine)
        assert reward == {None: 0, me: 1, me.other: -1}[game.outcome.winner]
        assert truncated == (game.outcome is Outcome.TRUNCATED)
        assert terminated == (game.outcome not in (Outcome.ONGOING, Outcome.TRUNCATED))
    assert game.outcome is not Outcome.ONGOING


def test_the_opponent_is_asked_for_the_other_seat_once_a_ply_before_it_is_played():
    opponent = Scripted([])
    env = TronEnv(opponent=opponent, seat=1, ruleset="apex")
    env.reset(seed=0)
    env.step(Action.LEFT)
    env.step(Action.LEFT)
    assert opponent.asked == [([0], [0]), ([0], [0])]


def test_win_loss_and_draw_are_rewarded_once():
    for mine, theirs, reward, cause, winner in [
        (Action.LEFT, Action.LEFT, -1.0, DeathCause.WALL, Seat.SECOND),
        (Action.RIGHT, Action.RIGHT, 1.0, DeathCause.NONE, Seat.FIRST),
        (Action.LEFT, Action.RIGHT, 0.0, DeathCause.WALL, None),
        (Action.DOWN, Action.LEFT, 0.0, DeathCause.HEAD_ON, None),
    ]:
        env = TronEnv(
            opponent=Scripted([theirs] * 9), seat=0, ruleset=Ruleset(8, 8, SpawnLayout.CORNERS)
        )
        env.reset(seed=0)
        total, terminated = 0.0, False
        while not terminated:
            observation, got, terminated, truncated, info = env.step(mine)
            total += got
            assert not truncated
        assert (total, info["cause"], info["winner"]) == (reward, cause, winner)
        again = env.step(mine)
        np.testing.assert_array_equal(again[0], observation)
        assert again[1:4] == (0.0, True, False)


def test_the_ply_limit_truncates():
    env = TronEnv(opponent=Straight(), seat=0, ruleset=Ruleset(max_plies=3))
    env.reset(seed=0)
    ends = [env.step(int(env.unwrapped._engine.headings[0, 0]))[2:4] for _ in range(4)]
    assert ends == [(False, False), (False, False), (False, True), (False, True)]


def test_seeds_repeat_games_and_random_seats_take_both_sides():
    one, two = TronEnv(), TronEnv()
    first, info = one.reset(seed=3)
    second, again = two.reset(seed=3)
    np.testing.assert_array_equal(first, second)
    assert info["seat"] is again["seat"]
    assert not np.array_equal(one.reset()[0], first)
    assert {one.reset()[1]["seat"] for _ in range(30)} == set(Seat)


def test_observations_and_masks_are_the_callers_to_keep():
    env = TronEnv(opponent=Straight(), seat=0, ruleset="apex")
    observation, info = env.reset(seed=0)
    kept, mask = observation.copy(), info["action_mask"].copy()
    env.step(Action.RIGHT)
    np.testing.assert_array_equal(observation, kept)
    np.testing.assert_array_equal(info["action_mask"], mask)


@pytest.mark.parametrize("action", [-1, 4, 256, 2**40, 1.0, "1", None])
def test_wrong_actions_are_refused_before_anything_is_played(action):
    opponent = Scripted([])
    env = TronEnv(opponent=opponent)
    env.reset(seed=0)
    with pytest.raises(InvalidActionError):
        env.step(action)
    assert not opponent.asked


@pytest.mark.parametrize("action", [np.int64(1), np.array(1), np.uint8(1), Action.RIGHT, 1])
def test_any_kind_of_integer_is_an_action(action):
    env = TronEnv(opponent=Straight(), seat=0, ruleset=APEX)
    env.reset(seed=0)
    assert env.step(action)[0][3, 1, 2] == 1.0


def test_bad_arguments_are_named():
    with pytest.raises(RulesetError, match="seat is 2"):
        TronEnv(seat=2)
    with pytest.raises(RulesetError, match="'huge'"):
        TronEnv(ruleset="huge")
    with pytest.raises(AgentSpecError, match="'nobody'"):
        TronEnv(opponent="nobody")
    with pytest.raises(gymnasium.error.UnsupportedMode, match="allowed are ansi, rgb_array"):
        TronEnv(render_mode="opengl")


def test_using_it_before_reset_says_so():
    env = TronEnv(opponent=Straight(), render_mode="ansi")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.render()


def test_the_agent_whose_package_cannot_be_loaded_is_named(monkeypatch):
    class Entries(dict):
        names = property(dict.keys)

    class Entry:
        value = "gone.agents:make"

        def load(self):
            raise ModuleNotFoundError("No module named 'gone'")

    monkeypatch.setattr("tron_env.agent.entry_points", lambda group: Entries(ghost=Entry()))
    with pytest.raises(
        AgentSpecError, match=r"'ghost' is gone\.agents:make.*No module named 'gone'"
    ):
        make_agent("ghost")


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_frames_follow_the_game(mode):
    env = gymnasium.make("tron_env:Tron-v0", render_mode=mode, opponent=Straight(), seat=0)
    env.reset(seed=1)
    first = env.render()
    env.step(env.unwrapped._engine.headings[0, 0])
    second = env.render()
    assert type(first) is type(second)
    if mode == "ansi":
        assert first != second
    else:
        assert first.shape == (512, 512, 3)
        assert (first != second).any()


def test_gymnasium_can_make_a_vector_of_it():
    env = gymnasium.make_vec(
        "tron_env:Tron-v0", num_envs=3, vectorization_mode="sync", opponent="random"
    )
    observations, info = env.reset(seed=0)
    assert observations.shape == (3, 5, 32, 32)
    assert info["action_mask"].shape == (3, 4)
    for _ in range(50):
        _, rewards, *_ = env.step(np.array([0, 1, 2]))
        assert rewards.shape == (3,)
    env.close()


def test_the_spec_survives_pickling():
    spec = gymnasium.make("tron_env:Tron-v0", ruleset="apex").spec
    again = pickle.loads(pickle.dumps(spec)).make()
    assert again.unwrapped.ruleset == APEX
