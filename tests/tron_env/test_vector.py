import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles import Straight
from tests.games import reference_of, rulesets
from tron_env import TronEnv, TronVectorEnv
from tron_env.errors import InvalidActionError, OptionError, RulesetError
from tron_env.rewards import Rewards
from tron_env.ruleset import Ruleset
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn


class Asked(Straight):
    """Notes for which games it was asked."""

    def __init__(self, name):
        self.name = name
        self.asked = []

    def act(self, engine, games, seats):
        self.asked.append((games.tolist(), seats.tolist()))
        return super().act(engine, games, seats)


def lowest(env):
    return env.action_masks().argmax(axis=1)


def test_make_vec_gives_it_by_itself():
    env = gymnasium.make_vec("tron_env:Tron-v0", num_envs=1024, dtype="uint8")
    assert isinstance(env, TronVectorEnv)
    assert isinstance(env, VectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    observations, infos = env.reset(seed=0)
    assert observations in env.observation_space
    assert observations[0] in env.single_observation_space
    for _ in range(3):
        actions = infos["action_mask"].argmax(axis=1)
        observations, rewards, terminations, truncations, infos = env.step(actions)
        assert observations in env.observation_space
        for array in (rewards, terminations, truncations):
            assert array.shape == (1024,)
    env.close()


@pytest.mark.parametrize(
    "options",
    [
        {"ruleset": Ruleset(9, 12), "opponent": {"random": 1.0, "wall-hugger": 2.0}},
        {"ruleset": Ruleset(8, 8, "corners"), "seat": 1, "dtype": "uint8", "rewards": "apex"},
        {"ruleset": Ruleset(10, 9, max_plies=12), "rewards": Rewards(survival=0.5)},
        {"ruleset": Ruleset(8, 8), "outside_mask": "replace"},
    ],
)
def test_it_is_what_gymnasium_makes_of_single_environments(options):
    """Observation, reward, ending and info of each game, through many restarts."""
    env = TronVectorEnv(4, **options)
    sync = SyncVectorEnv([lambda: TronEnv(**options)] * 4, autoreset_mode=AutoresetMode.SAME_STEP)
    assert env.observation_space == sync.observation_space
    assert env.action_space == sync.action_space
    rng = np.random.default_rng(0)
    (seen, infos), (expected, others) = env.reset(seed=5), sync.reset(seed=5)
    ended = 0
    for _ in range(150):
        np.testing.assert_array_equal(seen, expected)
        assert seen.dtype == expected.dtype
        np.testing.assert_array_equal(infos["action_mask"], others["action_mask"])
        np.testing.assert_array_equal(infos["seat"], others["seat"])
        assert ("final_obs" in infos) == ("final_obs" in others)
        for game in np.flatnonzero(infos.get("_final_obs", [])):
            ended += 1
            np.testing.assert_array_equal(infos["final_obs"][game], others["final_obs"][game])
            mine, theirs = infos["final_info"], others["final_info"]
            for key in ("cause", "seat", "opponent"):
                assert mine[key][game] == theirs[key][game]
                np.testing.assert_array_equal(mine[f"_{key}"], theirs[f"_{key}"])
            winner = theirs["winner"][game]
            assert mine["winner"][game] == (-1 if winner is None else winner)
            np.testing.assert_array_equal(mine["action_mask"][game], theirs["action_mask"][game])
        # Mostly accepted actions, so that games last; some of any kind, so that they end.
        actions = np.where(rng.random(4) < 0.1, rng.integers(4, size=4), lowest(env))
        seen, rewards, terminations, truncations, infos = env.step(actions)
        expected, other_rewards, *other_ends, others = sync.step(actions)
        np.testing.assert_allclose(rewards, other_rewards)
        np.testing.assert_array_equal(terminations, other_ends[0])
        np.testing.assert_array_equal(truncations, other_ends[1])
    assert ended > 10


@settings(deadline=None, max_examples=25)
@given(ruleset=rulesets(), seed=st.integers(0, 2**32 - 1), turns=st.binary(min_size=1))
def test_every_game_is_the_reference_seen_from_one_seat(ruleset, seed, turns):
    env = TronVectorEnv(3, Straight(), ruleset=ruleset)
    observations, infos = env.reset(seed=seed)
    games = [reference_of(ruleset, int(start)) for start in env.games.engine.seeds]
    for ply in range(40):
        actions = np.array([turns[(ply + 7 * i) % len(turns)] % 4 for i in range(3)])
        seats = [Seat(seat) for seat in infos["seat"].tolist()]
        for game, seat, action in zip(games, seats, actions.tolist(), strict=True):
            pair = (action, game.headings[seat.other])
            game.play(pair if seat is Seat.FIRST else pair[::-1])
        observations, rewards, terminations, truncations, infos = env.step(actions)
        for i, (game, seat) in enumerate(zip(games, seats, strict=True)):
            over = game.outcome is not Outcome.ONGOING
            assert truncations[i] == (game.outcome is Outcome.TRUNCATED)
            assert terminations[i] == (over and not truncations[i])
            assert rewards[i] == {None: 0, seat: 1, seat.other: -1}[game.outcome.winner]
            if over:
                np.testing.assert_array_equal(infos["final_obs"][i], game.observation(seat))
                assert infos["final_info"]["cause"][i] == game.causes[seat]
                games[i] = reference_of(ruleset, int(env.games.engine.seeds[i]))
            now = Seat(int(infos["seat"][i]))
            np.testing.assert_array_equal(observations[i], games[i].observation(now))
            assert np.flatnonzero(infos["action_mask"][i]).tolist() == games[i].accepted(now)


def test_a_game_does_not_depend_on_how_many_there_are():
    def history(n):
        env = TronVectorEnv(n, ruleset=Ruleset(8, 8))
        frames = [env.reset(seed=3)[0][1].copy()]
        for _ in range(60):
            frames.append(env.step(lowest(env))[0][1].copy())
        return np.array(frames)

    np.testing.assert_array_equal(history(2), history(9))


def test_opponents_are_asked_in_batch_and_change_for_new_games_only():
    first, second = Asked("first"), Asked("second")
    env = TronVectorEnv(6, first, seat=0, ruleset=Ruleset(8, 8, "corners"))
    env.reset(seed=0)
    env.step(np.full(6, Action.DOWN))
    assert first.asked == [([0, 1, 2, 3, 4, 5], [1] * 6)]
    env.set_opponents(second)
    *_, infos = env.step(np.array([Action.LEFT] * 2 + [Action.DOWN] * 4))
    assert infos["final_info"]["opponent"].tolist() == ["first"] * 2 + [None] * 4
    env.step(np.full(6, Action.DOWN))
    assert first.asked[-1][0] == [2, 3, 4, 5]
    assert second.asked == [([0, 1], [1, 1])]


def test_what_is_returned_is_the_callers_to_keep():
    env = TronVectorEnv(2, Straight(), seat=0, ruleset="apex")
    observations, infos = env.reset(seed=0)
    kept, mask = observations.copy(), infos["action_mask"].copy()
    results = env.step(np.array([1, 2]))
    copies = [np.array(part) for part in results[:4]]
    env.step(np.array([3, 3]))
    np.testing.assert_array_equal(observations, kept)
    np.testing.assert_array_equal(infos["action_mask"], mask)
    for part, copy in zip(results, copies, strict=False):
        np.testing.assert_array_equal(part, copy)


def test_some_games_can_be_started_where_one_likes():
    env = TronVectorEnv(3, Straight(), seat=0)
    env.reset(seed=0)
    env.step(lowest(env))
    spawns = (Spawn(5, 5, Action.UP), Spawn(9, 9, Action.LEFT))
    mask = np.array([False, True, False])
    observations, _ = env.reset(options={"reset_mask": mask, "spawns": spawns, "seat": 1})
    assert env.games.engine.plies.tolist() == [1, 0, 1]
    assert env.games.seats.tolist() == [0, 1, 0]
    assert observations[1, 3, 9, 9] == 1
    state = env.games.engine.state(0)
    env.reset(options={"state": state})
    assert env.games.engine.plies.tolist() == [1, 1, 1]


def test_seeds_name_games():
    env = TronVectorEnv(3)
    first, _ = env.reset(seed=[4, 9, 4])
    np.testing.assert_array_equal(first[0], first[2])
    np.testing.assert_array_equal(first[1], TronEnv().reset(seed=9)[0])
    again, _ = env.reset()
    assert not np.array_equal(first, again)
    np.testing.assert_array_equal(env.reset(seed=[4, 9, 4])[0], first)


def test_gymnasiums_wrappers_work_on_it():
    env = DictInfoToList(RecordEpisodeStatistics(TronVectorEnv(3, ruleset=Ruleset(8, 8))))
    env.reset(seed=0)
    lengths = []
    while len(lengths) < 5:
        *_, infos = env.step(np.array([0, 1, 2]))
        lengths += [info["final_info"]["episode"]["l"] for info in infos if "final_info" in info]
    assert min(lengths) > 0


def test_frames_of_all_games():
    env = TronVectorEnv(2, render_mode="rgb_array", ruleset=Ruleset(8, 10))
    env.reset(seed=0)
    assert [frame.shape for frame in env.render()] == [(128, 160, 3)] * 2


@pytest.mark.parametrize("actions", [[0], [0, 4], [0, -1], [0.0, 1.0], [[0], [1]]])
def test_wrong_actions_are_refused_before_anything_is_played(actions):
    env = TronVectorEnv(2, Straight())
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match="expected integers"):
        env.step(np.array(actions))
    assert env.games.engine.plies.tolist() == [0, 0]


