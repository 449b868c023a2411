"""What riders of `tron bench live` do at every tick, compiled: hear it, steer, say so.

One core plays all riders, and each that is asked for ten times a second has to cost it little.
"""

import socket
from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from tron_env.compiling import kernel, part
from tron_env.types import BoolArray, UInt8Array
from web.lateness import BUCKETS
from web.sayings import ACTION_KEY, ECHO_HEAD, EVENT_END, PLY_KEY, TURN_HEAD
from web.ticks import put_digits

WIDTH: Final = 32
_STEPS: Final = np.array([-WIDTH, 1, WIDTH, -1], dtype=np.int64)
"""By ``Action``."""
PLIES_BETWEEN_TURNS: Final = 5
LOOK_AHEAD: Final = 12
MISCHIEF_PLIES: Final = 20
"""An unruly rider misbehaves about so often."""
ROOM_BYTES: Final = 16 * 1024
"""What has arrived from the server and is not read yet is at most so much."""
FRAME_BYTES: Final = 128
MOST_LETTERS: Final = ROOM_BYTES // 2 + 64

MESSAGE: Final = 0
GONE: Final = 1
MISCHIEF: Final = 2

TICKS: Final = 0
TURNS: Final = 1
UNSENT: Final = 2

_TICK: Final = np.frombuffer(b'42/live,["tick",[', dtype=np.uint8)
_FLAGS: Final = getattr(socket, "MSG_NOSIGNAL", 0)

_recv: Any = types.ExternalFunction(
    "recv", types.intp(types.int32, types.voidptr, types.uintp, types.int32)
)
_recvmsg: Any = types.ExternalFunction(
    "recvmsg", types.intp(types.int32, types.voidptr, types.int32)
)
_send: Any = types.ExternalFunction(
    "send", types.intp(types.int32, types.voidptr, types.uintp, types.int32)
)


class Boards(NamedTuple):
    """What every rider knows, by its place."""

    sockets: NDArray[np.int32]
    games: NDArray[np.int64]
    """0 while it rides none."""
    seats: NDArray[np.int64]
    speeds: NDArray[np.int64]
    plies: NDArray[np.int64]
    dues: NDArray[np.float64]
    """When the latest tick was due, by the monotonic clock; -inf before the first."""
    turned: NDArray[np.int64]
    """The ply of its latest turn."""
    taken: UInt8Array
    """``(n, WIDTH * WIDTH)``."""
    unruly: BoolArray
    masks: UInt8Array
    """``(n, 4)``, what it masks its frames with."""
    rests: UInt8Array
    """``(n, ROOM_BYTES)``, what has arrived of a frame that has not arrived whole."""
    lengths: NDArray[np.int64]
    """Of ``rests``."""

    @classmethod
    def of(cls, n: int, masks: UInt8Array) -> "Boards":
        """Return those of ``n`` riders that ride nothing yet."""
        whole = np.zeros((6, n), dtype=np.int64)
        return cls(
            sockets=np.full(n, -1, dtype=np.int32),
            games=whole[0],
            seats=whole[1],
            speeds=whole[2],
            plies=whole[3],
            dues=np.full(n, -np.inf),
            turned=whole[4],
            taken=np.zeros((n, WIDTH * WIDTH), dtype=np.uint8),
            unruly=np.zeros(n, dtype=np.bool_),
            masks=masks,
            rests=np.empty((n, ROOM_BYTES), dtype=np.uint8),
            lengths=whole[5],
        )


class Envelope(NamedTuple):
    """What ``recvmsg`` is called with, to be told when the bytes arrived (64-bit Linux)."""

    header: NDArray[np.int64]
    """``struct msghdr``."""
    vector: NDArray[np.int64]
    """``struct iovec``."""
    told: NDArray[np.int64]
    """A ``struct cmsghdr`` of two words, then a ``struct timespec``."""
    used: bool
    """False where the system does not tell."""

    @classmethod
    def new(cls, *, used: bool) -> "Envelope":
        """Return an empty one."""
        vector, told = np.zeros(2, dtype=np.int64), np.zeros(8, dtype=np.int64)
        header = np.array([0, 0, vector.ctypes.data, 1, told.ctypes.data, 0, 0], dtype=np.int64)
        return cls(header, vector, told, used)


