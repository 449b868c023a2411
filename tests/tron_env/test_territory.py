from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tron_env import territory as kernels
from tron_env.errors import RulesetError
from tron_env.territory import territory
from tron_env.types import CellKind


def walled(inner):
    return np.pad(np.asarray(inner, np.uint8), 1, constant_values=CellKind.WALL)


def distances(cells, head):
    """Plies from ``head`` to every empty cell, by plain breadth-first search."""
    found = {head: 0}
    queue = deque([head])
    while queue:
        row, col = queue.popleft()
        for cell in ((row - 1, col), (row, col + 1), (row + 1, col), (row, col - 1)):
            if cells[cell] == CellKind.EMPTY and cell not in found:
                found[cell] = found[row, col] + 1
                queue.append(cell)
    return found


@st.composite
def boards(draw):
    height, width = draw(st.integers(6, 12)), draw(st.integers(6, 62))
    seed, density = draw(st.integers(0, 2**32)), draw(st.floats(0, 0.6))
    rng = np.random.default_rng(seed)
    cells = walled(np.where(rng.random((height, width)) < density, CellKind.TRAIL_0, 0))
    picks = rng.choice(height * width, 2, replace=False)
    heads = [(1 + int(pick) // width, 1 + int(pick) % width) for pick in picks]
    for seat, head in enumerate(heads):
        cells[head] = CellKind.TRAIL_0 + seat
    return cells, heads


@settings(deadline=None)
@given(boards())
def test_territory_is_what_one_reaches_strictly_first(board):
    cells, heads = board
    reach = [distances(cells, head) for head in heads]
    expected = [
        sum(
            plies < reach[1 - seat].get(cell, 10**6)
            for cell, plies in reach[seat].items()
            if cell != heads[seat]
        )
        for seat in range(2)
    ]
    counts = territory(cells[None], np.array([heads], np.int16), np.zeros((1, 2), np.uint8))
    assert counts.tolist() == [expected]


@settings(deadline=None)
@given(boards())
def test_flood_and_separation_agree_with_breadth_first_search(board):
    cells, heads = board
    reach = [set(distances(cells, head)) - {head} for head in heads]
    height = cells.shape[0]
    free, scratch, other_scratch, first, second, alone = np.zeros((6, height), np.uint64)
    kernels.pack_free(0, cells[None], free)
    for rows in (first, alone):
        rows[heads[0][0]] = 1 << heads[0][1]
    second[heads[1][0]] = 1 << heads[1][1]
    kernels.flood(free, alone, scratch)
    assert kernels.count(alone & free) == len(reach[0])
    scratch[:] = 0
    kernels.split(free, first, second, scratch, other_scratch)
    assert kernels.separated(first, second, free) == (not reach[0] & reach[1])


def test_a_dead_rider_reaches_nothing():
    cells = walled(np.zeros((6, 6)))
    cells[1, 1], cells[6, 6] = CellKind.TRAIL_0, CellKind.TRAIL_1
    heads = np.array([[(1, 1), (6, 6)]], np.int16)
    assert territory(cells[None], heads, np.array([[0, 1]], np.uint8)).tolist() == [[34, 0]]
    assert territory(cells[None], heads, np.array([[0, 0]], np.uint8)).tolist() == [[14, 14]]


@settings(deadline=None)
@given(boards())
def test_fill_bound_counts_the_colours_of_the_checkerboard(board):
    cells, heads = board
    row, col = heads[0]
    area = set(distances(cells, heads[0])) - {heads[0]}
    free = np.zeros(cells.shape[0], np.uint64)
    for r, c in area:
        free[r] |= np.uint64(1 << c)
    same = sum((r + c) % 2 == (row + col) % 2 for r, c in area)
    longest = 0
    while (longest + 1) // 2 <= len(area) - same and longest // 2 <= same:
        longest += 1
    assert kernels.fill_bound(free, row, col) == longest - 1


def test_shapes_that_do_not_fit_are_refused():
    cells = walled(np.zeros((6, 6)))[None]
    with pytest.raises(RulesetError, match="do not fit 1 games"):
        territory(cells, np.zeros((2, 2, 2), np.int16), np.zeros((1, 2), np.uint8))
    with pytest.raises(RulesetError, match="up to 64 by 64"):
        territory(np.zeros((1, 65, 8), np.uint8), np.zeros((1, 2, 2), np.int16), cells[:, 0, :2])
