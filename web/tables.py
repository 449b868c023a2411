"""Rounds and duels as their pages show them: standings, cross table, cycles, games."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from markupsafe import Markup

from arena.comparison import Cycle, cycles
from arena.records import DuelRow, EntryKind, EntryRow, GameRow, RoundRow, Standing
from arena.storage import Storage
from arena.stored_tables import PairScore, shares
from replays.format import Ending
from web.lines import Line, champion_line
from web.texts import tell
from web.thumbs import Thumb, thumbs
from web.viewer import analysis_of, decisive_ply
from web.words import points_text

HEAT_STEPS: Final = 9
CROSS_HTML: Final = 32
"""Entrants of the cross table that is written out."""
CROSS_WHOLE: Final = 40
"""A field up to this size is written out whole; above it the rest is drawn on a canvas."""
STANDINGS: Final = 50
"""Lines of one page of the standings."""
CYCLES: Final = 2
TABLES_KEPT: Final = 128
"""Of done rounds, which never change."""
ENTRY_KINDS: Final = {kind: tell(f"entry.{kind.name.lower()}") for kind in EntryKind}


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
class CrossRow:
    """One entrant's row of the cross table."""

    entry: EntryRow
    cells: Markup
    """Written out, as a template takes long over a thousand of them."""


@dataclass(frozen=True, slots=True)
class Beating:
    """One duel of a cycle: who beat whom, by how much, and the game that shows it."""

    winner: str
    loser: str
    duel_id: int
    score: str
    game: Thumb | None


@dataclass(frozen=True, slots=True)
class _Table:
    """What the best of a round played among themselves."""

    scores: tuple[PairScore, ...]
    cells: tuple[Markup, ...]
    """The rows of their cross table, written out."""
    cycles: tuple[Cycle, ...]


