"""The evaluation, against sets of cells and a search cell by cell."""

import numpy as np
import pytest

from agents.evaluation import CHAMBERS, PATHS, VORONOI, evaluate
from tests.tron_env.test_chambers import around, reference
from tron_env.chambers import new_numbers
from tron_env.lanes import new_rows

HEIGHT, WIDTH = 14, 18


def distances(free, cell, start):
    """Plies to every free cell of a rider that stands on ``cell`` at ply ``start``."""
    found, border, ply = {cell: start}, {cell}, start
    while border:
        ply += 1
        border = {to for old in border for to in around(old) if to in free and to not in found}
        found |= dict.fromkeys(border, ply)
    return found


def slow_value(free, heads, other_to_move, weights):
    # Whoever is still to move is a ply ahead.
    times = [distances(free, heads[0], 0), distances(free, heads[1], -other_to_move)]
    if not (times[0].keys() & times[1].keys() & free):
        rooms = [reference(times[k].keys() & free, heads[k], 1, 0) for k in range(2)]
        lead = rooms[0] - rooms[1] + other_to_move
        return lead * weights.apart + weights.ahead * np.sign(lead) if lead else weights.drawn
    worth = []
    for own, other, head in ((0, 1, heads[0]), (1, 0, heads[1])):
        area = {
            cell
            for cell in times[own].keys() & free
            if times[own][cell] < times[other].get(cell, 10**6)
        }
        inner = sum(around_all <= area for around_all in map(set, map(around, area)))
        path = reference(area, head, weights.cell, weights.edge) if weights.edge else 0
        worth.append(path + weights.inner * inner + weights.plain * len(area))
    return worth[0] - worth[1]


@pytest.mark.parametrize("weights", [CHAMBERS, PATHS, VORONOI])
@pytest.mark.parametrize("seed", range(6))
def test_the_evaluation_is_that_of_sets_of_cells(seed, weights):
    rng = np.random.default_rng(seed)
    numbers = new_numbers()
    apart = 0
    for _ in range(25):
        density = rng.uniform(0.5, 1)
        inside = [(r, c) for r in range(1, HEIGHT - 1) for c in range(1, WIDTH - 1)]
        free = {cell for cell in inside if rng.random() < density}
        heads = [inside[int(k)] for k in rng.choice(len(inside), 2, replace=False)]
        free -= set(heads)
        rows = new_rows(HEIGHT, WIDTH)
        for row, col in free:
            rows[row] |= np.uint32(1 << col)
        for other_to_move in (False, True):
            value = evaluate(rows, *heads[0], *heads[1], other_to_move, weights.array(), numbers)
            assert value == slow_value(free, heads, other_to_move, weights)
        times = [distances(free, head, 0).keys() for head in heads]
        apart += not times[0] & times[1] & free
    assert 0 < apart < 25
