import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.games import SCRIPTS, SEEDS, chosen_actions, plies, rulesets
from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.ruleset import APEX, ARENA, Ruleset
from tron_env.spawn import spawns_for
from tron_env.types import Action, CellKind, Outcome, Spawn

ARRAYS = ("cells", "heads", "headings", "causes", "plies", "outcomes", "planes", "masks")


def copies(engine: BatchEngine) -> dict[str, np.ndarray]:
    return {name: getattr(engine, name).copy() for name in ARRAYS}


@settings(deadline=None, max_examples=50)
@given(
    ruleset=rulesets(),
    games=st.lists(st.tuples(SEEDS, SCRIPTS), min_size=2, max_size=5),
)
def test_a_row_of_a_batch_is_the_game_alone(ruleset, games):
    seeds, scripts = [list(column) for column in zip(*games, strict=True)]
    batch = BatchEngine(ruleset, len(games))
    batch.reset(range(len(games)), seeds)
    alone = [BatchEngine(ruleset, 1) for _ in games]
    for engine, seed in zip(alone, seeds, strict=True):
        engine.reset([0], [seed])
    for actions in plies(batch, scripts):
        for game, engine in enumerate(alone):
            engine.step(actions[[game]])
            for name in ARRAYS:
                np.testing.assert_array_equal(
                    getattr(batch, name)[game], getattr(engine, name)[0], err_msg=name
                )


@settings(deadline=None, max_examples=40)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS, after=SCRIPTS)
def test_steps_after_the_end_change_nothing(ruleset, seed, script, after):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    for _ in plies(engine, [script]):
        pass
    finished = copies(engine)
    for code in after:
        engine.step(np.array([[code & 3, code >> 2 & 3]], dtype=np.uint8))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(engine, name), finished[name])


@settings(deadline=None, max_examples=40)
@given(ruleset=rulesets(), seeds=st.tuples(SEEDS, SEEDS), script=SCRIPTS)
def test_a_reset_leaves_no_trace_of_the_game_before(ruleset, seeds, script):
    used, fresh = BatchEngine(ruleset, 2), BatchEngine(ruleset, 2)
    used.reset([0, 1], seeds)
    for _ in plies(used, [script, b""]):
        pass
    kept = copies(used)
    used.reset([1], [seeds[0]])
    fresh.reset([1], [seeds[0]])
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(used, name)[1], getattr(fresh, name)[1])
        np.testing.assert_array_equal(getattr(used, name)[0], kept[name][0])


def test_a_seed_and_its_spawns_give_the_same_start():
    by_seed, by_spawns = BatchEngine(ARENA, 1), BatchEngine(ARENA, 1)
    by_seed.reset([0], [77])
    by_spawns.reset_to(0, spawns_for(ARENA, 77))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(by_seed, name), getattr(by_spawns, name))


def test_riders_meet_on_one_cell_only_on_boards_of_even_height_plus_width():
    """Straight at each other down a corridor of either parity."""
    for width, cause in ((12, 4), (13, 3)):
        ruleset = Ruleset(12, width, ARENA.spawn)
        engine = BatchEngine(ruleset, 1)
        engine.reset_to(0, (Spawn(5, 2, Action.RIGHT), Spawn(5, width - 2, Action.LEFT)))
        while engine.outcomes[0] == Outcome.ONGOING:
            engine.step(engine.headings.copy())
        assert engine.outcomes[0] == Outcome.DRAW
        assert engine.causes.tolist() == [[cause, cause]]


def test_a_batch_that_was_never_reset_is_not_playable():
    engine = BatchEngine(APEX, 2)
    engine.step(np.ones((2, 2), dtype=np.uint8))
    assert engine.plies.tolist() == [0, 0]
    assert not engine.masks.any()


def test_states_are_copies():
    engine = BatchEngine(APEX, 1)
    engine.reset([0], [0])
    before = engine.state(0)
    cells = before.cells.copy()
    engine.step(np.array([[1, 3]], dtype=np.uint8))
    np.testing.assert_array_equal(before.cells, cells)
    assert before.heads == ((1, 1), (30, 30))
    assert engine.state(0).heads == ((1, 2), (30, 29))


@pytest.mark.parametrize(
    "actions",
    [
        np.zeros((1, 2), dtype=np.uint8),
        np.zeros((2, 2), dtype=np.float32),
        np.zeros((2, 2), dtype=np.bool_),
        np.full((2, 2), 4),
        np.full((2, 2), -1),
        np.full((2, 2), 256),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(actions):
    engine = BatchEngine(APEX, 2)
    engine.reset([0, 1], [0, 1])
    before = copies(engine)
    with pytest.raises(InvalidActionError):
        engine.step(actions)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(engine, name), before[name])


@pytest.mark.parametrize(
    ("spawns", "message"),
    [
        ((Spawn(0, 1, Action.UP), Spawn(5, 5, Action.UP)), r"seat 0 is \(0, 1\); allowed are rows"),
        ((Spawn(1, 1, Action.UP), Spawn(31, 5, Action.UP)), "seat 1 is .31, 5.; allowed are rows"),
        ((Spawn(1, 1, 4), Spawn(5, 5, Action.UP)), "heading of seat 0 is 4"),
        ((Spawn(5, 5, Action.UP), Spawn(5, 5, Action.DOWN)), "both spawns are on cell"),
        ((Spawn(5, 5, Action.LEFT), Spawn(5, 7, Action.RIGHT)), r"cell \(5, 6\) behind them"),
    ],
)
def test_bad_starts_are_refused(spawns, message):
    with pytest.raises(RulesetError, match=message):
        BatchEngine(ARENA, 1).reset_to(0, spawns)


def test_riders_back_to_back_may_start_where_no_trail_lies_behind_them():
    engine = BatchEngine(APEX, 1)
    engine.reset_to(0, (Spawn(5, 5, Action.LEFT), Spawn(5, 7, Action.RIGHT)))
    assert engine.cells[0, 5, 6] == CellKind.EMPTY


@pytest.mark.parametrize(("games", "seeds"), [([2], [0]), ([-1], [0]), ([0, 1], [0])])
def test_bad_resets_are_refused(games, seeds):
    with pytest.raises(RulesetError):
        BatchEngine(ARENA, 2).reset(games, seeds)


def test_an_empty_batch_is_refused():
    with pytest.raises(RulesetError, match="at least 1"):
        BatchEngine(ARENA, 0)


def test_scripts_reach_every_action():
    """The strategies' own promise: raw actions and accepted ones both occur."""
    engine = BatchEngine(ARENA, 4)
    engine.reset(range(4), range(4))
    asked = chosen_actions(engine, [bytes([code, code]) for code in (0, 1, 2, 3)])
    assert asked.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
