"""Ticks as frames, made and written in one compiled loop.

A thousand riders get ten thousand ticks a second: beside the call of ``send`` that each of them
costs, nothing here takes a microsecond. The interpreter's lock is kept, as in ``web.websocket``.
"""

from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from tron_env.compiling import kernel, part
from tron_env.types import UInt8Array
from web.live_types import Ticks

FRAME_BYTES: Final = 126
"""Room for a whole frame: more than a head, a game's number, and seven of plies and cells take."""

_send: Any = types.ExternalFunction(
    "send", types.intp(types.int32, types.voidptr, types.uintp, types.int32)
)
_TEXT: Final = 0x81
_COMMA: Final = ord(",")
_CLOSE: Final = ord("]")
_ZERO: Final = np.uint64(ord("0"))
_TEN: Final = np.uint64(10)


@kernel
def write_ticks(
    sockets: NDArray[np.int32],
    ticks: Ticks,
    head: UInt8Array,
    flags: int,
    out_frames: UInt8Array,
    out_lengths: NDArray[np.int64],
    out_sent: NDArray[np.int64],
) -> None:
    """Encode each tick, and write it to its socket.

    Args:
        sockets: ``(k,)``, -1 where nothing is to be written.
        ticks: ``(k, 8)``, none negative.
        head: what comes before a tick's numbers.
        flags: of ``send``.
        out_frames: ``(k, FRAME_BYTES)``.
        out_lengths: ``(k,)``, how long each frame is.
        out_sent: ``(k,)``, what ``send`` returned, -1 where it was not called.
    """
    for row in range(ticks.shape[0]):
        frame = out_frames[row]
        at = 2
        for each in head:
            frame[at] = each
            at += 1
        for column in range(ticks.shape[1]):
            at = put_digits(frame, at, ticks[row, column])
            frame[at] = _COMMA
            at += 1
        frame[at - 1] = _CLOSE
        frame[at] = _CLOSE
        at += 1
        frame[0] = _TEXT
        frame[1] = at - 2
        out_lengths[row] = at
        out_sent[row] = -1
        if sockets[row] >= 0:
            out_sent[row] = _send(sockets[row], frame.ctypes, at, flags)


@part
def put_digits(frame: UInt8Array, at: int, number: int) -> int:
    """Write a number in digits; return where the next byte goes."""
    value = np.uint64(number)  # divides by a multiplication, where signed numbers do not
    end = at + 1
    rest = value // _TEN
    while rest > 0:
        end += 1
        rest //= _TEN
    for place in range(end - 1, at - 1, -1):
        frame[place] = _ZERO + value % _TEN
        value //= _TEN
    return end