def test_bad_arguments_are_named():
    with pytest.raises(RulesetError, match="n is 0"):
        TronVectorEnv(0)
    with pytest.raises(gymnasium.error.UnsupportedMode, match="allowed is rgb_array"):
        TronVectorEnv(1, render_mode="human")
    env = TronVectorEnv(2)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.array([0, 0]))
    with pytest.raises(OptionError, match="3 seeds for 2 games"):
        env.reset(seed=[1, 2, 3])
    with pytest.raises(OptionError, match="must be all True at the first reset"):
        env.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(OptionError, match=r"allowed are bool \(2,\) with at least one True"):
        env.reset(options={"reset_mask": np.array([1, 0])})
    with pytest.raises(OptionError, match="'map' is unknown"):
        env.reset(options={"map": 1})


def test_causes_of_death_are_told():
    env = TronVectorEnv(1, Straight(), seat=0, ruleset="apex")
    env.reset(seed=0)
    _, rewards, terminations, _, infos = env.step(np.array([Action.LEFT]))
    assert rewards.tolist() == [-1.0]
    assert terminations.tolist() == [True]
    assert infos["final_info"]["cause"].tolist() == [DeathCause.WALL]
    assert infos["final_info"]["winner"].tolist() == [Seat.SECOND]
    assert infos["final_info"]["episode"]["l"].tolist() == [1]
    assert infos["final_info"]["episode"]["r"].tolist() == [-1.0]
