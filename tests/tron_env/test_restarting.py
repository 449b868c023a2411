"""Games that restart by themselves, draw their own actions, or are dealt to threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.boards import board
from tests.games import SEEDS, reference_of, rulesets
from tron_env import observation
from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.restarting import FIRST_PLY, NEXT_GAME
from tron_env.ruleset import ARENA, Ruleset, SpawnLayout
from tron_env.spawn import random_u64
from tron_env.types import Action, CellKind, Outcome, Seat

ARRAYS = (
    *("seeds", "plies", "heads", "headings", "causes", "outcomes", "masks", "cells", "planes"),
)


def assert_equal_games(one, i, other, k):
    for name in ARRAYS:
        # Plain equality, as assert_array_equal would take most of these tests' time.
        assert np.array_equal(getattr(one, name)[i], getattr(other, name)[k]), name


def random_actions(engine: BatchEngine, rng: np.random.Generator) -> np.ndarray:
    """Mostly accepted actions, now and then any."""
    wishes = rng.random(engine.masks.shape) + engine.masks * (rng.random() < 0.9)
    return wishes.argmax(axis=2).astype(np.uint8)


def drawn(masks, heading, draw):
    """The accepted action that 32 random bits pick, as the documentation has it."""
    accepted = np.flatnonzero(masks)
    return accepted[draw * len(accepted) >> 32] if len(accepted) else heading


@settings(deadline=None, max_examples=40)
@given(ruleset=rulesets(), seeds=st.lists(SEEDS, min_size=1, max_size=6), noise=SEEDS)
def test_restarting_is_a_step_then_a_reset_with_the_following_seed(ruleset, seeds, noise):
    n = len(seeds)
    engine, plain = BatchEngine(ruleset, n), BatchEngine(ruleset, n)
    for each in (engine, plain):
        each.reset(range(n), seeds)
    rng = np.random.default_rng(noise)
    for _ in range(120):
        actions = random_actions(engine, rng)
        ended = engine.step_restarting(actions)
        plain.step(actions)
        assert ended.tolist() == np.flatnonzero(plain.outcomes != Outcome.ONGOING).tolist()
        for k, game in enumerate(ended):
            assert_equal_games(engine.last, k, plain, game)
            plain.reset([game], [int(random_u64(plain.seeds[game], NEXT_GAME))])
        assert_equal_games(engine, slice(None), plain, slice(None))


@settings(deadline=None, max_examples=30)
@given(ruleset=rulesets(), seed=SEEDS)
def test_random_play_is_the_reference_with_the_actions_that_the_seed_draws(ruleset, seed):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    game = reference_of(ruleset, seed)
    for _ in range(80):
        draw = int(random_u64(np.uint64(seed), FIRST_PLY + np.uint64(game.ply)))
        masks = np.zeros((2, 4), dtype=np.bool_)
        for seat in Seat:
            masks[seat, game.accepted(seat)] = True
        first = drawn(masks[0], game.headings[Seat.FIRST], draw & 0xFFFFFFFF)
        second = drawn(masks[1], game.headings[Seat.SECOND], draw >> 32)
        game.play((first, second))
        over = game.outcome is not Outcome.ONGOING
        assert engine.play_random(1) == over
        if over:
            seed = int(random_u64(np.uint64(seed), NEXT_GAME))
            game = reference_of(ruleset, seed)
        # The reference takes a millisecond to draw a board; a wrong one stays wrong till then.
        if over or game.ply % 8 == 0:
            for seat in Seat:
                assert np.array_equal(engine.planes[0, seat], game.observation(seat))


def test_random_actions_are_drawn_evenly():
    engine = BatchEngine(ARENA, 4000)
    engine.reset(range(4000), range(4000))
    before = engine.masks.copy(), engine.headings.copy()
    engine.play_random(1)
    three_ways = before[0].sum(axis=2) == 3
    turns = (engine.headings.astype(int) - before[1])[three_ways] % 4
    counts = np.bincount(turns, minlength=4)
    assert counts[2] == 0
    assert np.ptp(counts[[0, 1, 3]]) < 0.1 * counts.sum()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_neither_batch_size_nor_order_nor_threads_matter(threads):
    seeds = np.random.default_rng(5).integers(0, 2**64, 37, dtype=np.uint64)
    order = np.random.default_rng(6).permutation(37)
    alone = [BatchEngine(ARENA, 1) for _ in seeds]
    many = BatchEngine(ARENA, 37, threads=threads)
    many.reset(order, seeds)
    for engine, seed in zip(alone, seeds, strict=True):
        engine.reset([0], [int(seed)])
    assert many.play_random(90) == sum(engine.play_random(90) for engine in alone)
    rng = np.random.default_rng(7)
    for _ in range(60):
        actions = random_actions(many, rng)
        ended = many.step_restarting(actions).tolist()
        assert ended == sorted(ended)
        for k, engine in enumerate(alone):
            game = order[k]
            over = engine.step_restarting(actions[[game]])
            assert len(over) == (game in ended)
            if len(over):
                assert_equal_games(many.last, ended.index(game), engine.last, 0)
    actions = random_actions(many, rng)
    many.step(actions)
    for k, engine in enumerate(alone):
        engine.step(actions[[order[k]]])
        assert_equal_games(many, order[k], engine, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_bad_actions_are_refused_before_anything_is_played(threads):
    engine = BatchEngine(ARENA, 5, threads=threads)
    engine.reset(range(5), range(5))
    before = engine.cells.copy()
    for play in (engine.step, engine.step_restarting):
        with pytest.raises(InvalidActionError, match="range from 0 to 4"):
            play(np.array([[0, 0]] * 4 + [[0, 4]], dtype=np.uint8))
    np.testing.assert_array_equal(engine.cells, before)
    assert engine.plies.tolist() == [0] * 5


@pytest.mark.parametrize("threads", [0, -1, 10**6])
def test_numbers_of_threads_are_checked(threads):
    with pytest.raises(RulesetError, match="threads is"):
        BatchEngine(ARENA, 1, threads=threads)


POSITION = """
    ##########
    #........#
    #.aaaa...#
    #....v...#
    #........#
    #...^....#
    #...bbb..#
    ##########
