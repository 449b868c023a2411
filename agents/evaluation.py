"""What a position is worth to the search: chambers of both territories, or room once separated.

A rider's territory is what it reaches strictly first. It is worth what one path through its tree
of chambers can fill, the edges among those cells (``tron_env.chambers``), and its inner cells,
which both measure how open it is. Riders that can never meet again are compared by the plies that
they can still make.
"""

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from tron_env import lanes
from tron_env.chambers import path_value
from tron_env.compiling import kernel, part
from tron_env.lanes import Board
from tron_env.territory import BoardRows
from tron_env.types import Int32Array, Int64Array

CELL, EDGE, INNER, PLAIN, APART, AHEAD, DRAWN, CLASH = range(8)
"""Indices of the weights."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much, in arbitrary units; small whole numbers.

    Attributes:
        cell: a cell of territory that a path through the chambers can fill.
        edge: a pair of a cell of territory on that path and a neighbour of it in the territory.
        inner: a cell of territory with all four neighbours in the territory.
        plain: a cell of territory as such.
        apart: a ply of lead once the riders are separated.
        ahead: having any lead once separated.
        drawn: a draw, and separation without a lead. The search lets the other rider answer every
            move at once, so that it takes open positions for worse than they are and would flee
            into draws if these counted nothing.
        clash: heads meeting on one cell. It matters little between equals, but a draw is dear
            against a weaker rider.
    """

    cell: int = 55
    edge: int = 194
    inner: int = 1200
    plain: int = 0
    apart: int = 1500
    ahead: int = 10_000
    drawn: int = -3000
    clash: int = -20_000

    def array(self) -> Int64Array:
        """Return int64 ``(8,)``, as kernels take them."""
        return np.array(astuple(self), dtype=np.int64)


CHAMBERS: Final = Weights()
"""``cell`` and ``edge`` are A. Sloane's (2010); ``inner`` was found by ``agents.tune``, see
``docs/search.md``."""

PATHS: Final = Weights(inner=0)
"""Chambers without their inner cells."""

VORONOI: Final = Weights(
    cell=0, edge=0, inner=0, plain=100, apart=300, ahead=4000, drawn=-700, clash=-5000
)
"""Territory alone."""


@part
def reach_both(
    free: Board, row_0: int, col_0: int, row_1: int, col_1: int, other_to_move: bool
) -> tuple[Board, Board]:
    """Return what each rider reaches no later than the other; arguments as of ``evaluate``."""
    seed_0, seed_1 = lanes.cell(free, row_0, col_0), lanes.cell(free, row_1, col_1)
    if other_to_move:
        seed_1 = seed_1 | (lanes.spread(seed_1) & free)
    return lanes.split(free, seed_0, seed_1)


@kernel
def apart(free: BoardRows, row_0: int, col_0: int, row_1: int, col_1: int) -> bool:
    """Tell whether the riders can never meet again; arguments as of ``evaluate``."""
    board = lanes.load(free)
    reach_0, reach_1 = reach_both(board, row_0, col_0, row_1, col_1, False)
    return lanes.separated(board, reach_0, reach_1)


@part
def _inner(area: Board) -> Board:
    """Return the cells with all four neighbours in the area."""
    beside: Board = lanes.east(area) & lanes.west(area)
    inner: Board = area & beside & lanes.north(area) & lanes.south(area)
    return inner


@kernel
def evaluate(
    free: BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    other_to_move: bool,
    weights: Int64Array,
    numbers: Int32Array,
) -> int:
    """Value a position for rider 0.

    Args:
        free: ``(height,)``, empty cells; both heads' cells are taken.
        row_0: of rider 0's head, like the three that follow.
        col_0: see ``row_0``.
        row_1: see ``row_0``.
        col_1: see ``row_0``.
        other_to_move: rider 0 has already moved in this joint ply, rider 1 has not.
        weights: see ``Weights``.
        numbers: see ``chambers.new_numbers``; overwritten.
    """
    board = lanes.load(free)
    reach_0, reach_1 = reach_both(board, row_0, col_0, row_1, col_1, other_to_move)
    alone = lanes.separated(board, reach_0, reach_1)
    area_0 = reach_0 & ~reach_1 & board
    area_1 = reach_1 & ~reach_0 & board
    cell, edge = weights[CELL], weights[EDGE]
    if alone:
        cell, edge = 1, 0
    value = 0
    if alone or cell or edge:
        value += path_value(area_0, row_0, col_0, cell, edge, numbers)
        value -= path_value(area_1, row_1, col_1, cell, edge, numbers)
    if not alone:
        inner, plain = weights[INNER], weights[PLAIN]
        if inner:
            value += inner * (lanes.count(_inner(area_0)) - lanes.count(_inner(area_1)))
        if plain:
            value += plain * (lanes.count(area_0) - lanes.count(area_1))
        return int(value)
    if other_to_move:
        value += 1
    if value > 0:
        return int(value * weights[APART] + weights[AHEAD])
    if value < 0:
        return int(value * weights[APART] - weights[AHEAD])
    return int(weights[DRAWN])
