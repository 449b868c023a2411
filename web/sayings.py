"""What riders say most, read in one compiled loop: their turns, and their answers to ticks.

Of a thousand connections that have news, nearly all have such an event, in the very form in which
`JSON.stringify` writes it. Those are read here at a few microseconds each; whatever is not exactly
that goes the ordinary way (``web.frames``, ``web.messages``), which decides what it is, and which
would have read these alike. The interpreter's lock is kept, as in ``web.websocket``.
"""

from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from tron_env.compiling import kernel
from tron_env.ruleset import MAX_PLIES_LIMIT
from tron_env.types import ACTIONS, UInt8Array
from web.messages import MAX_GAME_ID

READ_BYTES: Final = 1024
"""Taken at once: twenty turns. A longer message takes several."""
MOST_SAYINGS: Final = READ_BYTES // 40
"""That one such read holds."""

TURN: Final = 0
ECHO: Final = 1
UNREAD: Final = 2
"""Bytes of anything else."""
NOTHING: Final = 3
"""No bytes: the connection has ended, or did not have any after all."""

_recv: Any = types.ExternalFunction(
    "recv", types.intp(types.int32, types.voidptr, types.uintp, types.int32)
)
_MASKED_TEXT: Final = 0x81
_MASKED: Final = 0x80
_HEAD: Final = 6
_KEYS: Final = 4
_LONGEST: Final = 125
_ZERO: Final = ord("0")
_MOST_DIGITS: Final = 16
TURN_HEAD: Final = np.frombuffer(b'42/live,["turn",{"game":', dtype=np.uint8)
ACTION_KEY: Final = np.frombuffer(b',"action":', dtype=np.uint8)
ECHO_HEAD: Final = np.frombuffer(b'42/live,["echo",{"game":', dtype=np.uint8)
PLY_KEY: Final = np.frombuffer(b',"ply":', dtype=np.uint8)
EVENT_END: Final = np.frombuffer(b"}]", dtype=np.uint8)


@kernel
def read_sayings(
    sockets: NDArray[np.int32],
    flags: int,
    out_bytes: UInt8Array,
    out_sayings: NDArray[np.int64],
) -> int:
    """Read each socket once.

    Args:
        sockets: ``(k,)``, which have news, and of which no frame has arrived in part.
        flags: of ``recv``.
        out_bytes: ``(k, READ_BYTES)``, what was read.
        out_sayings: ``(k * MOST_SAYINGS, 4)``: the row of a socket, what it says, and two numbers:
            of a turn or an echo the game and the action or ply, of unread bytes where they end.

    Returns:
        How many sayings there are, those of a socket in their order. A read in which anything is no
        turn and no echo is one saying, ``UNREAD``.
    """
    count = 0
    for row in range(sockets.shape[0]):
        data = out_bytes[row]
        got = _recv(sockets[row], data.ctypes, READ_BYTES, flags)
        first, at = count, 0
        while at < got:
            saying, game, number, end = _saying(data, at, got)
            if saying == UNREAD:
                break
            out_sayings[count, 0], out_sayings[count, 1] = row, saying
            out_sayings[count, 2], out_sayings[count, 3] = game, number
            count += 1
            at = end
        if got <= 0 or at < got:
            count = first
            out_sayings[count, 0] = row
            out_sayings[count, 1] = NOTHING if got <= 0 else UNREAD
            out_sayings[count, 2], out_sayings[count, 3] = 0, max(got, 0)
            count += 1
    return count


@kernel
def _saying(data: UInt8Array, at: int, have: int) -> tuple[int, int, int, int]:
    """Return what the frame at ``at`` says, its two numbers, and where it ends."""
    unread = UNREAD, 0, 0, at
    if have - at < _HEAD or data[at] != _MASKED_TEXT or data[at + 1] < _MASKED:
        return unread
    begin, length = at + _HEAD, int(data[at + 1]) - _MASKED
    if length > _LONGEST or begin + length > have:
        return unread
    text = data[begin - _KEYS : begin + length]
    game, place = _named(text, 0, TURN_HEAD)
    if place > 0:
        saying, most, least = TURN, ACTIONS - 1, 0
        place = _after(text, place, ACTION_KEY)
    else:
        game, place = _named(text, 0, ECHO_HEAD)
        if place == 0:
            return unread
        saying, most, least = ECHO, MAX_PLIES_LIMIT, 1
        place = _after(text, place, PLY_KEY)
    if place == 0:
        return unread
    number, place = _number(text, place)
    if not (1 <= game <= MAX_GAME_ID and least <= number <= most):
        return unread
    if _after(text, place, EVENT_END) != length:
        return unread
    return saying, game, number, begin + length


@kernel
def _named(text: UInt8Array, at: int, event: UInt8Array) -> tuple[int, int]:
    """Return the game that an event is about, and where its number ends; 0 if it is another."""
    at = _after(text, at, event)
    if at == 0:
        return 0, 0
    return _number(text, at)


@kernel
def _after(text: UInt8Array, at: int, wanted: UInt8Array) -> int:
    """Return where ``wanted`` ends if it is what ``text`` holds from ``at`` on, else 0."""
    if at + wanted.size > text.size - _KEYS:
        return 0
    for each in range(wanted.size):
        if _byte(text, at + each) != wanted[each]:
            return 0
    return at + wanted.size


@kernel
def _number(text: UInt8Array, at: int) -> tuple[int, int]:
    """Return the whole number at ``at``, as JSON writes it, and where it ends; -1 if it is none."""
    begin, number = at, 0
    while at < text.size - _KEYS and at - begin < _MOST_DIGITS:
        digit = int(_byte(text, at)) - _ZERO
        if not 0 <= digit <= 9 or (at > begin and number == 0):
            break
        number = 10 * number + digit
        at += 1
    return (number if at > begin else -1), at


@kernel
def _byte(text: UInt8Array, at: int) -> int:
    """Return a byte of a payload that its four keys stand before."""
    return int(text[_KEYS + at] ^ text[at & (_KEYS - 1)])