@dataclass(frozen=True, slots=True)
class RoundPage:
    """A round with whatever it has so far."""

    round: RoundRow
    champion: EntryRow | None
    light_champion: EntryRow | None
    costs_known: bool
    """Whether any entrant's cost was measured, without which there is no light crown."""
    standings: tuple[StandingLine, ...]
    entrants: int
    first: int
    """Rank of the first line shown."""
    earlier: int | None
    later: int | None
    """Ranks at which the pages before and after begin."""
    cross: tuple[CrossRow, ...]
    cross_total: int
    """Entrants of the whole cross table where that is drawn on a canvas, else 0."""
    decider: Beating | None
    """The champion's duel with the best-placed rider that it met."""
    lead: float
    """By how many points the champion came out ahead of that one."""
    cycles: tuple[tuple[Beating, ...], ...]
    line: Line | None
    field: tuple[EntryRow, ...]
    entered: int


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
    entries = storage.entries(number)
    known = {entry.id: entry for entry in entries}
    ranked = tuple(entry for entry in entries if entry.standing is not None)
    large = len(ranked) > CROSS_WHOLE
    top = ranked[:CROSS_HTML] if large else ranked
    table = _table(storage, row.finished_at, tuple(entry.id for entry in top))
    start = min(max(first, 1), max(len(ranked), 1))
    decider, lead = _decider(storage, top, table.scores)
    return RoundPage(
        round=row,
        champion=known.get(row.champion_entry_id or 0),
        light_champion=known.get(row.light_champion_entry_id or 0),
        costs_known=any(entry.cost is not None for entry in entries),
        standings=_standings(ranked, slice(start - 1, start - 1 + STANDINGS)),
        entrants=len(ranked),
        first=start,
        earlier=max(1, start - STANDINGS) if start > 1 else None,
        later=start + STANDINGS if start - 1 + STANDINGS < len(ranked) else None,
        cross=tuple(map(CrossRow, top, table.cells)),
        cross_total=len(ranked) if large else 0,
        decider=decider,
        lead=lead,
        cycles=_cycles(storage, top, table),
        line=champion_line(storage.champion_line(), number) if ranked else None,
        field=() if ranked else entries[:STANDINGS],
        entered=len(entries) or storage.count_live_submissions(number),
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
    ranked = [entry for entry in storage.entries(number) if entry.standing is not None]
    if not ranked:
        return None
    rows = ranked[first - 1 : first - 1 + count]
    found = shares(storage.scores_of([entry.id for entry in rows])) if rows else {}
    return [
        [
            round(100 * found[row.id, column.id][0]) if (row.id, column.id) in found else -1
            for column in ranked
        ]
        for row in rows
    ]


def ranked_names(storage: Storage, number: int) -> list[str]:
    """Return the names of a finished round's entrants, best first."""
    return [entry.name for entry in storage.entries(number) if entry.standing is not None]


def duel_of_ranks(storage: Storage, number: int, row: int, column: int) -> int | None:
    """Return the ID of the duel of two entrants, named by rank, or None."""
    by_rank = {
        entry.standing.rank: entry.id
        for entry in storage.entries(number)
        if entry.standing is not None
    }
    if row == column or row not in by_rank or column not in by_rank:
        return None
    return storage.duel_between(by_rank[row], by_rank[column])


def _standings(ranked: Sequence[EntryRow], shown: slice) -> tuple[StandingLine, ...]:
    placed = [(entry, entry.standing) for entry in ranked if entry.standing is not None]
    if not placed:
        return ()
    low = min(standing.rating_low for _, standing in placed)
    span = max(max(standing.rating_high for _, standing in placed) - low, 1.0)

    def percent(rating: float) -> float:
        return round(2 + 96 * (rating - low) / span, 1)

    return tuple(
        StandingLine(
            entry=entry,
            standing=standing,
            kind=ENTRY_KINDS[entry.kind],
            low_x=percent(standing.rating_low),
            width_x=round(percent(standing.rating_high) - percent(standing.rating_low), 1),
            rating_x=percent(standing.rating),
        )
        for entry, standing in placed[shown]
    )


@lru_cache(maxsize=TABLES_KEPT)
def _table(storage: Storage, finished_at: datetime | None, ranked: tuple[int, ...]) -> _Table:
    """Return what entrants of a done round played; ``finished_at`` tells runs of it apart."""
    scores = storage.scores_among(ranked) if ranked else ()
    found = {pair: share for pair, (share, _) in shares(scores).items()}
    return _Table(scores, _cells(ranked, scores), cycles(ranked, found, CYCLES))


def _cells(ranked: tuple[int, ...], scores: tuple[PairScore, ...]) -> tuple[Markup, ...]:
    """Return the rows of a cross table, written out."""
    met: dict[tuple[int, int], tuple[PairScore, float]] = {}
    for score in scores:
        first, second = score.entries
        met[first, second] = (score, score.points[0])
        met[second, first] = (score, score.points[1])
    return tuple(Markup("".join(_cell(row, column, met) for column in ranked)) for row in ranked)


def _cell(row: int, column: int, met: Mapping[tuple[int, int], tuple[PairScore, float]]) -> str:
    """Return a pair's score from the row's side, with the way to its duel."""
    if row == column:
        return "<td>·</td>"
    score, points = met.get((row, column), (None, 0.0))
    if score is None or not score.games:
        return "<td></td>"
    heat = round(points / score.games * (HEAT_STEPS - 1))
    link = f'<a class="h{heat}" href="/duels/{score.duel_id}">{points_text(points)}</a>'
    return f"<td>{link}</td>"


def _decider(
    storage: Storage, ranked: Sequence[EntryRow], scores: Sequence[PairScore]
) -> tuple[Beating | None, float]:
    """Return the duel at the head of the table, from its winner's side, and the champion's lead."""
    duels = {frozenset(score.entries): score for score in scores if score.games}
    for rival in ranked[1:]:
        champion = ranked[0]
        score = duels.get(frozenset((champion.id, rival.id)))
        if score is None or champion.standing is None or rival.standing is None:
            continue
        names = {champion.id: champion.name, rival.id: rival.name}
        own = score.points[score.entries.index(champion.id)]
        won = 2 * own >= score.games
        winner, loser = (champion.id, rival.id) if won else (rival.id, champion.id)
        lead = champion.standing.points - rival.standing.points
        beating = _beatings(storage, names, [(score, winner, loser)])[0]
        return _at_decisive_ply(storage, beating), lead
    return None, 0.0


def _at_decisive_ply(storage: Storage, beating: Beating) -> Beating:
    """Return the duel with its game shown where it was decided, analysed or not."""
    if beating.game is None:
        return beating
    encoded = storage.replay(beating.game.id)
    if encoded is None:
        return beating
    ply = decisive_ply(analysis_of(encoded, beating.game.names))
    return replace(beating, game=replace(beating.game, ply=ply))


def _cycles(
    storage: Storage, ranked: Sequence[EntryRow], table: _Table
) -> tuple[tuple[Beating, ...], ...]:
    """Return the clearest circles of three, each duel with the game that shows it best."""
    names = {entry.id: entry.name for entry in ranked}
    duels = {frozenset(score.entries): score for score in table.scores}
    beaten = [
        (duels[frozenset((winner, loser))], winner, loser)
        for cycle in table.cycles
        for winner, loser in zip(cycle.entries, (*cycle.entries[1:], cycle.entries[0]), strict=True)
    ]
    told = iter(_beatings(storage, names, beaten))
    return tuple(tuple(islice(told, len(cycle.entries))) for cycle in table.cycles)


def _beatings(
    storage: Storage, names: Mapping[int, str], beaten: Sequence[tuple[PairScore, int, int]]
) -> list[Beating]:
    """Return duels with the game that shows each best; winner and loser stand behind a score."""
    played = storage.games_of([score.duel_id for score, _, _ in beaten])
    telling = [
        max(
            (game for game in played[score.duel_id] if _won_by(game, names[winner])),
            key=lambda game: game.plies,
            default=None,
        )
        for score, winner, _ in beaten
    ]
    shown = iter(thumbs(storage, [game for game in telling if game is not None]))
    found = []
    for (score, winner, loser), game in zip(beaten, telling, strict=True):
        own = score.points[score.entries.index(winner)]
        found.append(
            Beating(
                winner=names[winner],
                loser=names[loser],
                duel_id=score.duel_id,
                score=f"{points_text(own)} : {points_text(score.games - own)}",
                game=None if game is None else next(shown),
            )
        )
    return found


def _won_by(game: GameRow, name: str) -> bool:
    winner = game.outcome.winner
    return game.ending is Ending.RULES and winner is not None and game.names[winner] == name
