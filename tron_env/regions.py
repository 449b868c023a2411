"""Territory and reachable space of one position, as maps of cells.

For many games at once there is ``tron_env.territory``; for compiled code, ``tron_env.jit``.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tron_env.territory import BoardRows, bit, flood, pack_free, separated, split
from tron_env.types import BoolArray, DeathCause, GameState, Seat, UInt8Array


class Owner(IntEnum):
    """Who reaches a free cell first."""

    NOBODY = 0
    FIRST = 1
    SECOND = 2
    CONTESTED = 3
    """Both, on the same ply."""


def territory_map(state: GameState) -> UInt8Array:
    """Return who reaches each free cell first, uint8 ``(height, width)`` of ``Owner``.

    Cells that are not free, the riders' own among them, are nobody's; a dead rider reaches nothing.
    """
    free = _free(state)
    reach = _split(state, free)
    first, second = (_cells(board & free, state.cells.shape[1]) for board in reach)
    owners: UInt8Array = (first * Owner.FIRST + second * Owner.SECOND).astype(np.uint8)
    return owners


def reachable_map(state: GameState, seat: Seat) -> BoolArray:
    """Return which free cells one rider could still reach if it were alone, ``(height, width)``."""
    free = _free(state)
    reach = _head(state, seat)
    flood(free, reach, np.zeros_like(reach))
    return _cells(reach & free, state.cells.shape[1])


def are_separated(state: GameState) -> bool:
    """Whether the riders can never meet again: who has more room then wins."""
    free = _free(state)
    first, second = _split(state, free)
    return separated(first, second, free)


def _free(state: GameState) -> BoardRows:
    free: BoardRows = np.zeros(state.cells.shape[0], dtype=np.uint64)
    pack_free(0, state.cells[np.newaxis], free)
    return free


def _head(state: GameState, seat: Seat) -> BoardRows:
    board: BoardRows = np.zeros(state.cells.shape[0], dtype=np.uint64)
    if state.causes[seat] is DeathCause.NONE:
        row, col = state.heads[seat]
        board[row] = bit(col)
    return board


def _split(state: GameState, free: BoardRows) -> tuple[BoardRows, BoardRows]:
    first, second = _head(state, Seat.FIRST), _head(state, Seat.SECOND)
    split(free, first, second, np.zeros_like(free), np.zeros_like(free))
    return first, second


def _cells(board: BoardRows, width: int) -> NDArray[np.bool_]:
    columns = np.arange(width, dtype=np.uint64)
    cells: BoolArray = (board[:, np.newaxis] >> columns & np.uint64(1)).astype(np.bool_)
    return cells
