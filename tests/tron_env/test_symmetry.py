"""What must not matter: which seat is which, and how the board is turned."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.games import SCRIPTS, SEEDS, chosen_actions, plies, rulesets
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset
from tron_env.spawn import spawns_for
from tron_env.types import Action, CellKind, Outcome, Spawn

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


@dataclass(frozen=True)
class BoardMap:
    """A symmetry of the board: the transpose first, then mirrored rows, then mirrored columns."""

    transpose: bool
    flip_rows: bool
    flip_cols: bool

    def ruleset(self, old: Ruleset) -> Ruleset:
        height, width = (old.width, old.height) if self.transpose else (old.height, old.width)
        return Ruleset(height, width, old.spawn, old.max_plies)

    def board(self, array: np.ndarray) -> np.ndarray:
        """Move the last two axes."""
        moved = array.swapaxes(-1, -2) if self.transpose else array
        moved = moved[..., ::-1, :] if self.flip_rows else moved
        return moved[..., ::-1] if self.flip_cols else moved

    @property
    def actions(self) -> np.ndarray:
        """Where each action goes, ``(4,)``."""
        up, right, down, left = Action
        order = [left, down, right, up] if self.transpose else [up, right, down, left]
        flips = {up: down, down: up} if self.flip_rows else {}
        flips |= {left: right, right: left} if self.flip_cols else {}
        return np.array([flips.get(action, action) for action in order], dtype=np.uint8)

    def spawn(self, old: Spawn, new_ruleset: Ruleset) -> Spawn:
        row, col = (old.col, old.row) if self.transpose else (old.row, old.col)
        row = new_ruleset.height - 1 - row if self.flip_rows else row
        col = new_ruleset.width - 1 - col if self.flip_cols else col
        return Spawn(row, col, Action(self.actions[old.heading]))


BOARD_MAPS = st.builds(BoardMap, st.booleans(), st.booleans(), st.booleans())
HALF_TURN = BoardMap(transpose=False, flip_rows=True, flip_cols=True)


@settings(deadline=None, max_examples=100)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS, turned=BOARD_MAPS)
def test_turning_the_board_turns_the_game(ruleset, seed, script, turned):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    image = BatchEngine(turned.ruleset(ruleset), 1)
    first, second = spawns_for(ruleset, seed)
    image.reset_to(0, (turned.spawn(first, image.ruleset), turned.spawn(second, image.ruleset)))
    for actions in plies(engine, [script]):
        image.step(turned.actions[actions])
        np.testing.assert_array_equal(image.planes, turned.board(engine.planes))
        np.testing.assert_array_equal(image.masks[..., turned.actions], engine.masks)
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
        np.testing.assert_array_equal(theirs, HALF_TURN.board(mine))
        action = chosen_actions(engine, [script])[0, 0]
        engine.step(np.array([[action, HALF_TURN.actions[action]]], dtype=np.uint8))
    assert engine.outcomes[0] in (Outcome.DRAW, Outcome.TRUNCATED)
    assert engine.causes[0, 0] == engine.causes[0, 1]


@pytest.mark.parametrize("turned", [HALF_TURN, BoardMap(True, False, True)])
def test_maps_move_actions_as_they_move_cells(turned):
    """A step then the map is the map then the mapped step."""
    ruleset = Ruleset(9, 12)
    for action in Action:
        step = turned.spawn(Spawn(4, 5, action), turned.ruleset(ruleset))
        grid = np.zeros((9, 12))
        rows, cols = [(-1, 0), (0, 1), (1, 0), (0, -1)][action]
        grid[4 + rows, 5 + cols] = 1
        ahead = [(-1, 0), (0, 1), (1, 0), (0, -1)][step.heading]
        assert turned.board(grid)[step.row + ahead[0], step.col + ahead[1]] == 1
