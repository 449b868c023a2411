import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.boards import board
from tests.doubles import Entries, Straight
from tests.games import SEEDS, reference_of, rulesets
from tron_env import TronEnv, TronVectorEnv
from tron_env.agent import make_agent
from tron_env.errors import AgentSpecError, InvalidActionError, OptionError, RulesetError
from tron_env.rewards import Rewards
from tron_env.ruleset import APEX, Ruleset, SpawnLayout
from tron_env.scoring import apex_score
from tron_env.spawn import spawns_for
from tron_env.types import Action, CellKind, DeathCause, Outcome, Seat, Spawn


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


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


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
    start = int(env.engine.seeds[0])
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


@pytest.mark.parametrize("spec", ["random", "random:seed=7"])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_random_opponent_plays_what_the_same_agent_answers_when_asked(spec, dtype):
    """TronEnv draws its actions in the kernel; the others ask, as for any agent."""
    env, agent = TronEnv(spec, ruleset=Ruleset(9, 12), dtype=dtype), make_agent(spec)
    for seed in range(20):
        observation, info = env.reset(seed=seed)
        me, over = info["seat"], False
        game = reference_of(env.ruleset, int(env.engine.seeds[0]))
        while not over:
            np.testing.assert_array_equal(observation, game.observation(me))
            mine = int(info["action_mask"].argmax())
            theirs = int(agent.act(env.engine, np.array([0]), np.array([me.other]))[0])
            game.play((mine, theirs) if me is Seat.FIRST else (theirs, mine))
            observation, _, terminated, truncated, info = env.step(mine)
            over = terminated or truncated
            assert np.flatnonzero(info["action_mask"]).tolist() == game.accepted(me)
            assert (info["cause"], info["winner"]) == (game.causes[me], game.outcome.winner)
        assert game.outcome is not Outcome.ONGOING


@pytest.mark.parametrize("answer", [4, 255, 1.5])
def test_an_agent_that_answers_nonsense_is_named(answer):
    env = TronEnv(Scripted([answer]))
    env.reset(seed=0)
    if isinstance(answer, float):
        env.opponents.agents[0].act = lambda *_: [answer]
    with pytest.raises(InvalidActionError, match="action of scripted is"):
        env.step(0)
    assert env.engine.plies[0] == 0


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
    ends = [env.step(int(env.unwrapped.engine.headings[0, 0]))[2:4] for _ in range(4)]
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
    for arguments, told in [
        ({"seat": 2}, "seat is 2; allowed are 0, 1 and 'random'"),
        ({"rewards": "money"}, "'money'; known are apex, points, zero-sum"),
        ({"outside_mask": "forbid"}, "outside_mask is 'forbid'; allowed are 'die' and 'replace'"),
        ({"dtype": "int8"}, "dtype is 'int8'; allowed are float32 and uint8"),
        ({"opponent": 3}, "opponent is 3; allowed are"),
        ({"opponent": []}, "opponent weights are"),
        ({"opponent": {"random": "often"}}, "a weight is a number"),
        ({"seat": True}, "seat is True; allowed are 0, 1"),
        ({"seat": np.array([0, 1])}, r"seat is array\(\[0, 1\]\); allowed are 0, 1"),
        ({"rewards": 3}, "rewards are 3; allowed are"),
        ({"dtype": []}, r"dtype is \[\]; allowed are float32 and uint8"),
    ]:
        with pytest.raises(OptionError, match=told):
            TronEnv(**arguments)
    with pytest.raises(RulesetError, match="'huge'"):
        TronEnv(ruleset="huge")
    with pytest.raises(RulesetError, match="ruleset is None; allowed are a preset's name"):
        TronEnv(ruleset=None)
    with pytest.raises(AgentSpecError, match="'nobody'"):
        TronEnv(opponent="nobody")
    with pytest.raises(gymnasium.error.UnsupportedMode, match="allowed are human, rgb_array"):
        TronEnv(render_mode="opengl")


def test_using_it_before_reset_says_so():
    env = TronEnv(opponent=Straight(), render_mode="ansi")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.render()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.action_masks()


def test_the_agent_whose_package_cannot_be_loaded_is_named(monkeypatch):
    class Entry:
        value = "gone.agents:make"

        def load(self):
            raise ModuleNotFoundError("No module named 'gone'")

    monkeypatch.setattr("tron_env.agent.entry_points", lambda group: Entries(ghost=Entry()))
    with pytest.raises(
        AgentSpecError, match=r"'ghost' is gone\.agents:make.*No module named 'gone'"
    ):
        make_agent("ghost")


def play_out(env, policy=None):
    """Play to the end and return all rewards and the last info."""
    info, over, rewards = {"action_mask": env.action_masks()}, False, []
    while not over:
        action = int(np.argmax(info["action_mask"])) if policy is None else policy(info)
        _, reward, terminated, truncated, info = env.step(action)
        over = terminated or truncated
        rewards.append(reward)
    return rewards, info


