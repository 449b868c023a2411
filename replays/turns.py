"""Headings as relative turns, five to a byte in base 3.

A rider cannot reverse, so each ply holds one of three turns: 0 straight on, 1 to the right, 2 to
the left. Seat 0 comes first in each ply, the first turn in the lowest digit of the first byte;
unused digits of the last byte are 0.
"""

from typing import Final

import numpy as np

from replays.errors import ReplayFormatError
from tron_env.compiling import kernel
from tron_env.types import ACTIONS, SEATS, UInt8Array

TURNS_PER_BYTE: Final = 5
BYTE_LIMIT: Final = 3**TURNS_PER_BYTE
POWERS_OF_3: Final = np.array([1, 3, 9, 27, 81], dtype=np.uint8)
TURN_OF_DELTA: Final = np.array([0, 1, 255, 2], dtype=np.uint8)
DELTA_OF_TURN: Final = np.array([0, 1, 3], dtype=np.uint8)

NO_FAULT: Final = -1
NO_ACTION: Final = -2


@kernel
def first_fault(headings: UInt8Array, first: int, second: int) -> int:
    """Return where the first reversal is among uint8 ``(plies, 2)`` headings, counted in row order.

    Args:
        headings: contiguous.
        first: the heading of the spawn of seat 0.
        second: of seat 1.

    Returns:
        ``NO_FAULT`` where there is none; ``NO_ACTION`` where a heading is no action.
    """
    for heading in headings.flat:
        if heading >= ACTIONS:
            return NO_ACTION
    before = (first, second)
    for ply in range(headings.shape[0]):
        for seat in range(SEATS):
            if headings[ply, seat] == before[seat] ^ 2:
                return SEATS * ply + seat
        before = (int(headings[ply, 0]), int(headings[ply, 1]))
    return NO_FAULT


def packed_size(plies: int) -> int:
    """Return how many bytes the turns of ``plies`` plies take."""
    return -(-SEATS * plies // TURNS_PER_BYTE)


def quarter_turns(headings: UInt8Array, start: tuple[int, int]) -> UInt8Array:
    """Return uint8 ``(plies, 2)``: quarter turns to the right at each ply, 2 for a reversal.

    Args:
        headings: uint8 ``(plies, 2)``.
        start: the heading of each spawn.
    """
    before = np.array([start], dtype=np.uint8)
    return np.asarray(np.diff(headings, axis=0, prepend=before) & 3, dtype=np.uint8)


def pack_turns(headings: UInt8Array, start: tuple[int, int]) -> bytes:
    """Return the packed turns of uint8 ``(plies, 2)`` headings without reversals.

    >>> pack_turns(np.array([[1, 0], [1, 3]], dtype=np.uint8), start=(0, 0)).hex()
    '37'
    """
    turns = TURN_OF_DELTA[quarter_turns(headings, start)].ravel()
    digits = np.zeros((packed_size(len(headings)), TURNS_PER_BYTE), dtype=np.uint8)
    digits.reshape(-1)[: turns.size] = turns
    # The greatest byte is 242, so uint8 never wraps here.
    return bytes((digits * POWERS_OF_3).sum(axis=1, dtype=np.uint8))


def unpack_turns(packed: bytes, plies: int, start: tuple[int, int]) -> UInt8Array:
    """Return uint8 ``(plies, 2)`` headings.

    Raises:
        ReplayFormatError: ``packed`` is not what ``pack_turns`` gives for that many plies.
    """
    if len(packed) != packed_size(plies):
        raise ReplayFormatError(
            f"{len(packed)} bytes of turns; {plies} plies take {packed_size(plies)}"
        )
    values = np.frombuffer(packed, dtype=np.uint8)
    if (values >= BYTE_LIMIT).any():
        raise ReplayFormatError(f"a byte of turns is above {BYTE_LIMIT - 1}")
    turns = (values[:, None] // POWERS_OF_3 % 3).ravel()
    count = plies * SEATS
    if turns[count:].any():
        raise ReplayFormatError("unused digits of the turns are not 0")
    deltas = DELTA_OF_TURN[turns[:count]].reshape(plies, SEATS)
    # uint8 wraps at 256, a whole number of full turns.
    turned = np.array(start, dtype=np.uint8) + np.cumsum(deltas, axis=0, dtype=np.uint8)
    return np.asarray(turned & 3, dtype=np.uint8)
