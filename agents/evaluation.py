"""What a position is worth to the search: chambers of both territories, or room once separated.

A rider's territory is what it reaches strictly first. It is worth what one path through its tree
of chambers can fill and the edges among those cells (``tron_env.chambers``), which measures how
open it is. Riders that can never meet again are compared by the plies that they can still make.
"""

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env import territory
from tron_env.chambers import CELLS, CHAMBER_BOARDS, CHAMBER_FIELDS, path_value
from tron_env.compiling import kernel
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import BoardRows
from tron_env.types import Int32Array, Int64Array

UInt64Rows = NDArray[np.uint64]

CELL, EDGE, PLAIN, APART, AHEAD, DRAWN, CLASH = range(7)
"""Indices of the weights."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much, in arbitrary units; small whole numbers.

    Attributes:
        cell: a cell of territory that a path through the chambers can fill.
        edge: a pair of a cell of territory on that path and a neighbour of it in the territory.
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
    plain: int = 0
    apart: int = 1500
    ahead: int = 10_000
    drawn: int = -3000
    clash: int = -20_000

    def array(self) -> Int64Array:
        """Return int64 ``(7,)``, as kernels take them."""
        return np.array(astuple(self), dtype=np.int64)


CHAMBERS: Final = Weights()
VORONOI: Final = Weights(cell=0, edge=0, plain=100, apart=300, ahead=4000, drawn=-700, clash=-5000)
"""Territory alone."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Memory that evaluations overwrite.

    Attributes:
        boards: ``(4, height)`` words, uint32 up to 32 columns, else uint64.
        areas: uint64 ``(2 + CHAMBER_BOARDS, height)``.
        numbers: int32 ``(CHAMBER_FIELDS, CELLS)``.
    """

    boards: BoardRows
    areas: UInt64Rows
    numbers: Int32Array

    @classmethod
    def of(cls, height: int, width: int) -> "Scratch":
        """Return scratch for boards of one size."""
        boards: BoardRows = np.zeros((4, height), dtype=np.uint64)
        if width <= 32:
            boards = boards.astype(np.uint32)
        return cls(
            boards,
            np.zeros((2 + CHAMBER_BOARDS, height), dtype=np.uint64),
            np.zeros((CHAMBER_FIELDS, CELLS), dtype=np.int32),
        )


@kernel
def reach_both(
    free: BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    other_to_move: bool,
    boards: BoardRows,
) -> None:
    """Write into ``boards[:2]`` what each rider reaches no later than the other.

    Arguments are those of ``evaluate``.
    """
    for row in range(free.shape[0]):
        boards[0, row] = boards[1, row] = boards[2, row] = boards[3, row] = 0
    boards[0, row_0] = territory.bit(col_0)
    boards[1, row_1] = territory.bit(col_1)
    if other_to_move:
        for action in range(4):
            row, col = row_1 + ROW_STEP[action], col_1 + COL_STEP[action]
            boards[1, row] |= territory.bit(col) & free[row]
    territory.split(free, boards[0], boards[1], boards[2], boards[3])


@kernel
def evaluate(
    free: BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    other_to_move: bool,
    weights: Int64Array,
    boards: BoardRows,
    areas: UInt64Rows,
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
        boards: see ``Scratch``.
        areas: see ``Scratch``.
        numbers: see ``Scratch``.
    """
    reach_both(free, row_0, col_0, row_1, col_1, other_to_move, boards)
    apart = territory.separated(boards[0], boards[1], free)
    count_0 = count_1 = 0
    for row in range(free.shape[0]):
        word_0 = boards[0, row] & ~boards[1, row] & free[row]
        word_1 = boards[1, row] & ~boards[0, row] & free[row]
        count_0 += territory.popcount(word_0)
        count_1 += territory.popcount(word_1)
        areas[0, row], areas[1, row] = word_0, word_1
    cell, edge = weights[CELL], weights[EDGE]
    if apart:
        cell, edge = 1, 0
    value = 0
    if apart or cell or edge:
        value += path_value(areas[0], row_0, col_0, cell, edge, areas[2:], numbers)
        value -= path_value(areas[1], row_1, col_1, cell, edge, areas[2:], numbers)
    if not apart:
        return int(value + weights[PLAIN] * (count_0 - count_1))
    if other_to_move:
        value += 1
    if value > 0:
        return int(value * weights[APART] + weights[AHEAD])
    if value < 0:
        return int(value * weights[APART] - weights[AHEAD])
    return int(weights[DRAWN])
