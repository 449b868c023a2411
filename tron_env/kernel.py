"""The rules, as Numba functions. There is no other copy of them.

``effective_heading``, ``fates`` and ``outcome_of`` decide everything, on single numbers; both
``advance`` here and the fused loop of ``tron_env.stepping`` call them. The others take whole batch
arrays and the index ``i`` of one game:

    cells     uint8  (n, height, width)   CellKind
    heads     int16  (n, 2, 2)            (row, col) of each rider
    headings  uint8  (n, 2)               Action
    causes    uint8  (n, 2)               DeathCause
    plies     int32  (n,)
    outcomes  uint8  (n,)                 Outcome

Nothing here checks its arguments or allocates; ``BatchEngine`` does the checking.
"""

from typing import Any

import numpy as np

from tron_env.compiling import njit
from tron_env.types import (
    Action,
    BoolArray,
    CellKind,
    DeathCause,
    Int16Array,
    Int32Array,
    Outcome,
    UInt8Array,
)

EMPTY = int(CellKind.EMPTY)
WALL = int(CellKind.WALL)
TRAIL = int(CellKind.TRAIL_0)

ALIVE = int(DeathCause.NONE)
BY_WALL = int(DeathCause.WALL)
BY_SELF = int(DeathCause.SELF)
BY_OPPONENT = int(DeathCause.OPPONENT)
HEAD_ON = int(DeathCause.HEAD_ON)

ONGOING = int(Outcome.ONGOING)
FIRST_WINS = int(Outcome.FIRST_WINS)
SECOND_WINS = int(Outcome.SECOND_WINS)
DRAW = int(Outcome.DRAW)
TRUNCATED = int(Outcome.TRUNCATED)

ROW_STEP = np.array([action.offset[0] for action in Action], dtype=np.int64)
COL_STEP = np.array([action.offset[1] for action in Action], dtype=np.int64)


@njit(inline="always")
def effective_heading(heading: Any, action: Any) -> int:
    """Return the direction really ridden: a reverse keeps the heading."""
    ridden: int = heading if action == heading ^ 2 else action
    return ridden


@njit()
def death_cause(kind: int, seat: int) -> int:
    """Return why a rider of ``seat`` that enters a cell of ``kind`` dies, or ALIVE."""
    if kind == EMPTY:
        return ALIVE
    if kind == WALL:
        return BY_WALL
    return BY_SELF if kind == TRAIL + seat else BY_OPPONENT


@njit(inline="always")
def fates(kind_0: int, kind_1: int, together: bool) -> tuple[int, int]:
    """Return both riders' causes of death, or ALIVE.

    Args:
        kind_0: ``CellKind`` of the cell that rider 0 enters.
        kind_1: the same of rider 1.
        together: whether both enter the same cell.
    """
    cause_0 = death_cause(kind_0, 0)
    cause_1 = death_cause(kind_1, 1)
    if together and cause_0 == ALIVE:
        return HEAD_ON, HEAD_ON
    return cause_0, cause_1


@njit(inline="always")
def outcome_of(cause_0: int, cause_1: int, ply: int, max_plies: int) -> int:
    """Return how a game stands after ply number ``ply``."""
    if cause_0 != ALIVE and cause_1 != ALIVE:
        return DRAW
    if cause_0 != ALIVE:
        return SECOND_WINS
    if cause_1 != ALIVE:
        return FIRST_WINS
    return TRUNCATED if ply >= max_plies else ONGOING


@njit()
def advance(
    i: int,
    cells: UInt8Array,
    heads: Int16Array,
    headings: UInt8Array,
    causes: UInt8Array,
    plies: Int32Array,
    outcomes: UInt8Array,
    action_0: int,
    action_1: int,
    max_plies: int,
) -> bool:
    """Play one ply of game ``i`` in place; a finished game is left alone.

    Returns:
        Whether a ply was played.
    """
    if outcomes[i] != ONGOING:
        return False
    heading_0 = effective_heading(headings[i, 0], action_0)
    heading_1 = effective_heading(headings[i, 1], action_1)
    row_0 = heads[i, 0, 0] + ROW_STEP[heading_0]
    col_0 = heads[i, 0, 1] + COL_STEP[heading_0]
    row_1 = heads[i, 1, 0] + ROW_STEP[heading_1]
    col_1 = heads[i, 1, 1] + COL_STEP[heading_1]

    together = row_0 == row_1 and col_0 == col_1
    cause_0, cause_1 = fates(cells[i, row_0, col_0], cells[i, row_1, col_1], together)

    headings[i, 0] = heading_0
    headings[i, 1] = heading_1
    causes[i, 0] = cause_0
    causes[i, 1] = cause_1
    plies[i] += 1
    if cause_0 == ALIVE:
        heads[i, 0, 0] = row_0
        heads[i, 0, 1] = col_0
        cells[i, row_0, col_0] = TRAIL
    if cause_1 == ALIVE:
        heads[i, 1, 0] = row_1
        heads[i, 1, 1] = col_1
        cells[i, row_1, col_1] = TRAIL + 1

    outcomes[i] = outcome_of(cause_0, cause_1, plies[i], max_plies)
    return True


@njit()
def write_mask(
    i: int,
    seat: int,
    cells: UInt8Array,
    heads: Int16Array,
    headings: UInt8Array,
    causes: UInt8Array,
    out_masks: BoolArray,
) -> None:
    """Write the accepted actions of one rider into ``out_masks[i, seat]``, bool ``(n, 2, 4)``."""
    for action in range(4):
        out_masks[i, seat, action] = (
            causes[i, seat] == ALIVE
            and action != headings[i, seat] ^ 2
            and cells[
                i,
                heads[i, seat, 0] + ROW_STEP[action],
                heads[i, seat, 1] + COL_STEP[action],
            ]
            == EMPTY
        )
