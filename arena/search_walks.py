"""How a search walks along an index: from the best game on, never further than it may look."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Row,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from arena.found_games import SUMMARY_COLUMNS, Count, FoundGame, Order, summary_of
from arena.records import GameFilter
from arena.schema import analyses, games
from arena.search_conditions import Driver, best_driver, drivers_of, names_of
from arena.stored_games import COLUMNS, game_row

KEYS_AT_ONCE: Final = 500
MOST_COUNTED: Final = 1000
MOST_LOOKS: Final = 10_000
"""Games that one page or count may look at beyond the index that drives it."""
MOST_BEST: Final = 5_000
"""The same where the most interesting come first, which lie anywhere."""
MOST_NAMED: Final = 2_000
"""Newest games of one rider of which the best are told."""
PROBE: Final = 500
FIRST_BATCH: Final = 60
FIRST_COUNTED: Final = MOST_COUNTED + 200
_INTEREST: Final = len(COLUMNS)
"""Where a found row's summary begins, with the interest."""

Key: TypeAlias = tuple[float, int]
"""What pages are ordered by: interest, 0 for ``Order.NEWEST``, then the game's ID."""
Found: TypeAlias = tuple[Key, Row[Any]]
"""A game that fits; ``found_game`` reads its row, which only those of a page need."""


def walk(
    connection: Connection,
    filters: GameFilter,
    order: Order,
    after: Key | None,
    condition: ColumnElement[bool],
) -> Iterator[tuple[list[Found], Key | None]]:
    """Yield what fits, best first, piece by piece, each with the last key that was looked at.

    That is None once there is nothing more to look at; without it the walk ends after so many
    games.
    """
    bounds = _bounds(connection, filters.round)
    if bounds is None:
        yield [], None
    elif order is Order.NEWEST:
        yield from _newest(connection, filters, bounds, after, condition)
    elif filters.name is not None:
        yield from _best_of_name(connection, filters, bounds, after, condition)
    else:
        yield from _best(connection, filters, bounds, after, condition)


def counted(connection: Connection, filters: GameFilter, condition: ColumnElement[bool]) -> Count:
    """Return how many games fit, up to ``MOST_COUNTED``; looks at ``MOST_LOOKS`` at most."""
    total, looked = 0, 0
    bounds = _bounds(connection, filters.round)
    if bounds is None:
        return Count(0, False)
    driver = _rarest(connection, drivers_of(filters), bounds, None)
    for branch in driver.disjoint:
        after: Key | None = None
        # Most searches have their thousand, or their last, in the first of the two.
        for batch in (FIRST_COUNTED, MOST_LOOKS):
            room = min(batch, MOST_LOOKS - looked)
            walked = _ordered(driver, branch, bounds, after).limit(room)
            ids, fits = func.min(games.c.id), func.count(case((condition, 1)))
            query = select(func.count(), ids, fits).select_from(_walked(walked))
            seen, last, fitting = connection.execute(query).one()
            looked += seen
            total += fitting
            if total > MOST_COUNTED:
                return Count(MOST_COUNTED, True)
            if looked >= MOST_LOOKS:
                return Count(total, True)
            if seen < room:
                break
            after = (0.0, last)
    return Count(total, False)


def _newest(
    connection: Connection,
    filters: GameFilter,
    bounds: tuple[int, int],
    after: Key | None,
    condition: ColumnElement[bool],
) -> Iterator[tuple[list[Found], Key | None]]:
    driver = _rarest(connection, drivers_of(filters), bounds, after)
    batch, looked = FIRST_BATCH, 0
    while looked < MOST_LOOKS:
        keys: set[Key] = set()
        for branch in driver.branches:
            query = _ordered(driver, branch, bounds, after).limit(batch)
            keys.update((0.0, row[1]) for row in connection.execute(query))
        ordered = sorted(keys, reverse=True)[:batch]
        if not ordered:
            yield [], None
            return
        after = ordered[-1]
        yield _fitting(connection, games, Order.NEWEST, _among(ordered), condition), after
        looked += len(ordered)
        batch = min(4 * batch, KEYS_AT_ONCE)


def _best(
    connection: Connection,
    filters: GameFilter,
    bounds: tuple[int, int],
    after: Key | None,
    condition: ColumnElement[bool],
) -> Iterator[tuple[list[Found], Key | None]]:
    driver = best_driver(filters)
    (branch,) = driver.branches
    batch, looked = FIRST_BATCH, 0
    while looked < MOST_BEST:
        room = min(batch, MOST_BEST - looked)
        walked = _ordered(driver, branch, bounds, after)
        last = connection.execute(walked.offset(room - 1).limit(1)).first()
        after = None if last is None else (last[0], last[1])
        yield _fitting(connection, _walked(walked.limit(room)), Order.BEST, condition), after
        if after is None:
            return
        looked += room
        batch *= 4


def _key_of(found: Found) -> Key:
    return found[0]


def _best_of_name(
    connection: Connection,
    filters: GameFilter,
    bounds: tuple[int, int],
    after: Key | None,
    condition: ColumnElement[bool],
) -> Iterator[tuple[list[Found], Key | None]]:
    named: set[tuple[int, float]] = set()
    for branch in names_of(filters):
        walked = _ordered(Driver(games.c.id, ()), branch, bounds, None).limit(MOST_NAMED)
        ids = walked.subquery().c[1]
        query = select(analyses.c.game_id, analyses.c.interest).join_from(
            analyses, ids.table, analyses.c.game_id == ids
        )
        named.update((row[0], row[1]) for row in connection.execute(query))
    newest = sorted(named, reverse=True)[:MOST_NAMED]
    keys = sorted(((interest, game_id) for game_id, interest in newest), reverse=True)
    keys = [key for key in keys if after is None or key < after]
    batch = FIRST_BATCH
    while keys:
        part, keys = keys[:batch], keys[batch:]
        found = _fitting(connection, games, Order.BEST, _among(part), condition)
        yield found, part[-1] if keys else None
        batch *= 4


def _ordered(
    driver: Driver, branch: ColumnElement[bool], bounds: tuple[int, int], after: Key | None
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
    after: Key | None,
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


def _fitting(
    connection: Connection, looked: FromClause, order: Order, *conditions: ColumnElement[bool]
) -> list[Found]:
    """Return those games of ``looked``, which are few, that fit, best first."""
    query = (
        select(*COLUMNS, *SUMMARY_COLUMNS)
        .select_from(looked.outerjoin(analyses, analyses.c.game_id == games.c.id))
        .where(*conditions)
    )
    best = order is Order.BEST
    found = [
        (((row[_INTEREST] or 0.0) if best else 0.0, row[0]), row)
        for row in connection.execute(query)
    ]
    return sorted(found, key=_key_of, reverse=True)


def found_game(row: Row[Any]) -> FoundGame:
    """Return what a walk found as a value."""
    return FoundGame(game_row(row), summary_of(row[_INTEREST:]))


def _among(keys: Sequence[Key]) -> ColumnElement[bool]:
    return games.c.id.in_([game_id for _, game_id in keys])


def _walked(walk: Select[Any, Any]) -> FromClause:
    """Return the games of a walk, which the database looks at in its order."""
    keys = walk.subquery()
    return keys.join(games, games.c.id == keys.c[1])
