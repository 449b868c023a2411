"""How late ticks leave: counts by millisecond, cheap enough to take for every tick."""

from typing import Final

BUCKETS: Final = 256
"""Ticks later than this many milliseconds are counted together."""


class Lateness:
    """Counts of ticks by how many whole milliseconds after their time they were written."""

    def __init__(self) -> None:
        self.counts = [0] * (BUCKETS + 1)
        self.seconds = 0.0

    def add(self, seconds: float, ticks: int = 1) -> None:
        """Count ticks that were so late."""
        self.seconds += seconds * ticks
        self.counts[min(max(int(seconds * 1000), 0), BUCKETS)] += ticks

    def since(self, earlier: list[int]) -> list[int]:
        """Return the counts that came after ``earlier``, a copy of ``counts``."""
        return [now - then for now, then in zip(self.counts, earlier, strict=True)]


def quantile_ms(counts: list[int], share: float) -> float:
    """Return the milliseconds within which ``share`` of the counted ticks left, rounded up.

    >>> quantile_ms([98, 1, 0, 1], 0.99)
    2.0
    >>> quantile_ms([0, 0], 0.99)
    0.0
    """
    wanted = share * sum(counts)
    seen = 0
    for ms, count in enumerate(counts):
        seen += count
        if count and seen >= wanted:
            return float(ms + 1)
    return 0.0
