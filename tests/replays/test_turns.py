import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replays.errors import ReplayFormatError
from replays.turns import pack_turns, packed_size, quarter_turns, unpack_turns

starts = st.tuples(st.integers(0, 3), st.integers(0, 3))
rides = st.lists(st.tuples(*[st.sampled_from([0, 1, 3])] * 2), max_size=40)


@given(starts, rides)
def test_headings_survive_packing(start, deltas):
    headings = (np.array(start) + np.cumsum(np.array(deltas).reshape(-1, 2), axis=0)) % 4
    headings = headings.astype(np.uint8)
    packed = pack_turns(headings, start)
    assert len(packed) == packed_size(len(deltas))
    assert (unpack_turns(packed, len(deltas), start) == headings).all()


@pytest.mark.parametrize(("plies", "size"), [(0, 0), (1, 1), (2, 1), (3, 2), (200, 80)])
def test_five_turns_to_a_byte(plies, size):
    assert packed_size(plies) == size


def test_quarter_turns_show_reversals():
    headings = np.array([[2, 0], [0, 1]], dtype=np.uint8)
    assert quarter_turns(headings, start=(0, 0)).tolist() == [[2, 0], [2, 1]]


@pytest.mark.parametrize("packed", [b"", b"\x00\x00", b"\xff", b"\x09"])
def test_other_bytes_are_refused(packed):
    with pytest.raises(ReplayFormatError):
        unpack_turns(packed, 1, (0, 0))
