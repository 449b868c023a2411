"""Rounds and duels as their pages show them: standings, cross table, games."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arena.records import DuelRow, EntryKind, EntryRow, RoundRow, Standing
from arena.storage import Storage
from web.thumbs import Thumb, thumbs
from web.words import points_text

HEAT_STEPS: Final = 9
ENTRY_KINDS: Final = {
    EntryKind.CHAMPION: "defending",
    EntryKind.ANCHOR: "baseline",
    EntryKind.SUBMISSION: "submission",
}


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One line of a round's standings."""

    entry: EntryRow
    standing: Standing
    kind: str
    low_x: float
    width_x: float
    rating_x: float
    """Where the interval begins, how long it is and where the rating stands, in percent."""


@dataclass(frozen=True, slots=True)
class CrossCell:
    """A pair's score from the row's side; ``duel_id`` is None on the diagonal."""

    duel_id: int | None
    text: str
    heat: int
    label: str


@dataclass(frozen=True, slots=True)
class RoundPage:
    """A round with whatever it has so far."""

    round: RoundRow
    champion: str | None
    standings: tuple[StandingLine, ...]
    cross: tuple[tuple[EntryRow, tuple[CrossCell, ...]], ...]
    field: tuple[EntryRow, ...]


@dataclass(frozen=True, slots=True)
class DuelPage:
    """A duel and its games."""

    duel: DuelRow
    games: tuple[Thumb, ...]


def round_page(storage: Storage, number: int) -> RoundPage | None:
    """Gather a round's page, or None where there is no such round."""
    row = storage.round(number)
    if row is None:
        return None
    entries = tuple(storage.entries(number))
    names = {entry.id: entry.name for entry in entries}
    lines = _standings(entries)
    ranked = tuple(line.entry for line in lines)
    return RoundPage(
        round=row,
        champion=names.get(row.champion_entry_id) if row.champion_entry_id else None,
        standings=lines,
        cross=_cross(ranked, storage.duels(number)) if ranked else (),
        field=entries,
    )


def duel_page(storage: Storage, duel_id: int) -> DuelPage | None:
    """Gather a duel's page, or None where there is no such duel."""
    duel = storage.duel(duel_id)
    if duel is None:
        return None
    return DuelPage(duel, thumbs(storage, storage.games(duel_id)))


def _standings(entries: Sequence[EntryRow]) -> tuple[StandingLine, ...]:
    placed = [(entry, entry.standing) for entry in entries if entry.standing is not None]
    if not placed:
        return ()
    low = min(standing.rating_low for _, standing in placed)
    span = max(max(standing.rating_high for _, standing in placed) - low, 1.0)

    def percent(rating: float) -> float:
        return round(2 + 96 * (rating - low) / span, 2)

    return tuple(
        StandingLine(
            entry=entry,
            standing=standing,
            kind=ENTRY_KINDS[entry.kind],
            low_x=percent(standing.rating_low),
            width_x=round(percent(standing.rating_high) - percent(standing.rating_low), 2),
            rating_x=percent(standing.rating),
        )
        for entry, standing in placed
    )


def _cross(
    ranked: Sequence[EntryRow], duels: Sequence[DuelRow]
) -> tuple[tuple[EntryRow, tuple[CrossCell, ...]], ...]:
    scores: dict[tuple[int, int], tuple[DuelRow, float]] = {}
    for duel in duels:
        first, second = duel.entries
        scores[first, second] = (duel, duel.points[0])
        scores[second, first] = (duel, duel.points[1])
    return tuple(
        (row, tuple(_cell(row, column, scores.get((row.id, column.id))) for column in ranked))
        for row in ranked
    )


def _cell(row: EntryRow, column: EntryRow, score: tuple[DuelRow, float] | None) -> CrossCell:
    if score is None or not score[0].done or not score[0].games:
        return CrossCell(None, "", HEAT_STEPS // 2, "")
    duel, points = score
    share = points / duel.games
    return CrossCell(
        duel_id=duel.id,
        text=points_text(points),
        heat=round(share * (HEAT_STEPS - 1)),
        label=(
            f"{row.name} {points_text(points)} : {points_text(duel.games - points)} {column.name}"
        ),
    )
