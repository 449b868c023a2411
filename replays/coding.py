"""Headings as an arithmetic code: about half of what ``replays.turns`` takes for real games.

A rider rarely turns without a reason, and most reasons stand on the board. So each turn is coded
under counts of what was done before where the same three cells ahead, to the right and to the left
were taken, and the same turn came before. Both sides of the code ride along on a board of their
own: a target that is not taken becomes the head's cell and is taken from then on; a rider whose
target is taken stays where it is. That is no rule of the game, only a way to guess well: records
that no rules would give are coded as exactly.

The code is that of Witten, Neal and Cleary, "Arithmetic coding for data compression", CACM 30(6),
1987, with 32 bits; behind its end the decoder reads zeros. Everything is whole numbers.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from replays.turns import DELTA_OF_TURN, packed_size
from tron_env.compiling import njit, part
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.types import SEATS, Int64Array, Spawn, UInt8Array

MOST_GAIN: Final = 8
"""A code shorter than this part of the packed turns is not used, so that no short input announces
a long game."""

TURNS: Final = 3
CONTEXTS: Final = 8 * TURNS
OPEN_COUNT: Final = 32
"""Of a turn at the outset; tuned, like the numbers that follow, on 96 games between shipped models
and searches: the code takes 0.41 of the packed turns on average."""
STRAIGHT_COUNT: Final = 64
TAKEN_COUNT: Final = 1
GROWTH: Final = 16
"""Of a turn's count when it is taken."""
MOST_COUNTS: Final = 3000
"""Where the three counts together are more, they are halved."""

_OPEN: Final = tuple(enumerate((STRAIGHT_COUNT, OPEN_COUNT, OPEN_COUNT)))

START_COUNTS: Final[Int64Array] = np.array(
    [
        [TAKEN_COUNT if context >> turn & 1 else open_count for turn, open_count in _OPEN]
        for context in range(CONTEXTS)
    ],
    dtype=np.int64,
)
"""``(CONTEXTS, TURNS)``: bits 0 to 2 of a context are what is taken ahead, right and left; from
bit 3 on it is the last turn."""

TOP: Final = (1 << 32) - 1
HALF: Final = 1 << 31
QUARTER: Final = 1 << 30
_LOW, _HIGH, _PENDING, _VALUE, _AT = range(5)


def code_headings(
    headings: UInt8Array, spawns: tuple[Spawn, Spawn], shape: tuple[int, int]
) -> bytes | None:
    """Return the code of uint8 ``(plies, 2)`` headings without reversals.

    Returns:
        None where ``pack_turns`` takes no more, or where the code would gain more than
        ``MOST_GAIN``.
    """
    packed = packed_size(len(headings))
    out: UInt8Array = np.zeros(max(packed - 1, 0), dtype=np.uint8)
    length = _walk(headings.copy(), *_board(spawns, shape), out, False)
    if length < 0 or MOST_GAIN * length < packed:
        return None
    return out[:length].tobytes()


def decode_headings(
    code: bytes, plies: int, spawns: tuple[Spawn, Spawn], shape: tuple[int, int]
) -> UInt8Array | None:
    """Return uint8 ``(plies, 2)`` headings, or None where ``code`` is not what they are coded as.

    Never takes more memory than a fixed multiple of ``code``.
    """
    packed = packed_size(plies)
    if not len(code) < packed <= MOST_GAIN * len(code):
        return None
    headings: UInt8Array = np.zeros((plies, SEATS), dtype=np.uint8)
    _walk(headings, *_board(spawns, shape), np.frombuffer(code, dtype=np.uint8).copy(), True)
    return headings if code_headings(headings, spawns, shape) == code else None


def _board(
    spawns: tuple[Spawn, Spawn], shape: tuple[int, int]
) -> tuple[UInt8Array, Int64Array, Int64Array]:
    """Return cells, 1 where taken; each rider's (row, col, heading, last turn); and the counts."""
    cells = _walls(shape).copy()
    riders = np.array([[*spawn, 0] for spawn in spawns], dtype=np.int64)
    cells[riders[:, 0], riders[:, 1]] = 1
    return cells, riders, START_COUNTS.copy()


