"""Which socket each live game's client has, and which game each socket's client rides.

By numbers, so that compiled loops find one from the other: looked up for each of some ten thousand
ticks and turns a second, dictionaries of clients cost as much as all that is done with them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env.types import IntArray

MOST_SOCKETS: Final = 65_536
"""A socket of a higher number is tied to nothing, and takes the ordinary way."""
NOTHING: Final = -1


class Wires:
    """Ties the slots of games to sockets, one to one.

    What a slot was tied to stays so when its game is over, until the next game there is tied: who
    asks looks at games that are on.

    Args:
        capacity: games at once.
    """

    def __init__(self, capacity: int) -> None:
        self._socket_of: NDArray[np.int32] = np.full(capacity, NOTHING, dtype=np.int32)
        self._slot_at: NDArray[np.int32] = np.full(MOST_SOCKETS, NOTHING, dtype=np.int32)

    def tie(self, slot: int, number: int) -> None:
        """Tie a slot to a socket, -1 to none; what either was tied to before is tied to nothing."""
        before = self._socket_of[slot]
        if before != NOTHING:
            self._slot_at[before] = NOTHING
        if not 0 <= number < MOST_SOCKETS:
            self._socket_of[slot] = NOTHING
            return
        other = self._slot_at[number]
        if other != NOTHING:
            self._socket_of[other] = NOTHING
        self._socket_of[slot] = number
        self._slot_at[number] = slot

    def sockets(self, slots: IntArray) -> NDArray[np.int32]:
        """Return ``(k,)``, the sockets of slots ``(k,)``, -1 for none."""
        return self._socket_of[slots]

    def slots(self, sockets: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return ``(k,)``, the slots of sockets ``(k,)``, -1 for none."""
        known = sockets < MOST_SOCKETS
        return np.where(known, self._slot_at[np.where(known, sockets, 0)], NOTHING)
