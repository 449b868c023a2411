"""Ticks from the compiled loop, beside the one encoder of events."""

import socket

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from web.frames import event_frame
from web.live_types import TICK_NUMBERS
from web.messages import MAX_GAME_ID
from web.ticks import FRAME_BYTES, write_ticks

HEAD = np.frombuffer(b'42/live,["tick",[', dtype=np.uint8)
MOST_PLIES = 9999
NUMBERS = st.tuples(
    st.integers(0, MAX_GAME_ID), *[st.integers(0, MOST_PLIES)] * (TICK_NUMBERS - 1)
).map(list)
"""A game's number may be large; a frame has no room for eight that are."""


@settings(deadline=None)  # the loop is compiled
@given(st.lists(NUMBERS, max_size=3))
def test_a_tick_is_the_frame_of_its_event_and_goes_to_its_own_socket(rows: list[list[int]]):
    ticks = np.array(rows, dtype=np.int64).reshape(-1, TICK_NUMBERS)
    ends = [socket.socketpair() for _ in rows]
    try:
        sockets = np.array([ours.fileno() for ours, _ in ends], dtype=np.int32)
        frames = np.zeros((len(rows), FRAME_BYTES), dtype=np.uint8)
        lengths, sent = np.zeros((2, len(rows)), dtype=np.int64)
        write_ticks(sockets, ticks, HEAD, 0, frames, lengths, sent)
        assert sent.tolist() == lengths.tolist()
        for row, (_, theirs) in zip(rows, ends, strict=True):
            assert theirs.recv(FRAME_BYTES) == event_frame("/live", "tick", row)
    finally:
        for pair in ends:
            for end in pair:
                end.close()


def test_nothing_is_written_where_a_socket_is_not_ready():
    frames = np.zeros((1, FRAME_BYTES), dtype=np.uint8)
    lengths, sent = np.zeros((2, 1), dtype=np.int64)
    tick = np.arange(TICK_NUMBERS)[np.newaxis]
    write_ticks(np.array([-1], dtype=np.int32), tick, HEAD, 0, frames, lengths, sent)
    assert sent.tolist() == [-1]
    assert frames[0, : lengths[0]].tobytes() == event_frame("/live", "tick", tick[0].tolist())
