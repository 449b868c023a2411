"""Games and sockets, tied one to one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from web.wires import MOST_SOCKETS, Wires

SLOTS = 4
SOCKETS = st.sampled_from([-1, 0, 3, 4, 5, MOST_SOCKETS - 1, MOST_SOCKETS, 2**31 - 1])


@given(st.lists(st.tuples(st.integers(0, SLOTS - 1), SOCKETS), max_size=12))
def test_each_slot_has_the_socket_that_it_was_tied_to_last_unless_another_took_it(
    ties: list[tuple[int, int]],
):
    wires = Wires(SLOTS)
    known: dict[int, int] = {}
    for slot, number in ties:
        wires.tie(slot, number)
        known = {other: at for other, at in known.items() if slot != other and number != at}
        if 0 <= number < MOST_SOCKETS:
            known[slot] = number
        expected = [known.get(each, -1) for each in range(SLOTS)]
        assert wires.sockets(np.arange(SLOTS)).tolist() == expected
        asked = np.array([0, 3, 4, 5, MOST_SOCKETS - 1, MOST_SOCKETS, 2**31 - 1], dtype=np.int32)
        slot_at = {at: other for other, at in known.items()}
        assert wires.slots(asked).tolist() == [slot_at.get(int(at), -1) for at in asked]