"""


def test_a_game_starts_from_any_position_and_leaves_no_trace():
    ruleset = Ruleset(8, 10, SpawnLayout.CORNERS)
    engine, fresh = BatchEngine(ruleset, 2), BatchEngine(ruleset, 2)
    for each in (engine, fresh):
        each.reset([0, 1], [1, 2])
    state = board(POSITION, ply=7)
    engine.reset_to_state(1, state, seed=9)
    assert_equal_games(engine, 0, fresh, 0)
    planes = np.zeros_like(engine.planes)
    observation.encode_state(1, engine.cells, engine.heads, engine.causes, planes)
    np.testing.assert_array_equal(engine.planes[1], planes[1])
    assert engine.masks[1].tolist() == [[False, True, True, True], [True, True, False, True]]
    assert engine.state(1).ply == 7
    engine.step(np.array([[2, 1], [Action.DOWN, Action.UP]], dtype=np.uint8))
    assert engine.outcomes[1] == Outcome.ONGOING
    engine.reset([0, 1], [1, 2])
    for game in range(2):
        assert_equal_games(engine, game, fresh, game)


def test_positions_that_cannot_be_played_are_named():
    from dataclasses import replace

    engine = BatchEngine(Ruleset(8, 10), 1)
    state = board(POSITION)
    for wrong, message in [
        (replace(state, cells=state.cells[:7]), "cells are uint8"),
        (replace(state, ply=500), "ply is 500"),
        (replace(state, heads=(state.heads[1], state.heads[0])), "head of seat 0"),
        (replace(state, outcome=Outcome.DRAW), "game is over"),
        (replace(state, headings=(5, Action.UP)), "headings"),
    ]:
        with pytest.raises(RulesetError, match=message):
            engine.reset_to_state(0, wrong)
    holed = state.cells.copy()
    holed[0, 0] = CellKind.EMPTY
    with pytest.raises(RulesetError, match="wall on the border"):
        engine.reset_to_state(0, replace(state, cells=holed))


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_ten_million_random_plies_break_no_invariant():
    invariants_hold(plies=10_000_000)


def test_random_plies_break_no_invariant():
    invariants_hold(plies=300_000)


def invariants_hold(plies: int) -> None:
    """Every so often compare the planes with planes from nothing, and count what must add up."""
    sizes = [(8, 8), (9, 12), (13, 11), (32, 32), (64, 64), (8, 64)]
    for height, width in sizes:
        engine = BatchEngine(Ruleset(height, width), 256)
        engine.reset(range(256), range(256))
        fresh, actions = np.zeros_like(engine.planes), np.zeros((256, 2), dtype=np.uint8)
        for _ in range(max(1, plies // len(sizes) // 256 // 98)):
            engine.play_random(97)
            ended = engine.step_restarting(actions)
            for batch, games in ((engine, range(256)), (engine.last, range(len(ended)))):
                for game in games:
                    observation.encode_state(game, batch.cells, batch.heads, batch.causes, fresh)
                k = len(games)
                np.testing.assert_array_equal(batch.planes[:k], fresh[:k])
                trail = (batch.cells[:k] >= CellKind.TRAIL_0).sum(axis=(1, 2))
                alive = (batch.causes[:k] == 0).sum(axis=1)
                over = batch.outcomes[:k] != Outcome.ONGOING
                assert ((alive < 2) == over).all()
                # Two more a ply, on the last one a survivor's; two or, off the wall, four before.
                ridden = 2 * (batch.plies[:k] - over) + over * alive
                assert np.isin(trail - ridden, (2, 4)).all()
                assert (batch.masks[:k].any(axis=2) <= (batch.causes[:k] == 0)).all()
