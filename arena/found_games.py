"""What a search of stored games gives: games with their summaries, pages, counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from arena.records import GameRow
from arena.schema import analyses


class Order(StrEnum):
    """What a page begins with."""

    NEWEST = "newest"
    BEST = "best"
    """By interest; see ``replays.interest``. With a name, of its newest ``MOST_NAMED`` games."""


@dataclass(frozen=True, slots=True)
class GameSummary:
    """What the territory pass keeps of a game."""

    title: str
    tags: tuple[str, ...]
    interest: float
    """0 to 100."""
    separation: int | None
    decided: int | None
    lead_changes: int
    territory: tuple[int, int]
    rating_gap: float | None
    """The first seat's rating minus the second's, in their round; None without ratings."""


@dataclass(frozen=True, slots=True)
class FoundGame:
    """One game of a page; ``summary`` is None until the territory pass has seen it."""

    game: GameRow
    summary: GameSummary | None


@dataclass(frozen=True, slots=True)
class GamePage:
    """Some games, and where to go on."""

    games: tuple[FoundGame, ...]
    after: str | None
    """What names the next page; None after the last. A page that looked at many games in vain may
    be short, even empty, and still have a next one."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many games fit, up to ``MOST_COUNTED``."""

    games: int
    more: bool
    """Whether there may be more."""

    def __str__(self) -> str:
        return f"{self.games:,}{'+' if self.more else ''}"


SUMMARY_COLUMNS: Final = tuple(
    analyses.c[name]
    for name in (
        *("interest", "title", "tags", "separation", "decided", "lead_changes"),
        *("first_territory", "second_territory", "rating_gap"),
    )
)
"""What ``summary_of`` reads, in its order; the interest is null where there is no summary."""


def summary_of(row: Sequence[Any]) -> GameSummary | None:
    """Return what was selected as ``SUMMARY_COLUMNS``, None where the pass has not been there."""
    interest, title, tags, separation, decided, lead_changes, first, second, rating_gap = row
    if interest is None:
        return None
    return GameSummary(
        title=title,
        tags=tuple(tags.split()),
        interest=interest,
        separation=separation,
        decided=decided,
        lead_changes=lead_changes,
        territory=(first, second),
        rating_gap=rating_gap,
    )
