"""How many games a model can carry: what its answers cost, and what its games will ask of it.

A call for ``k`` positions is taken to last ``fixed + k * each`` seconds, fitted when the model is
loaded and scaled by what calls take under load. The games of a phase share a call: where one costs
much, they are brought together (``web.phases``).
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from web.live_types import PERIODS, PHASE_STRIDES, SLOTS_PER_SECOND

MOST_BUSY: Final = 0.6
"""The share of a model's time that its games may ask for; the rest is for chance."""
DEAR_SECONDS: Final = 0.002
"""A call that costs so much, however few positions it is for, is worth sharing."""
CALL_SHARE: Final = 0.15
"""The share of a tick that a shared call may take on a free core: its answer has to be there in
half a tick, beside all else that wants the core."""
KEPT: Final = 256
"""Answers that say how a model does at present."""
KEPT_SECONDS: Final = 10.0
KNOWN_SECONDS: Final = 0.1
"""How old a ``p99`` may be that is not sorted out anew."""
_SMOOTHING: Final = 0.05


@dataclass(frozen=True, slots=True)
class _Answer:
    at: float
    took: float


class Cost:
    """What one model's answers cost.

    Args:
        fixed: seconds for a call.
        each: seconds for each of its positions.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self, fixed: float, each: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._fixed = fixed
        self._each = each
        self._factor = 1.0
        self._now = now
        self._answers: deque[_Answer] = deque(maxlen=KEPT)
        self._known: tuple[float, float] | None = None
        """When the ``p99`` was last looked for, and what it was."""

    @classmethod
    def measured(cls, one: float, many: float, size: int) -> "Cost":
        """Fit the seconds that calls for one position and for ``size`` took."""
        if size == 1:
            return cls(0.0, one)
        each = max((many - one) / (size - 1), one / 1000)
        return cls(max(one - each, 0.0), each)

    def alone(self, positions: int) -> float:
        """Return how many seconds a call takes where nothing else wants the core."""
        return self._fixed + positions * self._each

    def expected(self, positions: int) -> float:
        """Return how many seconds a call should take at present."""
        return self._scale * self.alone(positions)

    def add(self, positions: int, computed: float, took: float) -> None:
        """Take note of a call: how long it computed, and from question to answer."""
        expected = self.alone(positions)
        scale = self._scale
        self._factor = scale + _SMOOTHING * (computed / max(expected, 1e-6) - scale)
        self._answers.append(_Answer(self._now(), took))

    @property
    def p99(self) -> float:
        """Seconds within which recent questions were answered, all but one in a hundred.

        At least what one call takes; and one question may have been unlucky, however few there are.
        """
        alone = self.expected(1)
        last = self._answers[-1] if self._answers else None
        if last is None or self._now() - last.at >= KEPT_SECONDS:
            return alone
        if self._known is None or last.at - self._known[0] >= KNOWN_SECONDS:
            since = self._now() - KEPT_SECONDS
            answers = self._answers.copy()  # at once: the thread that adds is another
            times = sorted(answer.took for answer in answers if answer.at > since)
            unlucky = max(1, len(times) // 100)
            self._known = last.at, times[max(len(times) - 1 - unlucky, 0)]
        return max(alone, self._known[1])

    def together(self, speed: int) -> int:
        """Return how many games of a speed should share each call.

        What calls take under load is no reason to make more of them; that they take less than when
        the model was loaded, on a core that was busy then, is one to make fewer.
        """
        scale = min(self._scale, 1.0)
        if scale * self._fixed < DEAR_SECONDS:
            return 1
        room = CALL_SHARE * PERIODS[speed] / SLOTS_PER_SECOND - scale * self._fixed
        return max(1, int(room / max(scale * self._each, 1e-6)))

    def share(self, games: Mapping[int, int]) -> float:
        """Return the share of one copy's time that games ask for, given how many at each speed."""
        return (
            sum(
                self._calls(speed, count) * self._fixed + speed * count * self._each
                for speed, count in games.items()
                if count
            )
            * self._scale
        )

    def carries(self, games: Mapping[int, int], copies: int) -> bool:
        """Whether ``copies`` of the model keep up with games, given how many at each speed."""
        return self.share(games) <= MOST_BUSY * copies

    def keeps(self, speed: int) -> bool:
        """Whether a tick is at least twice what an answer takes, as ``p99`` says."""
        return 2 * self.p99 <= PERIODS[speed] / SLOTS_PER_SECOND

    def keeps_alone(self, speed: int) -> bool:
        """Whether that would hold if there were no other game."""
        return 2 * self.expected(1) <= PERIODS[speed] / SLOTS_PER_SECOND

    def _calls(self, speed: int, games: int) -> int:
        """Return how many calls a second that many games of a speed make."""
        phases = math.ceil(PERIODS[speed] / PHASE_STRIDES[speed])
        return speed * min(phases, math.ceil(games / self.together(speed)))

    @property
    def _scale(self) -> float:
        """What calls take of what was measured; forgotten when nobody has asked for a while.

        Otherwise a model that was slow in a bad minute would be refused for ever: refused, it
        answers nothing that could say better.
        """
        last = self._answers[-1] if self._answers else None
        return self._factor if last and self._now() - last.at < KEPT_SECONDS else 1.0
