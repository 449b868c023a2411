"""Where things lie in the flat arrays of a batch, and how riders and exits are written there.

Indices are unsigned and results are written once known: Numba then checks no index for its sign,
and the compiler need not load again what a store might have changed. Both matter threefold.
"""

from typing import Any

import numpy as np

from tron_env.compiling import part
from tron_env.kernel import EMPTY, TRAIL
from tron_env.types import Plane, UInt8Array

Index = np.uintp

ZERO, ONE, TWO, THREE, FOUR = Index(0), Index(1), Index(2), Index(3), Index(4)
FIVE, EIGHT, TEN = Index(5), Index(8), Index(10)

OWN_TRAIL = Index(Plane.OWN_TRAIL)
OTHER_TRAIL = Index(Plane.OTHER_TRAIL)
OWN_HEAD = Index(Plane.OWN_HEAD)
OTHER_HEAD = Index(Plane.OTHER_HEAD)
OWN_TRAIL_OF_1 = Index(5 + Plane.OWN_TRAIL)
OTHER_TRAIL_OF_1 = Index(5 + Plane.OTHER_TRAIL)
OWN_HEAD_OF_1 = Index(5 + Plane.OWN_HEAD)
OTHER_HEAD_OF_1 = Index(5 + Plane.OTHER_HEAD)


@part
def row_step(heading: int) -> int:
    """Return the change of row, -1, 0 or 1."""
    return (heading == 2) - (heading == 0)


@part
def col_step(heading: int) -> int:
    """Return the change of column, -1, 0 or 1."""
    return (heading == 1) - (heading == 3)


@part
def write_exits(cells: UInt8Array, spot: Any, width: Any, masks: Any, place: Any) -> None:
    """Write which neighbours of ``spot`` are empty; behind a rider that moved lies its trail."""
    masks[place] = cells[spot - width] == EMPTY
    masks[place + ONE] = cells[spot + ONE] == EMPTY
    masks[place + TWO] = cells[spot + width] == EMPTY
    masks[place + THREE] = cells[spot - ONE] == EMPTY


@part
def close_exits(masks: Any, place: Any) -> None:
    """Write that a dead rider accepts nothing."""
    masks[place] = False
    masks[place + ONE] = False
    masks[place + TWO] = False
    masks[place + THREE] = False


@part
def show_head(planes: UInt8Array, sight: Any, area: Any, seat: Any, spot: Any, value: int) -> None:
    """Write one rider's head into both seats' planes: 1 where it is, 0 where it was."""
    own, other = sight + seat * FIVE * area, sight + (ONE - seat) * FIVE * area
    planes[own + OWN_HEAD * area + spot] = value
    planes[other + OTHER_HEAD * area + spot] = value


@part
def mark_trail(
    cells: UInt8Array, planes: UInt8Array, board: Any, sight: Any, area: Any, seat: Any, spot: Any
) -> None:
    """Make one cell a rider's trail, on the board and in both seats' planes."""
    cells[board + spot] = TRAIL + seat
    own, other = sight + seat * FIVE * area, sight + (ONE - seat) * FIVE * area
    planes[own + OWN_TRAIL * area + spot] = 1
    planes[other + OTHER_TRAIL * area + spot] = 1
