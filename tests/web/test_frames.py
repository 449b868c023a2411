"""WebSocket frames: whatever a client may send, in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.frames import TEXT, Frame, FrameError, frame, parse_frame

LIMIT = 4096


def masked(payload: bytes, mask: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """The slow way, straight from RFC 6455."""
    head = bytes([opcode | (0x80 if final else 0)])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.binary(min_size=4, max_size=4),
    st.data(),
)
def test_frames_are_read_as_they_were_masked_however_they_arrive(
    payloads: list[bytes], mask: bytes, data: st.DataObject
):
    stream = b"".join(masked(payload, mask) for payload in payloads)
    cuts = data.draw(st.sets(st.integers(1, max(len(stream) - 1, 1)), max_size=6))
    seen: list[bytes] = []
    rest = b""
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        rest += stream[begin:end]
        at = 0
        while (each := parse_frame(rest, at, LIMIT)) is not None:
            seen.append(each.payload)
            at = each.end
        rest = rest[at:]
    assert seen == payloads
    assert rest == b""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", 1002),  # unmasked
        (b"\xc1\x82aaaahi", 1002),  # a reserved bit
        (b"\x09\x80aaaa", 1002),  # a ping in parts
        (b"\x89\xfe\x00\x7eaaaa", 1002),  # a long ping
        (b"\x81\xfe\x10\x01aaaa", 1009),  # one byte over the limit
        (b"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00aaaa", 1009),
    ],
)
def test_what_breaks_the_protocol_is_refused_before_it_has_arrived(data: bytes, code: int):
    with pytest.raises(FrameError) as error:
        parse_frame(data, 0, LIMIT)
    assert error.value.code == code


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_break_the_protocol(data: bytes):
    try:
        each = parse_frame(data, 0, LIMIT)
    except FrameError:
        return
    assert each is None or isinstance(each, Frame)


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
def test_frames_of_the_server_state_their_length(length: int):
    made = frame(b"x" * length)
    size = made[1]
    head = {126: 4, 127: 10}.get(size, 2)
    stated = size if head == 2 else int.from_bytes(made[2:head], "big")
    assert stated == length
    assert len(made) == head + length
