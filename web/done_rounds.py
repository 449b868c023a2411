"""What a finished round's page tells that never changes, read and written out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from markupsafe import Markup

from arena.comparison import Cycle, cycles
from arena.records import EntryRow, GameRow, RoundRow, RoundStatus
from arena.storage import Storage
from arena.stored_tables import PairScore, Spread, shares
from replays.format import Ending
from web.thumbs import Thumb, untitled
from web.viewer import analysis_of, decisive_ply
from web.words import points_text

HEAT_STEPS: Final = 9
CROSS_HTML: Final = 32
"""Entrants of the cross table that is written out."""
CROSS_WHOLE: Final = 40
"""A field up to this size is written out whole; above it the rest is drawn on a canvas."""
CYCLES: Final = 2
KEPT: Final = 128
"""Rounds, of some 150 kB each."""
READ_AHEAD: Final = 64
"""Of them, before a page process answers: a season takes about two seconds."""


@dataclass(frozen=True, slots=True)
class CrossRow:
    """One entrant's row of the cross table."""

    entry: EntryRow
    cells: Markup
    """Written out, as a template takes long over a thousand of them."""


@dataclass(frozen=True, slots=True)
class Beating:
    """One duel: who beat whom, by how much, and the game that shows it."""

    winner: str
    loser: str
    duel_id: int
    score: str
    game: Thumb | None


@dataclass(frozen=True, slots=True)
class DoneRound:
    """A finished round. What the analyst will say of its games comes later: ``titled`` asks."""

    ranked: tuple[tuple[int, str], ...]
    """Entry ID and name of every entrant, best first."""
    spread: Spread
    champion: EntryRow | None
    light_champion: EntryRow | None
    cross: tuple[CrossRow, ...]
    decider: Beating | None
    """The champion's duel with the best-placed rider that it met."""
    lead: float
    """By how many points the champion came out ahead of that one."""
    cycles: tuple[tuple[Beating, ...], ...]

    @property
    def large(self) -> bool:
        """Whether most of its cross table is drawn on a canvas."""
        return len(self.ranked) > CROSS_WHOLE


def done_round(storage: Storage, row: RoundRow) -> DoneRound | None:
    """Return what is told of a round; None where it is not finished, or nobody was in it."""
    if row.status is not RoundStatus.DONE:
        return None
    done = _done(storage, row.number, row.finished_at)
    return done if done.ranked else None


def read_ahead(storage: Storage) -> None:
    """Read the newest finished rounds, so that nobody who opens one waits for it."""
    done = (row for row in storage.rounds() if row.status is RoundStatus.DONE)
    for row in islice(done, READ_AHEAD):
        done_round(storage, row)


def titled(storage: Storage, done: DoneRound) -> DoneRound:
    """Return the same with what the analyst has said of its games by now."""
    told = [each for cycle in done.cycles for each in cycle]
    told += [] if done.decider is None else [done.decider]
    summaries = storage.summaries([each.game.id for each in told if each.game is not None])

    def now(beating: Beating) -> Beating:
        game = beating.game
        summary = None if game is None else summaries.get(game.id)
        if game is None or summary is None:
            return beating
        ply = summary.decided if game.ply is None else game.ply
        return replace(beating, game=replace(game, title=summary.title, ply=ply))

    return replace(
        done,
        decider=None if done.decider is None else now(done.decider),
        cycles=tuple(tuple(map(now, cycle)) for cycle in done.cycles),
    )


@lru_cache(maxsize=KEPT)
def _done(storage: Storage, number: int, finished_at: datetime | None) -> DoneRound:
    """Read a finished round; ``finished_at`` tells runs of it apart."""
    row = storage.round(number)
    ranked = storage.ranking(number)
    top = storage.entries(number, best=CROSS_HTML if len(ranked) > CROSS_WHOLE else CROSS_WHOLE)
    ids = tuple(entry.id for entry in top)
    scores = storage.scores_among(ids) if ids else ()
    found = {pair: share for pair, (share, _) in shares(scores).items()}
    decider, lead = _decider(storage, top, scores)
    return DoneRound(
        ranked=ranked,
        spread=storage.spread(number),
        champion=_crowned(storage, row.champion_entry_id if row else None),
        light_champion=_crowned(storage, row.light_champion_entry_id if row else None),
        cross=tuple(map(CrossRow, top, _cells(ids, scores))),
        decider=decider,
        lead=lead,
        cycles=_cycles(storage, top, scores, cycles(ids, found, CYCLES)),
    )


def _crowned(storage: Storage, entry_id: int | None) -> EntryRow | None:
    return None if entry_id is None else storage.entry(entry_id)


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
    storage: Storage,
    ranked: Sequence[EntryRow],
    scores: Sequence[PairScore],
    circles: Sequence[Cycle],
) -> tuple[tuple[Beating, ...], ...]:
    """Return circles of three, each duel with the game that shows it best."""
    names = {entry.id: entry.name for entry in ranked}
    duels = {frozenset(score.entries): score for score in scores}
    beaten = [
        (duels[frozenset((winner, loser))], winner, loser)
        for cycle in circles
        for winner, loser in zip(cycle.entries, (*cycle.entries[1:], cycle.entries[0]), strict=True)
    ]
    told = iter(_beatings(storage, names, beaten))
    return tuple(tuple(islice(told, len(cycle.entries))) for cycle in circles)


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
    shown = iter(untitled(storage, [game for game in telling if game is not None]))
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
