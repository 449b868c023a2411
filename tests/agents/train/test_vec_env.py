import warnings

import numpy as np
import pytest
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import VecEnv

from agents.train.vec_env import TronVecEnv
from tron_env import TronEnv
from tron_env.batch import BatchEngine
from tron_env.errors import OptionError
from tron_env.rewards import Rewards
from tron_env.ruleset import APEX, ARENA, Ruleset, SpawnLayout
from tron_env.types import DeathCause, IntArray, Outcome, Seat, UInt8Array


class Scripted:
    """Plays the accepted action that a hash of the ply picks: lively, and without state."""

    def __init__(self, name: str = "scripted", salt: int = 0) -> None:
        self.name = name
        self.salt = salt

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        masks = engine.masks[games, seats]
        turn = (engine.plies[games] * 7 + engine.heads[games, seats].sum(axis=1) + self.salt) % 4
        preferred = (np.arange(4) + turn[:, None]) % 4
        rank = np.take_along_axis(masks, preferred, axis=1).argmax(axis=1)
        return np.take_along_axis(preferred, rank[:, None], axis=1)[:, 0].astype(np.uint8)


class Straight:
    """Keeps its heading."""

    def __init__(self, name: str = "straight") -> None:
        self.name = name

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        return engine.headings[games, seats].copy()


def learner_actions(env: TronVecEnv) -> UInt8Array:
    return Scripted(salt=1).act(env.engine, np.arange(env.num_envs), env.seats)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_game_is_the_game_that_a_single_engine_plays(dtype):
    env = TronVecEnv(6, Scripted(), dtype=dtype, seed=3)
    assert isinstance(env, VecEnv)
    observations = env.reset()
    singles = [BatchEngine(ARENA, 1) for _ in range(env.num_envs)]
    spawned = [env.engine.state(i) for i in range(env.num_envs)]

    def restart(i: int) -> None:
        state = spawned[i]
        singles[i].reset_to(0, tuple((*state.heads[s], state.headings[s]) for s in Seat))

    for i in range(env.num_envs):
        restart(i)
    finished = 0
    for _ in range(400):
        actions = learner_actions(env)
        pairs = np.zeros((env.num_envs, 2), dtype=np.uint8)
        for i, single in enumerate(singles):
            seat = int(env.seats[i])
            pairs[i, seat] = actions[i]
            other = np.array([1 - seat])
            pairs[i, 1 - seat] = Scripted().act(single, np.array([0]), other)[0]
        seats = env.seats.copy()
        observations, rewards, dones, infos = env.step(actions)
        assert observations.dtype == dtype
        assert env.observation_space.contains(observations[0])
        for i, single in enumerate(singles):
            single.step(pairs[i : i + 1])
            seat = int(seats[i])
            outcome = Outcome(single.outcomes[0])
            assert dones[i] == (outcome is not Outcome.ONGOING)
            if not dones[i]:
                assert rewards[i] == 0.0
                assert infos[i] == {}
                np.testing.assert_array_equal(observations[i], single.planes[0, seat])
                np.testing.assert_array_equal(env.action_masks()[i], single.masks[0, seat])
                continue
            finished += 1
            expected = 0 if outcome.winner is None else 1 if outcome.winner == seat else -1
            assert rewards[i] == expected
            assert infos[i]["outcome"] is outcome
            assert infos[i]["cause"] == DeathCause(single.causes[0, seat])
            assert infos[i]["seat"] == seat
            assert infos[i]["opponent"] == "scripted"
            assert infos[i]["episode"] == {"r": expected, "l": single.plies[0]}
            assert not infos[i]["TimeLimit.truncated"]
            np.testing.assert_array_equal(infos[i]["terminal_observation"], single.planes[0, seat])
            assert env.engine.plies[i] == 0
            np.testing.assert_array_equal(observations[i], env.engine.planes[i, int(env.seats[i])])
            spawned[i] = env.engine.state(i)
            restart(i)
    assert finished > 20


def test_truncation_is_told_apart_from_a_draw_by_death():
    ruleset = Ruleset(spawn=SpawnLayout.CORNERS, max_plies=3)
    env = TronVecEnv(2, Straight(), ruleset=ruleset, rewards=Rewards(survival=0.25))
    env.reset()
    for _ in range(3):
        _, rewards, dones, infos = env.step(np.array(env.engine.headings[:, 0]))
        assert rewards.tolist() == [0.25, 0.25]
    assert dones.all()
    assert infos[0]["TimeLimit.truncated"]
    assert infos[0]["episode"] == {"r": 0.75, "l": 3}


