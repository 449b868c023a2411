import re

import numpy as np
import pytest

from tests.boards import advance, board, diagram
from tron_env.render import RIDERS, render_ansi, render_rgb
from tron_env.types import Action

SCENE = """
    ########
    #......#
    #aaa>..#
    #......#
    #..<bb.#
    #......#
    ########
"""
ORDERED = ([(2, 1), (2, 2), (2, 3), (2, 4)], [(4, 5), (4, 4), (4, 3)])


def pixels(frame, cell, cell_px):
    """The middle third of one cell's pixels, ``(k, 3)``."""
    low, high = cell_px // 3, cell_px - cell_px // 3
    top, left = cell[0] * cell_px, cell[1] * cell_px
    return frame[top + low : top + high, left + low : left + high].reshape(-1, 3).astype(int)


def hue_distance(colour, other):
    """Angle between two colours seen as directions, so that brightness does not matter."""
    a, b = np.asarray(colour, float), np.asarray(other, float)
    return np.arccos(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))


def test_plain_text_is_the_diagram():
    state = board(SCENE)
    assert render_ansi(state, colour=False) == diagram(state)
    dead = advance(board("#####\n#><.#\n#####"), (Action.UP, Action.DOWN))
    assert render_ansi(dead, colour=False) == "#####\n#xx.#\n#####"


def test_coloured_text_is_two_columns_a_cell_and_ends_its_colours():
    text = render_ansi(board(SCENE))
    lines = text.split("\n")
    assert all(line.endswith("\x1b[0m") for line in lines)
    bare = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines]
    assert [len(line) for line in bare] == [16] * 7
    assert bare[2].index("▶") == 8
    assert bare[4].index("◀") == 6


@pytest.mark.parametrize("cell_px", [2, 7, 16, 20])
@pytest.mark.parametrize("trails", [None, ORDERED])
def test_frames_have_a_square_of_pixels_for_each_cell(cell_px, trails):
    frame = render_rgb(board(SCENE), cell_px, trails=trails)
    assert frame.shape == (7 * cell_px, 8 * cell_px, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.writeable
    assert frame.flags.c_contiguous


@pytest.mark.parametrize("trails", [None, ORDERED])
def test_trails_have_their_riders_colour_and_free_cells_stay_dark(trails):
    frame = render_rgb(board(SCENE), 24, trails=trails)
    for seat, cell in [(0, (2, 1)), (0, (2, 2)), (1, (4, 4)), (1, (4, 5))]:
        colour = np.median(pixels(frame, cell, 24), axis=0)
        assert hue_distance(colour, RIDERS[seat]) < 0.25
        assert colour.max() > 120
    assert pixels(frame, (1, 6), 24).max() < 60


def test_the_head_is_brighter_than_its_trail_and_a_fallen_trail_dimmer():
    alive = board(SCENE)
    frame = render_rgb(alive, 24, trails=ORDERED)
    assert pixels(frame, (2, 4), 24).sum() > pixels(frame, (2, 2), 24).sum()
    doomed = board("########\n#aaa>..#\n########\n#..<bb.#\n########")
    trails = ([(1, 1), (1, 2), (1, 3), (1, 4)], [(3, 5), (3, 4), (3, 3)])
    before = render_rgb(doomed, 24, trails=trails)
    after = render_rgb(advance(doomed, (Action.UP, Action.LEFT)), 24, trails=trails)
    assert pixels(after, (1, 2), 24).sum() < 0.75 * pixels(before, (1, 2), 24).sum()


def test_neighbouring_lanes_are_told_apart_when_the_order_is_known():
    state = board("#######\n#aaaaa#\n#<aaaa#\n#....^#\n#######")
    lanes = [(1, col) for col in range(1, 6)] + [(2, col) for col in range(5, 0, -1)]
    middle = (slice(2 * 24 - 2, 2 * 24 + 2), slice(2 * 24, 5 * 24))
    apart = render_rgb(state, 24, trails=(lanes, [(3, 5)]))[middle]
    merged = render_rgb(state, 24)[middle]
    assert apart.mean() < 0.75 * merged.mean()


def test_drawing_leaves_the_state_and_later_frames_alone():
    state = board(SCENE)
    cells = state.cells.copy()
    first = render_rgb(state, 12)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(render_rgb(state, 12), kept)
    np.testing.assert_array_equal(state.cells, cells)
