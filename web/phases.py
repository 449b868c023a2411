"""Which live games advance together: each speed's period is cut into phases, and a game keeps its.

Games are spread, so that what falls due at one moment is little. Where a model's call costs much
for however few positions it is, its games are brought together instead, as those of a phase share
a call.
"""

from collections import Counter
from typing import TypeAlias

from web.live_types import PERIODS, PHASE_STRIDES, SPEEDS

Phase: TypeAlias = tuple[int, int]
"""A speed, and the offset in its period."""


class Phases:
    """Of up to ``capacity`` games, which are told by their slots in the engine."""

    def __init__(self, capacity: int) -> None:
        self._members: dict[Phase, list[int]] = {
            (speed, offset): []
            for speed in SPEEDS
            for offset in range(0, PERIODS[speed] - PHASE_STRIDES[speed] + 1, PHASE_STRIDES[speed])
        }
        self._of: list[tuple[Phase, str]] = [((0, 0), "")] * capacity
        """The phase and the model of each game."""
        self._mates: Counter[tuple[Phase, str]] = Counter()
        """How many games in a phase are against a model."""

    def assign(self, slot: int, speed: int, model: str, earliest: int, together: int) -> None:
        """Choose the phase that a game is to have, which it is not in yet.

        It is the fullest of those in which its model has a game, and fewer than ``together``. Where
        all are full, the next is as far from them as can be, so that no call waits for another.
        Games that need no company have the least crowded phase, of several the first that comes up
        from ``earliest`` on.
        """
        phases = [phase for phase in self._members if phase[0] == speed]
        own = [phase for phase in phases if self._mates[phase, model]] if together > 1 else []
        shared = [phase for phase in own if self._mates[phase, model] < together]
        if shared:
            chosen = max(shared, key=lambda phase: self._mates[phase, model])
        else:
            chosen = min(
                phases,
                key=lambda phase: (
                    -min(_apart(phase, other) for other in own) if own else 0,
                    len(self._members[phase]),
                    (phase[1] - earliest) % PERIODS[speed],
                ),
            )
        self._of[slot] = chosen, model

    def enter(self, slot: int, earliest: int) -> int:
        """Have a game advance with its phase; return when that comes up from ``earliest`` on."""
        (speed, offset), _ = phase, model = self._of[slot]
        self._members[phase].append(slot)
        self._mates[phase, model] += 1
        return earliest + (offset - earliest) % PERIODS[speed]

    def leave(self, slot: int) -> None:
        """Have a game advance no more."""
        phase, model = self._of[slot]
        self._members[phase].remove(slot)
        self._mates[phase, model] -= 1

    def due(self, now: int) -> list[int]:
        """Return the games whose phase comes up now."""
        due: list[int] = []
        for speed, period in PERIODS.items():
            due += self._members.get((speed, now % period), ())
        return due


def _apart(one: Phase, other: Phase) -> int:
    """Return how many slots lie between two phases of a speed.

    >>> _apart((10, 4), (10, 24))
    8
    """
    period = PERIODS[one[0]]
    return min((one[1] - other[1]) % period, (other[1] - one[1]) % period)