def test_a_raw_action_outside_the_mask_kills():
    env = TronVecEnv(1, Straight(), ruleset=APEX, seat=Seat.FIRST)
    env.reset()
    _, rewards, dones, infos = env.step(np.array([3]))
    assert rewards[0] == -1.0
    assert dones[0]
    assert infos[0]["cause"] is DeathCause.WALL


def test_masks_reach_sb3_and_its_helpers():
    from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported

    env = TronVecEnv(5, Straight(), seed=1)
    env.reset()
    assert is_masking_supported(env)
    np.testing.assert_array_equal(get_action_masks(env), env.action_masks())
    assert len(env.env_method("action_masks", indices=[1, 3])) == 2
    with pytest.raises(AttributeError):
        env.env_method("teleport")
    assert env.env_is_wrapped(object) == [False] * 5


def test_same_seed_same_games():
    def trace(env: TronVecEnv) -> list[bytes]:
        env.seed(11)
        frames = [env.reset().tobytes()]
        for _ in range(60):
            frames.append(env.step(learner_actions(env))[0].tobytes())
        return frames

    opponents = [(Scripted("a"), 1.0), (Scripted("b", 2), 1.0)]
    assert trace(TronVecEnv(4, opponents)) == trace(TronVecEnv(4, opponents))


def test_seats_are_drawn_or_fixed():
    drawn = TronVecEnv(64, Straight(), seed=0)
    drawn.reset()
    assert 16 < drawn.seats.sum() < 48
    fixed = TronVecEnv(64, Straight(), seat=Seat.SECOND, seed=0)
    fixed.reset()
    assert fixed.seats.all()


def test_opponents_change_for_new_games_only():
    first, second = Scripted("first"), Scripted("second")
    env = TronVecEnv(16, first, seed=5)
    env.reset()
    env.set_opponents([(second, 1.0), (Scripted("never"), 0.0)])
    names: list[list[str]] = [[] for _ in range(16)]
    for _ in range(300):
        *_, infos = env.step(learner_actions(env))
        for i, info in enumerate(infos):
            if info:
                names[i].append(info["opponent"])
    for played in names:
        assert played[0] == "first"
        assert set(played[1:]) == {"second"}


def test_opponents_are_drawn_by_weight():
    env = TronVecEnv(400, [(Straight("often"), 3), (Straight("rarely"), 1)], seed=5)
    env.reset()
    counted = {"often": 0, "rarely": 0}
    while sum(counted.values()) < 400:
        *_, infos = env.step(learner_actions(env))
        for info in infos:
            if info:
                counted[info["opponent"]] += 1
    share = counted["often"] / sum(counted.values())
    assert 0.65 < share < 0.85


@pytest.mark.parametrize("weights", [[-1.0, 2.0], [0.0, 0.0], [float("nan"), 1.0]])
def test_bad_weights_are_refused(weights):
    with pytest.raises(OptionError, match="weights"):
        TronVecEnv(1, list(zip([Straight(), Scripted()], weights, strict=True)))


def test_no_opponent_is_refused():
    with pytest.raises(OptionError, match="at least one opponent"):
        TronVecEnv(1, [])


def test_it_plays_the_games_of_the_gymnasium_face():
    """On the same seed, game i is TronEnv with seed + i, reset after every end."""
    options = {"opponent": {"random": 2.0, "wall-hugger": 1.0}, "ruleset": Ruleset(9, 12)}
    env = TronVecEnv(3, **options, dtype=np.float32)
    env.seed(21)
    singles = [TronEnv(**options) for _ in range(3)]
    observations = env.reset()
    for i, single in enumerate(singles):
        np.testing.assert_array_equal(single.reset(seed=21 + i)[0], observations[i])
    for _ in range(120):
        actions = learner_actions(env)
        observations, rewards, dones, infos = env.step(actions)
        for i, single in enumerate(singles):
            seen, reward, terminated, truncated, info = single.step(actions[i])
            assert (rewards[i], dones[i]) == (reward, terminated or truncated)
            if dones[i]:
                np.testing.assert_array_equal(infos[i]["terminal_observation"], seen)
                assert infos[i]["opponent"] == info["opponent"]
                seen, _ = single.reset()
            np.testing.assert_array_equal(observations[i], seen)
            np.testing.assert_array_equal(env.action_masks()[i], single.action_masks())


def test_sb3_has_only_its_advice_for_images_to_give():
    """The planes look like an image to it, whose values would go up to 255."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(TronEnv(dtype=np.uint8), skip_render_check=True)
    assert all("image" in str(warning.message) for warning in said)