@lru_cache(maxsize=16)
def _walls(shape: tuple[int, int]) -> UInt8Array:
    """Return cells of which only the border is taken."""
    cells: UInt8Array = np.ones(shape, dtype=np.uint8)
    cells[1:-1, 1:-1] = 0
    cells.setflags(write=False)
    return cells


@part
def _bit(data: UInt8Array, at: int) -> int:
    """Return one bit of the code; 0 behind its end."""
    if at >> 3 < data.shape[0] and data[at >> 3] & (1 << (7 - (at & 7))):
        return 1
    return 0


@part
def _put(data: UInt8Array, state: Int64Array, bit: int) -> None:
    """Append one bit and its pending opposites; what finds no room only counts."""
    value = bit
    while True:
        at = state[_AT]
        if value and at >> 3 < data.shape[0]:
            data[at >> 3] |= 1 << (7 - (at & 7))
        state[_AT] += 1
        if state[_PENDING] == 0:
            break
        state[_PENDING] -= 1
        value = 1 - bit


@njit()
def _code(
    counts: Int64Array, turn: int, data: UInt8Array, state: Int64Array, decoding: bool
) -> int:
    """Code one turn, or find out which it was, under three counts; return it."""
    total = counts[0] + counts[1] + counts[2]
    span = state[_HIGH] - state[_LOW] + 1
    if decoding:
        target = ((state[_VALUE] - state[_LOW] + 1) * total - 1) // span
        turn = 0 if target < counts[0] else 1 if target < counts[0] + counts[1] else 2
    below = 0
    for other in range(turn):
        below += counts[other]
    state[_HIGH] = state[_LOW] + span * (below + counts[turn]) // total - 1
    state[_LOW] += span * below // total
    while True:
        shift = 0
        if state[_HIGH] < HALF:
            if not decoding:
                _put(data, state, 0)
        elif state[_LOW] >= HALF:
            shift = HALF
            if not decoding:
                _put(data, state, 1)
        elif state[_LOW] >= QUARTER and state[_HIGH] < HALF + QUARTER:
            shift = QUARTER
            state[_PENDING] += 1
        else:
            break
        state[_LOW] = 2 * (state[_LOW] - shift)
        state[_HIGH] = 2 * (state[_HIGH] - shift) + 1
        if decoding:
            state[_VALUE] = 2 * (state[_VALUE] - shift) + _bit(data, state[_AT])
            state[_AT] += 1
    counts[turn] += GROWTH
    if total + GROWTH > MOST_COUNTS:
        for each in range(3):
            counts[each] = (counts[each] + 1) // 2
    return turn


@njit()
def _walk(
    headings: UInt8Array,
    cells: UInt8Array,
    riders: Int64Array,
    counts: Int64Array,
    data: UInt8Array,
    decoding: bool,
) -> int:
    """Code headings into ``data``, or decode them from it.

    Returns:
        How many bytes the code takes, -1 where ``data`` has no room for them.
    """
    state = np.zeros(5, dtype=np.int64)
    state[_HIGH] = TOP
    if decoding:
        for at in range(32):
            state[_VALUE] = 2 * state[_VALUE] + _bit(data, at)
        state[_AT] = 32
    for ply in range(headings.shape[0]):
        for seat in range(2):
            row, col, heading, last = riders[seat]
            context = 8 * last
            for turn in range(3):
                way = (heading + DELTA_OF_TURN[turn]) & 3
                if cells[row + ROW_STEP[way], col + COL_STEP[way]]:
                    context += 1 << turn
            asked = 0
            if not decoding:
                delta = (headings[ply, seat] - heading) & 3
                asked = 0 if delta == 0 else 1 if delta == 1 else 2
            turn = _code(counts[context], asked, data, state, decoding)
            heading = (heading + DELTA_OF_TURN[turn]) & 3
            headings[ply, seat] = heading
            row, col = row + ROW_STEP[heading], col + COL_STEP[heading]
            riders[seat, 2], riders[seat, 3] = heading, turn
            if not cells[row, col]:
                cells[row, col] = 1
                riders[seat, 0], riders[seat, 1] = row, col
    room = len(data)
    if decoding:
        return room
    state[_PENDING] += 1
    _put(data, state, 0 if state[_LOW] < QUARTER else 1)
    length = int(state[_AT] + 7) >> 3
    return length if length <= room else -1