@kernel
def hear(
    boards: Boards,
    places: NDArray[np.int64],
    envelope: Envelope,
    now: float,
    epoch: float,
    most_late: float,
    out_letters: NDArray[np.int64],
    out_text: UInt8Array,
    out_frame: UInt8Array,
    out_counts: NDArray[np.int64],
    out_lateness: NDArray[np.int64],
) -> tuple[int, int]:
    """Take what has arrived for riders: ticks are answered, the rest is handed on.

    Args:
        boards: of all riders.
        places: ``(k,)``, for whom something has arrived.
        envelope: to read with.
        now: the monotonic clock, in seconds.
        epoch: what it says when the system's clock says 0.
        most_late: beyond this the server moves the whole timetable, in seconds.
        out_letters: ``(MOST_LETTERS or more, 4)``: place, kind, where in ``out_text`` the message
            begins and ends.
        out_text: at least ``ROOM_BYTES`` long.
        out_frame: room for a frame, ``(FRAME_BYTES,)``.
        out_counts: ``TICKS``, ``TURNS`` and ``UNSENT`` are added to.
        out_lateness: ``(BUCKETS + 1,)``, ticks by milliseconds, added to.

    Returns:
        For how many places, and how many letters there are; call again for the other places.
    """
    letters, text = 0, 0
    for number in range(places.shape[0]):
        if letters > out_letters.shape[0] - MOST_LETTERS or text > out_text.shape[0] - ROOM_BYTES:
            return number, letters
        place = places[number]
        have = boards.lengths[place]
        data = boards.rests[place]
        got, arrived = _read(boards.sockets[place], data, have, envelope, now, epoch)
        if got <= 0:
            # An error tells of itself once more when somebody looks at it more closely.
            out_letters[letters, 0], out_letters[letters, 1] = place, GONE
            letters += 1
            continue
        have += got
        at = 0
        while have - at >= 2:
            length, begin = int(data[at + 1]), at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if have < begin + size:
                    break
                length = 0
                for byte in data[begin : begin + size]:
                    length = 256 * length + int(byte)
                begin += size
            end = begin + length
            if have < end:
                break
            if data[at] == 0x81:
                if _starts(data, begin, end, _TICK):
                    late = _late(boards, place, data, begin + _TICK.size, arrived, most_late)
                    if late >= 0.0:
                        out_lateness[min(int(late * 1000), BUCKETS)] += 1
                    out_counts[TICKS] += 1
                    if _steer(boards, place, data, begin + _TICK.size, out_frame, out_counts):
                        out_letters[letters, 0], out_letters[letters, 1] = place, MISCHIEF
                        letters += 1
                else:
                    out_letters[letters, 0], out_letters[letters, 1] = place, MESSAGE
                    out_letters[letters, 2], out_letters[letters, 3] = text, text + length
                    for each in range(begin, end):
                        out_text[text] = data[each]
                        text += 1
                    letters += 1
            at = end
        for each in range(at, have):
            data[each - at] = data[each]
        boards.lengths[place] = have - at
    return places.shape[0], letters


@part
def _read(
    sock: int, data: UInt8Array, have: int, envelope: Envelope, now: float, epoch: float
) -> tuple[int, float]:
    """Read behind what there is; return how much came, and when it had arrived."""
    if not envelope.used:
        return _recv(sock, data[have:].ctypes, data.size - have, 0), now
    header, told = envelope.header, envelope.told
    envelope.vector[0], envelope.vector[1] = data[have:].ctypes.data, data.size - have
    header[5], header[6] = 8 * told.size, 0
    told[0] = 0
    got = _recvmsg(sock, header.ctypes, 0)
    if told[0] == 0:
        return got, now
    return got, min(now, told[2] + told[3] / 1e9 + epoch)


@part
def _starts(data: UInt8Array, begin: int, end: int, with_: UInt8Array) -> bool:
    if end - begin < with_.size:
        return False
    same = True
    for each in range(with_.size):
        same &= data[begin + each] == with_[each]
    return same


