"""What must not matter: which seat is which, and how the board is turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.games import SCRIPTS, SEEDS, chosen_actions, plies, rulesets
from tron_env.batch import BatchEngine
from tron_env.diagrams import draw_diagram
from tron_env.ruleset import Ruleset
from tron_env.spawn import spawns_for
from tron_env.symmetry import HALF_TURN, SYMMETRIES, Symmetry
from tron_env.types import Action, CellKind, Outcome, Seat, Spawn

SWAPPED_KIND = np.array([CellKind.EMPTY, CellKind.WALL, CellKind.TRAIL_1, CellKind.TRAIL_0])
SWAPPED_OUTCOME = np.array(
    [
        Outcome.ONGOING,
        Outcome.SECOND_WINS,
        Outcome.FIRST_WINS,
        Outcome.DRAW,
        Outcome.TRUNCATED,
    ]
)


BOARD_MAPS = st.sampled_from(SYMMETRIES)


def ruleset_image(turned: Symmetry, old: Ruleset) -> Ruleset:
    height, width = (old.width, old.height) if turned.transpose else (old.height, old.width)
    return Ruleset(height, width, old.spawn, old.max_plies)


def spawn_image(turned: Symmetry, old: Spawn, ruleset: Ruleset) -> Spawn:
    cell = turned.cell(old[:2], ruleset.height, ruleset.width)
    return Spawn(*cell, turned.action(old.heading))


@settings(deadline=None, max_examples=100)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS, turned=BOARD_MAPS)
def test_turning_the_board_turns_the_game(ruleset, seed, script, turned):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    image = BatchEngine(ruleset_image(turned, ruleset), 1)
    first, second = spawns_for(ruleset, seed)
    image.reset_to(0, (spawn_image(turned, first, ruleset), spawn_image(turned, second, ruleset)))
    for actions in plies(engine, [script]):
        image.step(turned.actions[actions])
        np.testing.assert_array_equal(image.planes, turned.boards(engine.planes))
        np.testing.assert_array_equal(image.masks, turned.by_action(engine.masks))
        np.testing.assert_array_equal(image.causes, engine.causes)
        np.testing.assert_array_equal(image.outcomes, engine.outcomes)


@settings(deadline=None, max_examples=100)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_swapping_seats_swaps_everything(ruleset, seed, script):
    engine, swapped = BatchEngine(ruleset, 1), BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    first, second = spawns_for(ruleset, seed)
    swapped.reset_to(0, (second, first))
    for actions in plies(engine, [script]):
        swapped.step(actions[:, ::-1])
        np.testing.assert_array_equal(swapped.planes, engine.planes[:, ::-1])
        np.testing.assert_array_equal(swapped.masks, engine.masks[:, ::-1])
        np.testing.assert_array_equal(swapped.heads, engine.heads[:, ::-1])
        np.testing.assert_array_equal(swapped.causes, engine.causes[:, ::-1])
        np.testing.assert_array_equal(swapped.cells, SWAPPED_KIND[engine.cells])
        np.testing.assert_array_equal(swapped.outcomes, SWAPPED_OUTCOME[engine.outcomes])


@settings(deadline=None, max_examples=60)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_riders_that_mirror_each_other_see_the_same_game(ruleset, seed, script):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    while engine.outcomes[0] == Outcome.ONGOING:
        mine, theirs = engine.planes[0]
        np.testing.assert_array_equal(theirs, HALF_TURN.boards(mine))
        action = chosen_actions(engine, [script])[0, 0]
        engine.step(np.array([[action, HALF_TURN.actions[action]]], dtype=np.uint8))
    assert engine.outcomes[0] in (Outcome.DRAW, Outcome.TRUNCATED)
    assert engine.causes[0, 0] == engine.causes[0, 1]


@pytest.mark.parametrize("turned", SYMMETRIES)
def test_maps_move_actions_as_they_move_cells(turned):
    """A step then the map is the map then the mapped step."""
    for action, (rows, cols) in zip(Action, [(-1, 0), (0, 1), (1, 0), (0, -1)], strict=True):
        grid = np.zeros((9, 12), dtype=np.uint8)
        grid[4 + rows, 5 + cols] = 1
        start = turned.cell((4, 5), 9, 12)
        ahead = [(-1, 0), (0, 1), (1, 0), (0, -1)][turned.action(action)]
        assert turned.boards(grid)[start.row + ahead[0], start.col + ahead[1]] == 1


def test_there_are_eight_and_each_is_undone_by_its_inverse():
    grid, logits = np.arange(12).reshape(3, 4), np.arange(4.0)
    assert len({turned.boards(np.arange(9).reshape(3, 3)).tobytes() for turned in SYMMETRIES}) == 8
    for turned in SYMMETRIES:
        np.testing.assert_array_equal(turned.inverse.boards(turned.boards(grid)), grid)
        np.testing.assert_array_equal(turned.inverse.by_action(turned.by_action(logits)), logits)


@settings(deadline=None, max_examples=50)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS, turned=BOARD_MAPS)
def test_states_turn_with_everything_in_them(ruleset, seed, script, turned):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    for _ in zip(range(5), plies(engine, [script]), strict=False):
        pass
    state = engine.state(0)
    image = turned.state(state)
    assert draw_diagram(turned.inverse.state(image)) == draw_diagram(state)
    for seat in Seat:
        assert image.cells[image.heads[seat]] == state.cells[state.heads[seat]]
        assert image.headings[seat] == turned.actions[state.headings[seat]]
