"""Searching stored games: pages and counts whose cost is bounded whatever is asked.

A search is driven by one of its conditions, the rarest by a probe of an index, and walks down that
index from the newest game; the other conditions are looked at game by game. All indexes end with
the game's ID, so that no search sorts, and a round is a range of IDs. After ``MOST_LOOKS`` games a
page ends, filled or not, and says where the next one begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
)

from arena.database import Database
from arena.errors import SearchError
from arena.records import GameFilter, GameRow
from arena.schema import analyses, games
from arena.search_conditions import Driver, best_driver, condition_of, drivers_of, names_of
from arena.stored_games import COLUMNS, game_row

MAX_PAGE: Final = 500
MOST_COUNTED: Final = 1000
MOST_LOOKS: Final = 10_000
"""Games that one page or count may look at beyond the index that drives it."""
MOST_NAMED: Final = 2_000
"""Newest games of one rider of which the best are told."""
PROBE: Final = 500
FIRST_BATCH: Final = 120


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


_Key: TypeAlias = tuple[float, int]
"""What pages are ordered by: interest, 0 for ``Order.NEWEST``, then the game's ID."""


SUMMARY_COLUMNS: Final = tuple(
    analyses.c[name].label(f"summary_{name}")
    for name in (
        *("title", "tags", "interest", "separation", "decided", "lead_changes"),
        *("first_territory", "second_territory", "rating_gap"),
    )
)


class StoredSearch(Database):
    """The part of ``Storage`` that searches games."""

    def search_games(
        self, filters: GameFilter | None = None, *, before_id: int | None = None, limit: int = 50
    ) -> tuple[GameRow, ...]:
        """Return games, newest first, however long that takes; pages use ``find_games``.

        Args:
            filters: which games; all where it is None.
            before_id: only games with smaller IDs, for the next page.
            limit: at most this many, and at most ``MAX_PAGE``.
        """
        query = select(*COLUMNS).where(condition_of(filters or GameFilter()))
        if before_id is not None:
            query = query.where(games.c.id < before_id)
        query = query.order_by(games.c.id.desc()).limit(min(max(limit, 0), MAX_PAGE))
        with self.reading() as connection:
            return tuple(map(game_row, connection.execute(query)))

    def find_games(
        self,
        filters: GameFilter | None = None,
        *,
        order: Order = Order.NEWEST,
        after: str | None = None,
        limit: int = 24,
    ) -> GamePage:
        """Return one page of games with their summaries.

        Pages are stable: games that come in later shift none of them.

        Args:
            filters: which games; all where it is None.
            order: ``BEST`` knows only games that the territory pass has seen.
            after: ``GamePage.after`` of the page before.
            limit: at most this many, and at most ``MAX_PAGE``.

        Raises:
            SearchError: ``after`` names no page of that order, or an opponent is asked for
                without a name.
        """
        wanted, limit = filters or GameFilter(), min(max(limit, 1), MAX_PAGE)
        condition, found, looked = condition_of(wanted), list[FoundGame](), 0
        with self.reading() as connection:
            for keys in _walk(connection, wanted, order, _cursor(order, after)):
                looked += len(keys)
                rows = _fitting(connection, keys, condition)
                for key in keys:
                    if key[1] in rows:
                        found.append(rows[key[1]])
                        if len(found) > limit:
                            last = found[limit - 1]
                            return GamePage(tuple(found[:limit]), _text(order, last))
                if looked >= MOST_LOOKS and keys:
                    return GamePage(tuple(found), _key_text(order, keys[-1]))
        return GamePage(tuple(found), None)

    def count_games_found(self, filters: GameFilter | None = None) -> Count:
        """Return how many games fit, up to ``MOST_COUNTED``; as bounded as ``find_games``."""
        wanted = filters or GameFilter()
        condition, total, looked = condition_of(wanted), 0, 0
        with self.reading() as connection:
            for keys in _walk(connection, wanted, Order.NEWEST, None):
                looked += len(keys)
                fits = select(func.count()).select_from(games).where(_among(keys), condition)
                total += connection.scalar(fits) or 0
                if total > MOST_COUNTED:
                    return Count(MOST_COUNTED, True)
                if looked >= MOST_LOOKS:
                    return Count(total, True)
        return Count(total, False)

    def summaries(self, game_ids: Sequence[int]) -> dict[int, GameSummary]:
        """Return what the territory pass keeps of these games, by ID, of those it has seen."""
        query = select(analyses.c.game_id, *SUMMARY_COLUMNS).where(analyses.c.game_id.in_(game_ids))
        with self.reading() as connection:
            rows = connection.execute(query).mappings()
            return {row["game_id"]: _summary(row) for row in rows}


def _fitting(
    connection: Connection, keys: Sequence[_Key], condition: ColumnElement[bool]
) -> dict[int, FoundGame]:
    query = (
        select(*COLUMNS, *SUMMARY_COLUMNS)
        .outerjoin(analyses, analyses.c.game_id == games.c.id)
        .where(_among(keys), condition)
    )
    return {
        row.id: FoundGame(
            game_row(row), None if row.summary_title is None else _summary(row._mapping)
        )
        for row in connection.execute(query)
    }


