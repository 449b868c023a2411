"""Rounds and duels as their pages show them: standings, cross table, cycles, games."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from arena.records import DuelRow, EntryKind, EntryRow, RoundRow, Standing
from arena.storage import Storage
from arena.stored_tables import Spread, shares
from web.crowns import crowns
from web.done_rounds import DoneRound, done_round, titled
from web.lines import Line
from web.texts import tell
from web.thumbs import Thumb, thumbs

STANDINGS: Final = 50
"""Lines of one page of the standings."""
POINT_WIDTH: Final = 1.4
"""Of the mark of a rating, in percent."""
ENTRY_KINDS: Final = {kind: tell(f"entry.{kind.name.lower()}") for kind in EntryKind}


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One line of a round's standings."""

    entry: EntryRow
    standing: Standing
    kind: str
    interval: str
    low_x: float
    width_x: float
    point_x: float
    """Where the interval begins, how long it is and where the rating's mark begins, in percent."""


@dataclass(frozen=True, slots=True)
class RoundPage:
    """A round with whatever it has so far."""

    round: RoundRow
    done: DoneRound | None
    """What it has once it is finished."""
    standings: tuple[StandingLine, ...] = ()
    first: int = 1
    """Rank of the first line shown."""
    earlier: int | None = None
    later: int | None = None
    """Ranks at which the pages before and after begin."""
    line: Line | None = None
    field: tuple[EntryRow, ...] = ()
    """The first of those who will ride, of a round that is not finished."""
    entered: int = 0


@dataclass(frozen=True, slots=True)
class DuelPage:
    """A duel and its games."""

    duel: DuelRow
    models: tuple[str | None, str | None]
    games: tuple[Thumb, ...]


def round_page(storage: Storage, number: int, first: int = 1) -> RoundPage | None:
    """Gather a round's page, or None where there is no such round.

    Args:
        storage: the arena's.
        number: of the round.
        first: the rank at which the standings begin.
    """
    row = storage.round(number)
    if row is None:
        return None
    done = done_round(storage, row)
    if done is None:
        entered = row.entrants or storage.count_live_submissions(number)
        return RoundPage(row, None, field=storage.entries(number, best=STANDINGS), entered=entered)
    start = min(max(first, 1), len(done.ranked))
    entries = storage.entries(number, skip=start - 1, best=STANDINGS)
    return RoundPage(
        round=row,
        done=titled(storage, done),
        standings=tuple(_standings(entries, done.spread)),
        first=start,
        earlier=max(1, start - STANDINGS) if start > 1 else None,
        later=start + STANDINGS if start - 1 + STANDINGS < len(done.ranked) else None,
        line=crowns(storage).line,
    )


def duel_page(storage: Storage, duel_id: int) -> DuelPage | None:
    """Gather a duel's page, or None where there is no such duel."""
    duel = storage.duel(duel_id)
    if duel is None:
        return None
    games = storage.games(duel_id)
    models = games[0].models if games else (None, None)
    return DuelPage(duel, models, thumbs(storage, games))


def cross_rows(storage: Storage, number: int, first: int, count: int) -> list[list[int]] | None:
    """Return rows of a round's cross table, for a canvas; None where it has no standings.

    Args:
        storage: the arena's.
        number: of the round.
        first: rank of the first row, from 1.
        count: rows.

    Returns:
        For each row, by rank of the column: percent of the points, -1 where they never met.
    """
    done = _done(storage, number)
    if done is None:
        return None
    ids = [entry for entry, _ in done.ranked]
    rows = ids[first - 1 : first - 1 + count]
    found = shares(storage.scores_of(rows)) if rows else {}
    return [
        [round(100 * found[row, column][0]) if (row, column) in found else -1 for column in ids]
        for row in rows
    ]


def ranked_names(storage: Storage, number: int) -> list[str]:
    """Return the names of a finished round's entrants, best first."""
    done = _done(storage, number)
    return [] if done is None else [name for _, name in done.ranked]


def duel_of_ranks(storage: Storage, number: int, row: int, column: int) -> int | None:
    """Return the ID of the duel of two entrants, named by rank, or None."""
    done = _done(storage, number)
    if (
        done is None
        or row == column
        or not 1 <= min(row, column) <= max(row, column) <= len(done.ranked)
    ):
        return None
    return storage.duel_between(done.ranked[row - 1][0], done.ranked[column - 1][0])


def _done(storage: Storage, number: int) -> DoneRound | None:
    row = storage.round(number)
    return None if row is None else done_round(storage, row)


def _standings(entries: Sequence[EntryRow], spread: Spread) -> Iterator[StandingLine]:
    """Yield the lines of finished entrants, drawn between the ends of all intervals."""
    low = spread.rating_low
    span = max(spread.rating_high - low, 1.0)

    def percent(rating: float) -> float:
        return round(2 + 96 * (rating - low) / span, 1)

    for entry in entries:
        standing = entry.standing
        if standing is None:
            continue
        low_x, rating_x = percent(standing.rating_low), percent(standing.rating)
        yield StandingLine(
            entry=entry,
            standing=standing,
            kind=ENTRY_KINDS[entry.kind],
            interval=tell(
                "round.interval", low=round(standing.rating_low), high=round(standing.rating_high)
            ),
            low_x=low_x,
            width_x=round(percent(standing.rating_high) - low_x, 1),
            point_x=round(rating_x - POINT_WIDTH / 2, 1),
        )