@pytest.mark.parametrize(
    ("mine", "theirs", "paid"),
    [
        (Action.LEFT, Action.LEFT, [-10.0]),
        (Action.RIGHT, Action.RIGHT, [10.25]),
        (Action.RIGHT, Action.LEFT, [0.25] * 5 + [5.0]),
    ],
)
def test_survival_is_paid_on_top_for_each_ply_survived(mine, theirs, paid):
    """On an 8 by 8 board: into the wall at once, the other does, both after five plies."""
    rewards = Rewards(win=10, draw=5, loss=-10, survival=0.25)
    env = TronEnv(Scripted([theirs] * 9), 0, Ruleset(8, 8, SpawnLayout.CORNERS), rewards)
    env.reset(seed=0)
    assert play_out(env, lambda info: int(mine))[0] == paid


def test_apex_rewards_are_the_score_of_the_game():
    env = TronEnv(opponent="random", ruleset=Ruleset(10, 10), rewards="apex")
    for seed in range(12):
        env.reset(seed=seed)
        rewards, info = play_out(env)
        state = env.engine.state(0)
        score = apex_score(state.causes, state.outcome)[info["seat"]]
        assert rewards[:-1] == [0.0] * (len(rewards) - 1)
        assert rewards[-1] == pytest.approx(score)


def test_actions_outside_the_mask_are_replaced_when_asked():
    """By straight on; into the wall ahead by the lowest accepted; the reverse by straight on."""
    env = TronEnv(Straight(), 0, Ruleset(8, 8, SpawnLayout.CORNERS), outside_mask="replace")
    env.reset(seed=0)
    env.step(Action.LEFT)
    assert env.engine.state(0).heads[0] == (2, 1)
    env.step(Action.UP)
    assert env.engine.state(0).heads[0] == (3, 1)
    start = board("########\n#......#\n#aaaaa>#\n#......#\n#......#\n#......#\n#<.....#\n########")
    env.reset(options={"state": start})
    env.step(Action.RIGHT)
    assert env.engine.state(0).heads[0] == (1, 6)


def test_a_rider_without_accepted_actions_dies_though_actions_are_replaced():
    start = board("########\n#aaaa..#\n#aaaa>b#\n#aaaaab#\n#..bbbb#\n#..b...#\n#..<...#\n########")
    start.cells[1, 5] = CellKind.TRAIL_1
    env = TronEnv(Straight(), 0, Ruleset(8, 8), outside_mask="replace")
    env.reset(options={"state": start})
    assert not env.action_masks().any()
    *_, terminated, _, info = env.step(Action.RIGHT)
    assert terminated
    assert info["cause"] is DeathCause.OPPONENT


@pytest.mark.parametrize("dtype", ["float32", "uint8", np.uint8])
def test_observations_have_the_dtype_asked_for(dtype):
    env = TronEnv(dtype=dtype)
    observation, _ = env.reset(seed=0)
    assert observation.dtype == np.dtype(dtype)
    assert observation in env.observation_space
    np.testing.assert_array_equal(observation, TronEnv().reset(seed=0)[0])


def test_a_function_may_be_the_opponent():
    def lowest(observations, masks):
        assert observations.shape[1:] == (5, 32, 32)
        assert observations.dtype == np.float32
        assert masks.shape == (len(observations), 4)
        return masks.argmax(axis=1)

    env = TronEnv(lowest, seat=1)
    _, info = env.reset(seed=2)
    assert info["opponent"] == "lowest"
    expected = int(env.engine.masks[0, 0].argmax())
    env.step(1)
    assert env.engine.headings[0, 0] == expected


@pytest.mark.parametrize("answer", [7, [7], [-1], [256], [1.0], [1, 1], None])
def test_a_function_that_answers_nonsense_is_named(answer):
    def confused(observations, masks):
        return answer

    env = TronEnv(confused)
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match="confused"):
        env.step(0)


def test_opponents_are_drawn_by_weight_from_the_games_seed():
    env = TronEnv([(Straight(), 3.0), (Scripted([]), 1.0)])
    env.reset(seed=0)
    met = [env.reset()[1]["opponent"] for _ in range(400)]
    assert 250 < met.count("straight") < 350
    env.reset(seed=0)
    assert [env.reset()[1]["opponent"] for _ in range(400)] == met
    env.opponents.change([(Scripted([]), 1.0)])
    assert {env.reset()[1]["opponent"] for _ in range(20)} == {"scripted"}


