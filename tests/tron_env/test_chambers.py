import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tron_env import chambers, lanes
from tron_env.compiling import kernel


def around(cell):
    row, col = cell
    return ((row - 1, col), (row, col + 1), (row + 1, col), (row, col - 1))


def colour(cell):
    return sum(cell) % 2


def blocks_below(area, head):
    """Map each articulation point, and the head, to the blocks entered from it, cell by cell."""
    number, low, unclosed, below = {}, {}, [], {}

    def visit(cell):
        number[cell] = low[cell] = len(number)
        for target in around(cell):
            if target not in area and target != head:
                continue
            if target in number:
                low[cell] = min(low[cell], number[target])
                continue
            unclosed.append(target)
            visit(target)
            low[cell] = min(low[cell], low[target])
            if low[target] >= number[cell]:
                cut = unclosed.index(target)
                below.setdefault(cell, []).append(unclosed[cut:])
                del unclosed[cut:]

    visit(head)
    return below, number.keys() - {head}


def longest_by_colours(entry, block, last=None):
    """The longest alternating path, by building it up one cell at a time."""
    left = [sum(colour(cell) == tint for cell in block) for tint in range(2)]
    length, best, tint = 0, 0, colour(entry)
    while left[1 - tint]:
        tint = 1 - tint
        left[tint] -= 1
        length += 1
        if last is None or colour(last) == tint:
            best = length
    return best


def reference(area, head, cell_weight, edge_weight):
    below, _ = blocks_below(area, head)

    def best(entry):
        return max((value(entry, block) for block in below.get(entry, ())), default=0)

    def value(entry, block):
        options = [cell_weight * longest_by_colours(entry, block)]
        options += [
            cell_weight * longest_by_colours(entry, block, cell) + best(cell)
            for cell in block
            if cell in below
        ]
        edges = sum(target in area for cell in block for target in around(cell))
        return max(options) + edge_weight * edges

    return best(head)


def value(area, head, cell_weight=1, edge_weight=0, height=12, rubbish=0):
    rows = np.zeros(height, np.uint64)
    for row, col in area:
        rows[row] |= np.uint64(1 << col)
    return loaded_value(rows, *head, cell_weight, edge_weight, scratch(rubbish))


def scratch(rubbish):
    return np.full_like(chambers.new_numbers(), rubbish)


@kernel
def loaded_value(rows, row, col, cell_weight, edge_weight, numbers):
    return chambers.path_value(lanes.load(rows), row, col, cell_weight, edge_weight, numbers)


def drawn(rows):
    """Cells of a drawing: ``.`` area, ``@`` head."""
    cells = {
        (r + 1, c + 1): sign for r, row in enumerate(rows) for c, sign in enumerate(row.split()[0])
    }
    (head,) = (cell for cell, sign in cells.items() if sign == "@")
    return {cell for cell, sign in cells.items() if sign == "."}, head


@st.composite
def areas(draw, most_rows=10, most_cols=62):
    height, width = draw(st.integers(1, most_rows)), draw(st.integers(2, most_cols))
    density, seed = draw(st.floats(0.3, 1)), draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    area = {
        (row, col)
        for row in range(1, height + 1)
        for col in range(1, width + 1)
        if rng.random() < density
    }
    head = (int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1)))
    area.discard(head)
    _, reached = blocks_below(area, head)
    return reached, head


@settings(deadline=None, max_examples=300)
@given(areas(), st.integers(0, 99), st.integers(0, 99), st.integers(0, 12))
def test_the_best_path_is_that_of_a_tree_of_blocks_found_cell_by_cell(area, cell, edge, rubbish):
    assert value(*area, cell, edge, rubbish=rubbish) == reference(*area, cell, edge)


@pytest.mark.parametrize("word", [np.uint32, np.uint64])
@settings(deadline=None, max_examples=60)
@given(areas(most_cols=30), st.integers(0, 12))
def test_room_is_the_bound_of_what_can_be_reached(word, area, rubbish):
    cells, head = area
    island = {(12, 3), (12, 4)}
    free = np.zeros(14, word)
    for row, col in cells | island:
        free[row] |= word(1 << col)
    assert chambers.room(free, *head, scratch(rubbish)) == value(cells, head)


def longest_path(area, cell):
    return max(
        (1 + longest_path(area - {target}, target) for target in around(cell) if target in area),
        default=0,
    )


@settings(deadline=None, max_examples=60)
@given(areas(most_rows=4, most_cols=5))
def test_no_path_is_longer_than_the_bound(area):
    assert value(*area) >= longest_path(*area)


@pytest.mark.parametrize(
    ("rows", "cells"),
    [
        # One room around the head, colours alternating.
        (["...", ".@.", "..."], 8),
        # Either room, never both.
        (["...#..", "...#..", "..@...", "...#.."], 11),
        # A dead end of one cell cannot be visited on the way, only at the end.
        (["@....", "##.##"], 4),
        (["@....", "#.###"], 4),
        # A corridor between two rooms.
        (["@...#...", "........", "....#..."], 19),
        # Colours: five of the other colour, none of one's own, reach only one.
        (["#.#", ".@.", "#.#"], 1),
    ],
)
def test_rooms_corridors_and_dead_ends(rows, cells):
    area, head = drawn(rows)
    assert value(area, head) == cells
    assert longest_path(area, head) <= cells


def test_nothing_to_enter_is_worth_nothing():
    assert value(set(), (3, 3), 55, 194) == 0
