"""Turns and echoes from the compiled loop, beside the readers of frames and of events."""

import json
import socket
from typing import TypeAlias

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.test_frames import masked
from tron_env.types import Action
from web.errors import RefusedError
from web.frames import FrameError, parse_frame
from web.messages import MAX_GAME_ID, Echo, Turn, parse_echo, parse_turn
from web.sayings import (
    MOST_SAYINGS,
    NOTHING,
    READ_BYTES,
    TURN,
    UNREAD,
    read_sayings,
)

Said: TypeAlias = list[Turn | Echo]
PREFIX = b"42/live,"
LIMIT = 4096


def compiled(*streams: bytes) -> list[Said | bytes | None]:
    """What the compiled loop makes of each socket's bytes; None where nothing came."""
    ends = [socket.socketpair() for _ in streams]
    try:
        for (_, theirs), stream in zip(ends, streams, strict=True):
            theirs.sendall(stream)
        for ours, _ in ends:
            ours.setblocking(False)
        sockets = np.array([ours.fileno() for ours, _ in ends], dtype=np.int32)
        data = np.zeros((len(ends), READ_BYTES), dtype=np.uint8)
        sayings = np.zeros((len(ends) * MOST_SAYINGS, 4), dtype=np.int64)
        count = read_sayings(sockets, 0, data, sayings)
    finally:
        for pair in ends:
            for end in pair:
                end.close()
    read: list[Said | bytes | None] = [[] for _ in streams]
    for row, saying, first, second in sayings[:count].tolist():
        said = read[row]
        if saying == NOTHING:
            read[row] = None
        elif saying == UNREAD:
            read[row] = data[row, :second].tobytes()
        else:
            assert isinstance(said, list)
            said.append(Turn(first, Action(second)) if saying == TURN else Echo(first, second))
    return read


def ordinary(stream: bytes) -> Said | None:
    """What the ordinary way makes of the same bytes; None where they are anything else."""
    said: Said = []
    at = 0
    try:
        while at < len(stream):
            each = parse_frame(stream, at, LIMIT)
            if each is None or each.opcode != 1 or not each.final:
                return None
            assert each.payload.startswith(PREFIX + b"[")
            event, data = json.loads(each.payload.removeprefix(PREFIX))
            said.append(parse_turn(data) if event == "turn" else parse_echo(data))
            assert event in {"turn", "echo"}
            at = each.end
    except (FrameError, RefusedError, ValueError, KeyError, TypeError, AssertionError):
        return None
    return said


def written(message: Turn | Echo) -> bytes:
    """An event as browsers write it."""
    if isinstance(message, Turn):
        event, data = "turn", {"game": message.game, "action": int(message.action)}
    else:
        event, data = "echo", {"game": message.game, "ply": message.ply}
    return PREFIX + json.dumps([event, data], separators=(",", ":")).encode()


GAMES = st.integers(1, MAX_GAME_ID)
MESSAGES = st.one_of(
    st.builds(Turn, GAMES, st.sampled_from(Action)), st.builds(Echo, GAMES, st.integers(1, 65_535))
)
KEYS = st.binary(min_size=4, max_size=4)


@settings(deadline=None)  # the loop is compiled
@given(st.lists(st.lists(st.tuples(MESSAGES, KEYS), min_size=1, max_size=8), max_size=4))
def test_what_browsers_write_is_read_as_it_was_said(lines: list[list[tuple[Turn | Echo, bytes]]]):
    streams = [b"".join(masked(written(each), keys) for each, keys in said) for said in lines]
    assert compiled(*streams) == [[each for each, _ in said] for said in lines]
    assert [ordinary(stream) for stream in streams] == compiled(*streams)


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """Frames of events that are a few bytes away from what browsers write."""
    stream = b""
    for message, keys in draw(st.lists(st.tuples(MESSAGES, KEYS), min_size=1, max_size=3)):
        text = bytearray(written(message))
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(text)))
            with_ = draw(st.sampled_from([b"", b"0", b"7", b"-", b".0", b" ", b"}", b'"', b"e"]))
            text[at : at + draw(st.integers(0, 2))] = with_
        opcode = draw(st.sampled_from([1, 1, 1, 1, 0, 2, 8, 9]))
        stream += masked(bytes(text), keys, opcode, final=draw(st.integers(0, 9)) > 0)
    return stream[: len(stream) - draw(st.sampled_from([0, 0, 0, 1, 5, 50]))]


@settings(deadline=None, max_examples=500)
@given(nearly())
def test_what_is_read_here_is_what_the_ordinary_way_would_have_read(stream: bytes):
    (read,) = compiled(stream)
    if isinstance(read, list):
        assert read == ordinary(stream)
    elif read is not None:
        assert read == stream, "what is left to the ordinary way is left as it came"


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_bytes_of_any_kind_are_left_as_they_came(stream: bytes):
    assert compiled(stream) == [stream]


def test_a_socket_that_has_nothing_is_told_of():
    assert compiled(b"") == [None]
