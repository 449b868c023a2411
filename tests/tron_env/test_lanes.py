"""Boards in vector registers do what sets of cells do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tron_env.test_chambers import around
from tron_env import lanes, territory
from tron_env.compiling import kernel

SIZES = [(32, 32), (12, 9), (40, 20), (64, 64)]


@kernel
def two_boards(rows, others, out):
    a, b = lanes.load(rows), lanes.load(others)
    lanes.store(a & b, out[0])
    lanes.store(a | b, out[1])
    lanes.store(a ^ b, out[2])
    lanes.store(a & ~b, out[3])
    lanes.store(lanes.spread(a), out[4])
    lanes.store(lanes.checkered(a) & a, out[5])
    lanes.store(lanes.grown(b & a, a), out[6])
    lanes.store(lanes.north(a), out[7])
    lanes.store(lanes.west(a), out[8])


@kernel
def numbers_of(rows, row, col, out):
    board = lanes.load(rows)
    out[0] = lanes.count(board)
    out[1] = lanes.some(board)
    out[2] = lanes.has(board, row, col)
    if lanes.some(board):
        out[3] = lanes.first(board)
    out[4] = lanes.count(lanes.cell(board, row, col) & board)


@kernel
def split_rows(free, row_0, col_0, row_1, col_1, out):
    board = lanes.load(free)
    reach_0, reach_1 = lanes.split(
        board, lanes.cell(board, row_0, col_0), lanes.cell(board, row_1, col_1)
    )
    lanes.store(reach_0, out[0])
    lanes.store(reach_1, out[1])
    return lanes.separated(board, reach_0, reach_1)


def packed(cells, height, width):
    rows = lanes.new_rows(height, width)
    for row, col in cells:
        rows[row] |= rows.dtype.type(1 << col)
    return rows


def unpacked(rows):
    return {(r, c) for r, word in enumerate(rows.tolist()) for c in range(64) if word >> c & 1}


@st.composite
def boards(draw):
    height, width = draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    inner = [(r, c) for r in range(1, height - 1) for c in range(1, width - 1)]
    densities = draw(st.tuples(st.floats(0, 1), st.floats(0, 1)))
    sets = [{cell for cell in inner if rng.random() < density} for density in densities]
    return height, width, *sets, inner[int(rng.integers(len(inner)))], inner[0]


@settings(deadline=None, max_examples=40)
@given(boards())
def test_operations_are_those_of_sets(drawn):
    height, width, a, b, (row, col), _ = drawn
    rows, others = packed(a, height, width), packed(b, height, width)
    out = np.zeros((9, height), rows.dtype)
    two_boards(rows, others, out)
    joined, border = set(), a & b
    while border:
        joined |= border
        border = {cell for old in border for cell in around(old) if cell in a} - joined
    expected = [
        a & b,
        a | b,
        a ^ b,
        a - b,
        {cell for old in a for cell in around(old)},
        {cell for cell in a if sum(cell) % 2 == 0},
        joined,
        {(r - 1, c) for r, c in a},
        {(r, c - 1) for r, c in a},
    ]
    assert [unpacked(board) for board in out] == expected
    numbers = np.zeros(5, np.int64)
    numbers_of(rows, row, col, numbers)
    first = min(a)[0] << 6 | min(a)[1] if a else 0
    here = (row, col) in a
    assert numbers.tolist() == [len(a), bool(a), here, first, here]


@settings(deadline=None, max_examples=40)
@given(boards())
def test_territory_is_that_of_the_row_by_row_flood(drawn):
    height, width, free, _, head_0, head_1 = drawn
    rows = packed(free - {head_0, head_1}, height, width)
    out = np.zeros((2, height), rows.dtype)
    apart = split_rows(rows, *head_0, *head_1, out)
    reference = np.zeros((4, height), rows.dtype)
    for board, head in zip(reference, (head_0, head_1), strict=False):
        board[:] = packed({head}, height, width)
    territory.split(rows, *reference)
    assert (out == reference[:2]).all()
    assert apart == territory.separated(reference[0], reference[1], rows)


@pytest.mark.parametrize(("height", "width", "bits"), [(32, 32, 32), (33, 20, 64), (5, 40, 64)])
def test_the_smaller_words_are_used_where_they_suffice(height, width, bits):
    rows = lanes.new_rows(height, width)
    assert rows.shape == (height,)
    assert rows.itemsize * 8 == bits
