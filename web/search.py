"""The replay search: what its address asks for, and what its page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from arena.errors import SearchError
from arena.found_games import Count, Order
from arena.records import GameFilter, GameKind, Result
from arena.storage import Storage
from replays.titles import TAGS
from tron_env.types import DeathCause
from web.texts import tell
from web.thumbs import Thumb, found_thumbs
from web.words import DEATHS, RESULT_WORDS, TAG_WORDS

PAGE_SIZE: Final = 24
KINDS: Final = (
    ("", tell("replays.kind_all")),
    *((kind.value, tell(f"replays.kind_{kind.value}")) for kind in GameKind),
)
ORDERS: Final = tuple((order.value, tell(f"replays.{order.value}")) for order in Order)
MAX_NAME: Final = 80
MAX_DIGITS: Final = 8
MOST_RIDERS: Final = 50
ROUNDS_KEPT: Final = 4
ABANDONED_TAG: Final = "abandoned"
CAUSES: Final = tuple((cause.name.lower(), text.capitalize()) for cause, text in DEATHS.items())
RESULTS: Final = tuple((result.value, RESULT_WORDS[result]) for result in Result)
TAG_CHOICES: Final = tuple((tag, TAG_WORDS[tag]) for tag in TAGS)
FACETS: Final = {
    name: tell(f"replays.{name}")
    for name in ("kind", "order", "round", "tag", "result", "cause", "min_plies")
}
"""What the conditions are called on the page."""
LENGTHS: Final = (
    ("", tell("replays.any_length")),
    *((plies, tell("replays.at_least", plies=plies)) for plies in ("30", "100", "300")),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, as its form shows it; an empty string does not narrow."""

    kind: str
    order: str
    name: str
    opponent: str
    round: int | None
    result: str
    cause: str
    tag: str
    min_plies: str
    after: str | None
    unknown: tuple[tuple[str, str], ...]
    """Conditions whose value nothing can have, as typed; they do not narrow."""

    @property
    def narrowed(self) -> bool:
        """Whether anything beyond kind and order is asked for."""
        return bool(
            self.name
            or self.opponent
            or self.round
            or self.result
            or self.cause
            or self.tag
            or self.min_plies
        )

    def address(self, **changes: object) -> dict[str, object]:
        """Return the query of the same search with ``changes``, from its first page on."""
        fields: dict[str, object] = {
            "kind": self.kind,
            "order": "" if self.order == Order.NEWEST else self.order,
            "name": self.name,
            "opponent": self.opponent,
            "round": self.round,
            "result": self.result,
            "cause": self.cause,
            "tag": self.tag,
            "min_plies": self.min_plies,
        }
        return {key: value for key, value in (fields | changes).items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of found games."""

    asked: Asked
    thumbs: tuple[Thumb, ...]
    after: str | None
    count: Count
    problem: str
    """What in the question makes no sense; empty where all does."""
    abandoned_out: bool
    """Whether games that a person left are kept out of the list."""
    riders: tuple[str, ...]
    """Names to choose from: the best of the latest finished round."""
    kinds: tuple[tuple[str, str], ...] = KINDS
    orders: tuple[tuple[str, str], ...] = ORDERS
    results: tuple[tuple[str, str], ...] = RESULTS
    causes: tuple[tuple[str, str], ...] = CAUSES
    tags: tuple[tuple[str, str], ...] = TAG_CHOICES
    lengths: tuple[tuple[str, str], ...] = LENGTHS


def search_page(storage: Storage, query: Mapping[str, str]) -> SearchPage:
    """Gather the page that ``query``, the address's, asks for.

    Values that nothing can have, as old links and typing hands have them, do not narrow; the page
    says so, and what two values together make impossible. Games that a person left are found only
    where they are asked for.
    """
    asked = _asked(query)
    abandoned_out = asked.result != Result.ABANDONED and asked.tag != ABANDONED_TAG
    filters = GameFilter(
        kind=GameKind(asked.kind) if asked.kind else None,
        round=asked.round,
        name=asked.name or None,
        opponent=asked.opponent or None,
        result=Result(asked.result) if asked.result else None,
        cause=DeathCause[asked.cause.upper()] if asked.cause else None,
        tags=(asked.tag,) if asked.tag else (),
        min_plies=int(asked.min_plies) if asked.min_plies else None,
        abandoned=False if abandoned_out else None,
    )
    order = Order(asked.order)
    riders = _riders(storage)
    try:
        page = storage.find_games(filters, order=order, after=asked.after, limit=PAGE_SIZE)
        count = storage.count_games_found(filters)
    except SearchError as error:
        return SearchPage(asked, (), None, Count(0, False), str(error), abandoned_out, riders)
    found = found_thumbs(storage, page.games)
    return SearchPage(asked, found, page.after, count, "", abandoned_out, riders)


def _riders(storage: Storage) -> tuple[str, ...]:
    latest = storage.latest_done_round()
    return () if latest is None else _best_of(storage, latest.number, latest.finished_at)


@lru_cache(maxsize=ROUNDS_KEPT)
def _best_of(storage: Storage, number: int, finished_at: datetime | None) -> tuple[str, ...]:
    """Return the names of a round's best; ``finished_at`` tells runs of it apart."""
    return tuple(name for _, name in storage.ranking(number)[:MOST_RIDERS])


def _asked(query: Mapping[str, str]) -> Asked:
    unknown: list[tuple[str, str]] = []

    def one_of(name: str, allowed: tuple[tuple[str, str], ...], default: str = "") -> str:
        value = query.get(name, default)
        if value in dict(allowed) or value == default:
            return value
        unknown.append((FACETS[name], value[:MAX_NAME]))
        return default

    def number_of(name: str) -> int | None:
        value = query.get(name, "")
        if value.isascii() and value.isdecimal() and len(value) <= MAX_DIGITS:
            return int(value)
        if value:
            unknown.append((FACETS[name], value[:MAX_NAME]))
        return None

    return Asked(
        kind=one_of("kind", KINDS),
        order=one_of("order", ORDERS, Order.NEWEST.value),
        name=query.get("name", "").strip()[:MAX_NAME],
        opponent=query.get("opponent", "").strip()[:MAX_NAME],
        round=number_of("round"),
        result=one_of("result", RESULTS),
        cause=one_of("cause", CAUSES),
        tag=one_of("tag", TAG_CHOICES),
        min_plies=one_of("min_plies", LENGTHS),
        after=query.get("after"),
        unknown=tuple(unknown),
    )
