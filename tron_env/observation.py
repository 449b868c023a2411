"""The observation: five 0/1 planes per seat.

``planes`` is uint8 ``(n, 2, 5, height, width)``, axes game, seat, ``Plane``, row, col.
``encode_state`` builds them from a position. A ply changes at most two cells of trail and four of
heads per seat; ``tron_env.stepping`` writes only those, and tests hold both against each other.
"""

from typing import Final, TypeAlias

import numpy as np

from tron_env.compiling import kernel, njit
from tron_env.kernel import ALIVE, TRAIL, WALL
from tron_env.places import col_step, row_step
from tron_env.types import BoolArray, Float32Array, Int16Array, IntArray, Plane, UInt8Array

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


@kernel
def gather_rows(
    planes: UInt8Array,
    heads: Int16Array,
    headings: UInt8Array,
    games: IntArray,
    seats: IntArray,
    rows: IntArray,
    a_ply_behind: BoolArray,
    out_observations: Observations,
) -> None:
    """Do what ``gather`` does, each rider into a row of its own, and where it can only in part.

    A ply changes what lies where a living rider is and where it was, and nothing else.

    Args:
        planes: as in ``gather``.
        heads: int16 ``(n, 2, 2)``.
        headings: uint8 ``(n, 2)``, of the last move.
        games: ``(k,)`` game indices.
        seats: ``(k,)`` seats, same order.
        rows: ``(k,)`` rows of ``out_observations``, same order.
        a_ply_behind: ``(k,)``: the row holds this rider's planes of one ply ago, and both live.
        out_observations: as in ``gather``; other rows are left alone.
    """
    area, width = np.uintp(planes.shape[3] * planes.shape[4]), planes.shape[4]
    count = np.uintp(planes.shape[2])
    size = count * area
    source, target = planes.reshape(-1), out_observations.reshape(-1)
    for k in range(games.shape[0]):
        game = games[k]
        rider, start = np.uintp(2 * game + seats[k]) * size, np.uintp(rows[k]) * size
        if not a_ply_behind[k]:
            for place in range(size):
                target[start + place] = source[rider + place]
            continue
        for seat in range(2):
            row, col = np.int64(heads[game, seat, 0]), np.int64(heads[game, seat, 1])
            heading = np.int64(headings[game, seat])
            now = np.uintp(row * width + col)
            before = np.uintp((row - row_step(heading)) * width + col - col_step(heading))
            for plane in range(count):
                there = plane * area
                target[start + there + now] = source[rider + there + now]
                target[start + there + before] = source[rider + there + before]
