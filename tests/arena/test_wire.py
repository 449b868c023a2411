import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena import wire
from arena.inspection import Check, Inspection, decode_report, encode_report

WORDS = st.integers(0, 2**32 - 1)
PIDS = st.integers(1, 2**31 - 1)
TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200)
FRAMES = st.one_of(
    st.builds(wire.Spawn, st.integers(0, 2**64 - 1), WORDS, WORDS, st.booleans()),
    st.builds(wire.Reap, PIDS),
    st.builds(wire.Spawned, PIDS),
    st.builds(wire.Reaped, PIDS, st.integers(0, 2**16 - 1)),
    st.builds(wire.Refused, TEXTS),
    st.builds(wire.Run, WORDS),
    st.builds(wire.Confined, WORDS),
    st.builds(wire.Report, st.binary(max_size=500)),
    st.builds(wire.Ready, st.booleans()),
    st.builds(wire.Done, WORDS),
    st.builds(wire.Failed, st.sampled_from(wire.Fault), TEXTS),
)


@given(FRAMES)
def test_a_frame_survives_the_wire(frame):
    assert wire.decode(frame.encode()) == frame


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_refused(frame):
    try:
        decoded = wire.decode(frame)
    except wire.FrameError:
        return
    assert decoded.kind == frame[0]


def test_a_frame_too_long_is_refused():
    with pytest.raises(wire.FrameError, match="65537"):
        wire.decode(b"\x12" + bytes(wire.MAX_FRAME))


@given(st.binary(max_size=10_000))
def test_text_from_a_child_is_short_and_printable(raw):
    text = wire.clean_text(raw)
    assert len(text) <= wire.MAX_TEXT
    assert text.isprintable()


def test_a_report_survives_the_wire():
    checks = (Check("format", True, "fine"), Check("opset", False, "too old"))
    for found in (Inspection(checks), Inspection(checks[:1], "ab" * 32)):
        assert decode_report(encode_report(found)) == found


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"{}x", b"[1]", b"\xff", b"[" * 50_000, b"3"),
        *(b'{"checks": [["a"]], "graph": null}', b'{"checks": [], "graph": [1]}'),
        b'{"checks": [], "graph": "<script>"}',
    ],
)
def test_a_malformed_report_is_refused(body):
    with pytest.raises(wire.FrameError):
        decode_report(body)
