"""The replay search: what its address asks for, and what its page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from arena.errors import SearchError
from arena.records import GameFilter, GameKind, Result
from arena.storage import Storage
from arena.stored_search import Count, Order
from replays.titles import TAGS
from tron_env.types import DeathCause
from web.thumbs import Thumb, found_thumbs
from web.words import DEATHS, RESULT_WORDS, TAG_WORDS

PAGE_SIZE: Final = 24
KINDS: Final = (("", "All games"), (GameKind.DUEL.value, "Duels"), (GameKind.HUMAN.value, "People"))
ORDERS: Final = ((Order.NEWEST.value, "Newest first"), (Order.BEST.value, "Most exciting first"))
MAX_NAME: Final = 80
CAUSES: Final = tuple((cause.name.lower(), text.capitalize()) for cause, text in DEATHS.items())
RESULTS: Final = tuple((result.value, RESULT_WORDS[result]) for result in Result)
TAG_CHOICES: Final = tuple((tag, TAG_WORDS[tag]) for tag in TAGS)
LENGTHS: Final = (
    ("", "Any length"),
    ("30", "30 plies or more"),
    ("100", "100 or more"),
    ("300", "300 or more"),
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
    kinds: tuple[tuple[str, str], ...] = KINDS
    orders: tuple[tuple[str, str], ...] = ORDERS
    results: tuple[tuple[str, str], ...] = RESULTS
    causes: tuple[tuple[str, str], ...] = CAUSES
    tags: tuple[tuple[str, str], ...] = TAG_CHOICES
    lengths: tuple[tuple[str, str], ...] = LENGTHS


def search_page(storage: Storage, query: Mapping[str, str]) -> SearchPage:
    """Gather the page that ``query``, the address's, asks for.

    Values that nothing can have are dropped, as old links and typing hands have them; what two
    values together make impossible is said on the page.
    """
    asked = _asked(query)
    filters = GameFilter(
        kind=GameKind(asked.kind) if asked.kind else None,
        round=asked.round,
        name=asked.name or None,
        opponent=asked.opponent or None,
        result=Result(asked.result) if asked.result else None,
        cause=DeathCause[asked.cause.upper()] if asked.cause else None,
        tags=(asked.tag,) if asked.tag else (),
        min_plies=int(asked.min_plies) if asked.min_plies else None,
    )
    order = Order(asked.order)
    try:
        page = storage.find_games(filters, order=order, after=asked.after, limit=PAGE_SIZE)
        count = storage.count_games_found(filters)
    except SearchError as error:
        return SearchPage(asked, (), None, Count(0, False), str(error))
    return SearchPage(asked, found_thumbs(storage, page.games), page.after, count, "")


def _asked(query: Mapping[str, str]) -> Asked:
    def one_of(name: str, allowed: tuple[tuple[str, str], ...], default: str = "") -> str:
        value = query.get(name, default)
        return value if value in dict(allowed) else default

    number = query.get("round", "")
    return Asked(
        kind=one_of("kind", KINDS),
        order=one_of("order", ORDERS, Order.NEWEST.value),
        name=query.get("name", "").strip()[:MAX_NAME],
        opponent=query.get("opponent", "").strip()[:MAX_NAME],
        round=int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else None,
        result=one_of("result", RESULTS),
        cause=one_of("cause", CAUSES),
        tag=one_of("tag", TAG_CHOICES),
        min_plies=one_of("min_plies", LENGTHS),
        after=query.get("after"),
    )
