from itertools import product

import numpy as np
import pytest

from replays.filling import fill_limits
from tests.replays import slow
from tron_env.types import Action, Cell, CellKind, DeathCause, GameState, Outcome


def alone(cells, head):
    """A position in which seat 0 rides alone from ``head``."""
    cells = cells.copy()
    cells[head] = CellKind.TRAIL_0
    return GameState(
        cells=cells,
        heads=(Cell(*head), Cell(0, 0)),
        headings=(Action.UP, Action.UP),
        causes=(DeathCause.NONE, DeathCause.WALL),
        ply=0,
        outcome=Outcome.ONGOING,
    )


def walled(inside):
    cells = np.full((inside.shape[0] + 2, inside.shape[1] + 2), CellKind.WALL, dtype=np.uint8)
    cells[1:-1, 1:-1] = inside
    return cells


def boards(height, width):
    """Every board of that many inner cells, with the rider on every cell."""
    for taken in product((CellKind.EMPTY, CellKind.TRAIL_1), repeat=height * width):
        cells = walled(np.array(taken, dtype=np.uint8).reshape(height, width))
        for row, col in product(range(1, height + 1), range(1, width + 1)):
            if cells[row, col] == CellKind.EMPTY:
                yield alone(cells, (row, col))


def check_against_brute_force(height, width):
    for state in boards(height, width):
        expected = slow.longest(state, state.heads[0])
        low, high, _ = fill_limits(state.cells, state.heads[0], most_bounds=10**6)
        assert low == high == expected, state.cells


@pytest.mark.parametrize(("height", "width"), [(1, 6), (2, 4), (3, 3)])
def test_every_small_board_is_solved_as_by_brute_force(height, width):
    check_against_brute_force(height, width)


@pytest.mark.proof
@pytest.mark.parametrize(("height", "width"), [(2, 6), (3, 4)])
def test_every_larger_board_is_solved_as_by_brute_force(height, width):
    check_against_brute_force(height, width)


def test_whatever_the_budget_both_limits_hold():
    rng = np.random.default_rng(5)
    exact = 0
    for _ in range(60):
        inside = rng.choice([CellKind.EMPTY, CellKind.TRAIL_1], (4, 4), p=[0.8, 0.2])
        state = alone(walled(inside), (int(rng.integers(1, 5)), int(rng.integers(1, 5))))
        expected = slow.longest(state, state.heads[0])
        low, high, path = fill_limits(state.cells, state.heads[0], int(rng.integers(1, 30)))
        assert low <= expected <= high
        assert len(path) == low
        exact += low == high
        cell, taken = state.heads[0], set()
        for action in path:
            cell = slow.steps(state, cell, taken)[action]
            taken.add(cell)
    assert exact > 40, "most small boards are solved at once"


def test_the_search_leaves_the_board_as_it_was():
    cells = walled(np.zeros((6, 6), dtype=np.uint8))
    cells[3, 3] = CellKind.TRAIL_0
    before = cells.copy()
    assert fill_limits(cells, (3, 3)) == fill_limits(cells, (3, 3))
    assert (cells == before).all()


def test_an_open_field_is_filled_at_once():
    """On the whole board of the arena the first way down is a longest path already."""
    cells = walled(np.zeros((30, 30), dtype=np.uint8))
    cells[1, 1] = CellKind.TRAIL_0
    low, high, _ = fill_limits(cells, (1, 1))
    assert (low, high) == (899, 899)
