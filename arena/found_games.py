"""What a search of stored games gives: games with their summaries, pages, counts."""

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
    analyses.c[name].label(f"summary_{name}")
    for name in (
        *("title", "tags", "interest", "separation", "decided", "lead_changes"),
        *("first_territory", "second_territory", "rating_gap"),
    )
)


def summary_of(row: Any) -> GameSummary:
    """Return what was selected as ``SUMMARY_COLUMNS``."""
    tags = row["summary_tags"]
    return GameSummary(
        title=row["summary_title"],
        tags=tuple(tags.split()),
        interest=row["summary_interest"],
        separation=row["summary_separation"],
        decided=row["summary_decided"],
        lead_changes=row["summary_lead_changes"],
        territory=(row["summary_first_territory"], row["summary_second_territory"]),
        rating_gap=row["summary_rating_gap"],
    )
