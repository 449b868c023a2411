"""What models cost, and which crown they may win: open for all, light for those a crowd can play.

Costs are milliseconds of CPU time on the reference machine: what was measured, divided by how much
longer than there a fixed network takes here, which is measured in between (``arena.yardstick``).

A light model's limit is one for batches of 64. A round's batches are often smaller, and a call has
a cost of its own, so over a round every call counts as at least ``CALL_POSITIONS`` positions.
"""

from dataclasses import dataclass
from typing import Final

LIGHT_MS: Final = 2.0
"""Of a position in a batch of 64, for the light crown; over a whole round too."""
BATCH: Final = 64
CALL_POSITIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """What a position costs, in milliseconds on the reference machine with one thread."""

    single_ms: float
    """Asked alone, median."""
    single_p99_ms: float
    """Asked alone, 99th percentile."""
    batch64_ms: float
    """In a batch of 64; of a model that is asked for one position at a time, as ``single_ms``."""

    @property
    def light(self) -> bool:
        """Whether the model is cheap enough to enter for the light crown.

        >>> Cost(3.0, 5.0, 1.9).light
        True
        """
        return self.batch64_ms <= LIGHT_MS


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model used over a block of a round, or over all of it; adds up."""

    positions: int = 0
    charged: int = 0
    """The same, with every call counted as at least ``CALL_POSITIONS``."""
    cpu_seconds: float = 0.0
    """As measured here."""
    reference_seconds: float = 0.0
    """The same on the reference machine."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.positions + other.positions,
            self.charged + other.charged,
            self.cpu_seconds + other.cpu_seconds,
            self.reference_seconds + other.reference_seconds,
        )

    def exceeds(self, position_ms: float, least_seconds: float) -> bool:
        """Whether it is more than so much a position in the mean, and than so much in all.

        >>> Usage(positions=100, reference_seconds=0.5).exceeds(position_ms=4.0, least_seconds=0.4)
        True
        """
        most = max(least_seconds, self.positions * position_ms / 1000.0)
        return self.reference_seconds > most

    @property
    def charged_ms(self) -> float:
        """Milliseconds a position on the reference machine, small calls allowed for; 0 of none.

        >>> Usage(positions=100, charged=200, cpu_seconds=0.5, reference_seconds=0.4).charged_ms
        2.0
        """
        return 1000.0 * self.reference_seconds / self.charged if self.charged else 0.0

    @property
    def kept_light(self) -> bool:
        """Whether the light crown's limit was kept over the whole of it."""
        return self.charged_ms <= LIGHT_MS


def charged_positions(k: int) -> int:
    """Return how many positions a call of ``k`` counts as."""
    return max(k, CALL_POSITIONS)