@part
def _number(data: UInt8Array, at: int) -> tuple[int, int]:
    """Read the number that begins at ``at``; return it, and where what follows its comma begins."""
    number = 0
    while data[at] >= 48 and data[at] <= 57:
        number = 10 * number + int(data[at]) - 48
        at += 1
    return number, at + 1


@part
def _late(
    boards: Boards, place: int, data: UInt8Array, at: int, arrived: float, most_late: float
) -> float:
    """Return how late a tick arrived; below 0 for a game's first, which nothing says of.

    It is due one period after the one before it was; a late one counts once, for then the server
    moves the whole timetable rather than hurry a game.
    """
    _, at = _number(data, at)
    ply, _ = _number(data, at)
    due = boards.dues[place] + (ply - boards.plies[place]) / boards.speeds[place]
    late = arrived - due
    boards.dues[place] = due if 0.0 <= late <= most_late else arrived
    boards.plies[place] = ply
    return -1.0 if late == np.inf else max(late, 0.0)


@kernel
def _steer(
    boards: Boards,
    place: int,
    data: UInt8Array,
    at: int,
    out_frame: UInt8Array,
    out_counts: NDArray[np.int64],
) -> bool:
    """Answer a tick where it is to be answered, and turn; whether it misbehaves instead."""
    game, at = _number(data, at)
    ply, at = _number(data, at)
    seat, taken = boards.seats[place], boards.taken[place]
    here, heading = 0, 0
    for each in range(2):
        row, at = _number(data, at)
        col, at = _number(data, at)
        taken[row * WIDTH + col] = 1
        if each == seat:
            here = row * WIDTH + col
    for each in range(2):
        way, at = _number(data, at)
        if each == seat:
            heading = way
    if boards.unruly[place] and np.random.random() * MISCHIEF_PLIES < 1.0:
        return True
    if ply % boards.speeds[place] == 0:
        _say(boards, place, ECHO_HEAD, game, PLY_KEY, ply, out_frame, out_counts)
    ahead = here + _STEPS[heading]
    due = ply - boards.turned[place] >= PLIES_BETWEEN_TURNS
    if not (due or taken[ahead] or _room(taken, ahead, heading) < 1):
        return False
    here = here if taken[ahead] else ahead
    right, left = (heading + 1) & 3, (heading + 3) & 3
    best = right if _room(taken, here, right) >= _room(taken, here, left) else left
    if _room(taken, here, best) > 0:
        boards.turned[place] = ply
        out_counts[TURNS] += 1
        _say(boards, place, TURN_HEAD, game, ACTION_KEY, best, out_frame, out_counts)
    return False


@part
def _room(taken: UInt8Array, at: int, heading: int) -> int:
    """Return how many cells are free from ``at`` on, up to ``LOOK_AHEAD``."""
    step = _STEPS[heading]
    cells = 0
    while cells < LOOK_AHEAD and not taken[at + step * (cells + 1)]:
        cells += 1
    return cells


@part
def _say(
    boards: Boards,
    place: int,
    event: UInt8Array,
    game: int,
    name: UInt8Array,
    value: int,
    out_frame: UInt8Array,
    out_counts: NDArray[np.int64],
) -> None:
    """Send an event of two numbers."""
    at = _put(out_frame, 6, event)
    at = put_digits(out_frame, at, game)
    at = _put(out_frame, at, name)
    at = put_digits(out_frame, at, value)
    at = _put(out_frame, at, EVENT_END)
    out_frame[0], out_frame[1] = 0x81, 0x80 | (at - 6)
    mask = boards.masks[place]
    for each in range(4):
        out_frame[2 + each] = mask[each]
    for each in range(6, at):
        out_frame[each] ^= mask[(each - 6) & 3]
    if _send(boards.sockets[place], out_frame.ctypes, at, _FLAGS) < 0:
        out_counts[UNSENT] += 1


@part
def _put(out_frame: UInt8Array, at: int, text: UInt8Array) -> int:
    for byte in text:
        out_frame[at] = byte
        at += 1
    return at
