"""The observation: five 0/1 planes per seat.

``planes`` is uint8 ``(n, 2, 5, height, width)``, axes game, seat, ``Plane``, row, col.
``encode_state`` builds them from a position. A ply changes at most two cells of trail and four of
heads per seat; ``tron_env.stepping`` writes only those, and tests hold both against each other.
"""

from typing import Final, TypeAlias

import numpy as np

from tron_env.compiling import kernel, njit
from tron_env.kernel import ALIVE, TRAIL, WALL
from tron_env.types import Float32Array, Int16Array, IntArray, Plane, UInt8Array

OBSERVATION_VERSION: Final = 1
"""Rises when what the planes hold changes; datasets name it."""

Observations: TypeAlias = Float32Array | UInt8Array

WALLS = int(Plane.WALLS)
OWN_TRAIL = int(Plane.OWN_TRAIL)
OWN_HEAD = int(Plane.OWN_HEAD)


@njit()
def encode_state(
    i: int, cells: UInt8Array, heads: Int16Array, causes: UInt8Array, out_planes: UInt8Array
) -> None:
    """Build ``out_planes[i]`` from the state of game ``i``."""
    height, width = cells.shape[1], cells.shape[2]
    for seat in range(2):
        for row in range(height):
            for col in range(width):
                kind = cells[i, row, col]
                out_planes[i, seat, WALLS, row, col] = kind == WALL
                out_planes[i, seat, OWN_TRAIL, row, col] = kind == TRAIL + seat
                out_planes[i, seat, OWN_TRAIL + 1, row, col] = kind == TRAIL + 1 - seat
                out_planes[i, seat, OWN_HEAD, row, col] = 0
                out_planes[i, seat, OWN_HEAD + 1, row, col] = 0
    for rider in range(2):
        if causes[i, rider] == ALIVE:
            row, col = heads[i, rider, 0], heads[i, rider, 1]
            out_planes[i, rider, OWN_HEAD, row, col] = 1
            out_planes[i, 1 - rider, OWN_HEAD + 1, row, col] = 1


@kernel
def gather(
    planes: UInt8Array, games: IntArray, seats: IntArray, out_observations: Observations
) -> None:
    """Copy the planes of chosen riders into a ``(k, 5, height, width)`` tensor.

    Args:
        planes: uint8 ``(n, 2, 5, height, width)``.
        games: ``(k,)`` game indices.
        seats: ``(k,)`` seats, same order.
        out_observations: float32 or uint8; filled with 0 and 1; rows past ``k`` are left alone.
    """
    size = planes.shape[2] * planes.shape[3] * planes.shape[4]
    source, target = planes.reshape(-1), out_observations.reshape(-1)
    for k in range(games.shape[0]):
        rider, start = np.uintp(2 * games[k] + seats[k]) * np.uintp(size), np.uintp(k * size)
        for place in range(np.uintp(size)):
            target[start + place] = source[rider + place]