def _among(keys: Sequence[_Key]) -> ColumnElement[bool]:
    return games.c.id.in_([game_id for _, game_id in keys])


def _summary(row: Any) -> GameSummary:
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


def _walk(
    connection: Connection, filters: GameFilter, order: Order, after: _Key | None
) -> Iterator[list[_Key]]:
    """Yield the keys that the chosen driver gives, best first, in growing batches."""
    bounds = _bounds(connection, filters.round)
    if bounds is None:
        return
    if order is Order.BEST:
        if filters.name is not None:
            yield from _best_of_name(connection, filters, bounds, after)
            return
        driver = best_driver(filters)
    else:
        driver = _rarest(connection, drivers_of(filters), bounds, after)
    batch, looked = FIRST_BATCH, 0
    while looked < MOST_LOOKS:
        keys: set[_Key] = set()
        for branch in driver.branches:
            query = _ordered(driver, branch, bounds, after).limit(batch)
            keys.update((row[0], row[1]) for row in connection.execute(query))
        ordered = sorted(keys, reverse=True)[:batch]
        if not ordered:
            return
        yield ordered
        after = ordered[-1]
        looked += len(ordered)
        batch = min(4 * batch, 500)


def _best_of_name(
    connection: Connection, filters: GameFilter, bounds: tuple[int, int], after: _Key | None
) -> Iterator[list[_Key]]:
    ids: set[int] = set()
    for branch in names_of(filters):
        query = _ordered(Driver(games.c.id, ()), branch, bounds, None).limit(MOST_NAMED)
        ids.update(row[1] for row in connection.execute(query))
    newest = sorted(ids, reverse=True)[:MOST_NAMED]
    keys: list[_Key] = []
    for start in range(0, len(newest), MAX_PAGE):
        part = newest[start : start + MAX_PAGE]
        query = select(analyses.c.interest, analyses.c.game_id)
        rows = connection.execute(query.where(analyses.c.game_id.in_(part)))
        keys += [(row[0], row[1]) for row in rows]
    keys = sorted((key for key in keys if after is None or key < after), reverse=True)
    for start in range(0, len(keys), MAX_PAGE):
        yield keys[start : start + MAX_PAGE]


def _ordered(
    driver: Driver, branch: ColumnElement[bool], bounds: tuple[int, int], after: _Key | None
) -> Select[Any, Any]:
    """Return the query for (interest or 0, ID) along one branch, best first."""
    if driver.interest is None:
        top = bounds[1] + 1 if after is None else min(bounds[1] + 1, after[1])
        newest: Select[Any, Any] = select(literal_column("0", Integer), driver.id)
        inside = (branch, driver.id < top, driver.id >= bounds[0])
        return newest.where(*inside).order_by(driver.id.desc())
    query: Select[Any, Any] = select(driver.interest, driver.id).where(branch)
    if after is not None:
        lower = and_(driver.interest == after[0], driver.id < after[1])
        query = query.where(driver.interest <= after[0], or_(driver.interest < after[0], lower))
    return query.order_by(driver.interest.desc(), driver.id.desc())


def _rarest(
    connection: Connection,
    drivers: Sequence[Driver],
    bounds: tuple[int, int],
    after: _Key | None,
) -> Driver:
    """Return the driver whose index entries lie farthest apart; an only one is not probed."""
    if len(drivers) == 1:
        return drivers[0]

    def density(driver: Driver) -> float:
        total = 0.0
        for branch in driver.branches:
            part = _ordered(driver, branch, bounds, after).limit(PROBE).subquery()
            ids = part.c[1]
            query = select(func.count(), func.min(ids), func.max(ids)).select_from(part)
            count, low, high = connection.execute(query).one()
            if count == PROBE:
                total += count / max(1, high - low)
            elif count:
                total += count / (PROBE * max(1, bounds[1] - bounds[0]))
        return total

    return min(drivers, key=density)


def _bounds(connection: Connection, round_number: int | None) -> tuple[int, int] | None:
    """Return the smallest and greatest ID that can fit; None where there is no game."""
    ends = []
    for end in (func.min(games.c.id), func.max(games.c.id)):
        query = select(end)
        if round_number is not None:
            query = query.where(games.c.round == round_number)
        ends.append(connection.scalar(query))
    first, last = ends
    return None if first is None or last is None else (first, last)


def _cursor(order: Order, text: str | None) -> _Key | None:
    if text is None:
        return None
    interest, separator, number = text.rpartition("_")
    if bool(separator) is (order is Order.NEWEST):
        raise SearchError(f"{text!r} names no page")
    try:
        key = (float(interest or 0), int(number))
    except ValueError as error:
        raise SearchError(f"{text!r} names no page") from error
    if not -1 <= key[1] < 2**63 or key[0] != key[0]:
        raise SearchError(f"{text!r} names no page")
    return key


def _text(order: Order, found: FoundGame) -> str:
    interest = 0.0 if found.summary is None else found.summary.interest
    return _key_text(order, (interest, found.game.id))


def _key_text(order: Order, key: _Key) -> str:
    return str(key[1]) if order is Order.NEWEST else f"{key[0]!r}_{key[1]}"