def test_resets_start_where_they_are_told_to():
    env = TronEnv(Straight())
    env.reset(options={"start": 77, "seat": 1})
    heads = [tuple(spawn[:2]) for spawn in spawns_for(env.ruleset, 77)]
    assert [tuple(head) for head in env.engine.state(0).heads] == heads
    spawns = (Spawn(5, 5, Action.UP), Spawn(9, 9, Action.LEFT))
    _, info = env.reset(options={"spawns": spawns, "seat": 0})
    assert info["seat"] is Seat.FIRST
    assert env.engine.state(0).heads == ((5, 5), (9, 9))
    env.step(Action.UP)
    state = env.engine.state(0)
    env.reset()
    assert env.engine.plies[0] == 0
    env.reset(options={"state": state})
    assert env.engine.state(0).ply == 1
    np.testing.assert_array_equal(env.engine.state(0).cells, state.cells)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"map": 1}, OptionError, "'map' is unknown; allowed are start, spawns, state, seat"),
        ({"seat": 3}, OptionError, "'seat' is 3; allowed are 0 and 1"),
        ({"start": 1, "spawns": 2}, OptionError, "'start' and 'spawns' exclude each other"),
        ({"start": -1}, RulesetError, "seed is -1"),
        ({"seat": 1.0}, OptionError, "'seat' is 1.0; allowed are 0 and 1"),
        ({"spawns": [(1, 2, 3)]}, OptionError, "'spawns' is .* allowed are two of"),
        ({"spawns": ((1, 1, 2), (5, 5, 9))}, OptionError, "allowed are two of"),
        ({"state": 3}, OptionError, "'state' is 3; allowed is a GameState"),
        (["start"], OptionError, "reset options are .* allowed is a dict"),
        (
            {"spawns": (Spawn(0, 5, Action.UP), Spawn(9, 9, Action.UP))},
            RulesetError,
            "spawn of seat 0 is .0, 5.; allowed are rows 1 to 30",
        ),
    ],
)
def test_bad_starts_are_named(options, error, told):
    with pytest.raises(error, match=told):
        TronEnv().reset(options=options)
    with pytest.raises(error, match=told):
        TronVectorEnv(2).reset(options=options)


def test_frames_are_listed_since_the_last_render_or_reset():
    env = TronEnv(Straight(), 0, "apex", render_mode="rgb_array_list")
    single = TronEnv(Straight(), 0, "apex", render_mode="rgb_array")
    env.reset(seed=0)
    single.reset(seed=0)
    expected = [single.render()]
    for _ in range(3):
        env.step(Action.RIGHT)
        single.step(Action.RIGHT)
        expected.append(single.render())
    np.testing.assert_array_equal(env.render(), expected)
    assert env.render() == []
    env.step(Action.RIGHT)
    env.reset()
    assert len(env.render()) == 1


def test_the_window_shows_every_ply_and_closes(monkeypatch):
    import pygame

    monkeypatch.setitem(TronEnv.metadata, "render_fps", 1000)
    env = gymnasium.make("tron_env:Tron-v0", render_mode="human", opponent=Straight(), seat=0)
    env.reset(seed=1)
    first = pygame.surfarray.array3d(pygame.display.get_surface())
    env.step(env.unwrapped.engine.headings[0, 0])
    assert env.render() is None
    second = pygame.surfarray.array3d(pygame.display.get_surface())
    assert (first != second).any()
    env.close()
    assert pygame.display.get_surface() is None


def test_the_window_begins_anew_with_every_game_wherever_that_begins(monkeypatch):
    from tron_env.window import Window

    shown = []
    show = Window.show

    def note(window, scene):
        shown.append((window, scene))
        show(window, scene)

    monkeypatch.setattr(Window, "show", note)
    monkeypatch.setitem(TronEnv.metadata, "render_fps", 1000)
    env = TronEnv(Straight(), 0, render_mode="human")
    env.reset(seed=1)
    env.step(env.engine.headings[0, 0])
    midgame = env.engine.state(0)
    env.reset(seed=2)
    env.reset(options={"state": midgame})
    assert [scene.before is None for _, scene in shown] == [True, False, True, True]
    assert len({id(window) for window, _ in shown}) == 1
    env.close()
    env.step(env.engine.headings[0, 0])
    env.reset(options={"state": midgame})
    assert [window.closed for window, _ in shown[-2:]] == [True, False]
    env.close()


def test_gymnasium_can_record_videos(tmp_path):
    env = gymnasium.make("tron_env:Tron-v0", render_mode="rgb_array", ruleset=Ruleset(8, 8))
    with gymnasium.wrappers.RecordVideo(env, str(tmp_path / "film"), disable_logger=True) as film:
        film.reset(seed=0)
        while not any(film.step(0)[2:4]):
            pass
    assert [path.suffix for path in (tmp_path / "film").iterdir()] == [".mp4"]


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_frames_follow_the_game(mode):
    env = gymnasium.make("tron_env:Tron-v0", render_mode=mode, opponent=Straight(), seat=0)
    env.reset(seed=1)
    first = env.render()
    env.step(env.unwrapped.engine.headings[0, 0])
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
