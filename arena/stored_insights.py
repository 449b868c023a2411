"""Stored insights: what whole rounds say of their entrants, counted once."""

from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, case, delete, func, insert, or_, select

from arena.database import Database, packed, unpacked
from arena.insight import Insight, OpponentInsight, RiddenGame, insight_of
from arena.records import RoundStatus
from arena.schedule import first_seat
from arena.schema import analyses, deep_analyses, duels, entries, games, insights, rounds
from replays.format import Ending, decode
from tron_env.ruleset import ruleset_named
from tron_env.types import DeathCause, Outcome

INSIGHT_VERSION: Final = 1


class StoredInsights(Database):
    """The part of ``Storage`` about entrants over whole rounds."""

    def insight(self, entry_id: int, *, most_games: int | None = None) -> Insight | None:
        """Return what a finished round says of one entrant; it is counted once, then stored.

        Args:
            entry_id: the entrant.
            most_games: return None rather than count more games now, about a third of a
                millisecond each; ``arena.analyst`` counts all entrants of finished rounds by and
                by.

        Returns:
            None too where there is no such entrant, its round is not done, or the territory pass
            has not seen all of its games.
        """
        query = select(insights.c.told).where(
            insights.c.entry_id == entry_id, insights.c.version == INSIGHT_VERSION
        )
        with self.reading() as connection:
            told = connection.scalar(query)
        if told is not None:
            found = _insight(told)
        else:
            counted = self._count(entry_id, most_games)
            if counted is None:
                return None
            found = counted
            told = packed(asdict(found))
            values = {"version": INSIGHT_VERSION, "games": found.games, "told": told}
            with self.writing() as connection:
                connection.execute(delete(insights).where(insights.c.entry_id == entry_id))
                connection.execute(insert(insights).values(entry_id=entry_id, **values))
        games_judged, blunders, plies = self._blunders(entry_id)
        return replace(found, judged_games=games_judged, blunders=blunders, judged_plies=plies)

    def next_uncounted(self) -> int | None:
        """Return an entrant of a finished round whose insight is not stored yet, or None.

        Those of the newest round come first; rounds that the territory pass has not seen whole are
        left out.
        """
        finished = (
            select(rounds.c.number)
            .where(rounds.c.status == RoundStatus.DONE)
            .order_by(rounds.c.number.desc())
        )
        with self.reading() as connection:
            for number in connection.scalars(finished).all():
                waiting: int | None = connection.scalar(_uncounted_in(number))
                if waiting is not None and connection.scalar(_unseen_in(number)) is None:
                    return waiting
        return None

    def _count(self, entry_id: int, most_games: int | None) -> Insight | None:
        with self.reading() as connection:
            own = connection.execute(
                select(entries.c.round, entries.c.rating, rounds.c.ruleset, rounds.c.starts)
                .join(rounds, rounds.c.number == entries.c.round)
                .where(entries.c.id == entry_id, rounds.c.status == RoundStatus.DONE)
            ).first()
            if own is None:
                return None
            query = select(entries.c.id, entries.c.name, entries.c.rating)
            field = connection.execute(query.where(entries.c.round == own.round)).all()
            if most_games is not None and 2 * own.starts * (len(field) - 1) > most_games:
                return None
            rows = connection.execute(_games_of(entry_id)).all()
        if any(row.version is None for row in rows):
            return None
        return insight_of(
            [_ridden(row, entry_id) for row in rows],
            [decode(row.replay) for row in rows],
            ruleset_named(own.ruleset),
            own.rating,
            {row.id: (row.name, row.rating) for row in field if row.id != entry_id},
        )

    def _blunders(self, entry_id: int) -> tuple[int, int, int]:
        """Return an entrant's games with a deep pass, its blunders in them, and the plies."""
        # A duel's first entrant has the first seat in its games of even number.
        sits_first = (duels.c.first_entry_id == entry_id) == (games.c.number % 2 == 0)
        own = case(
            (sits_first, deep_analyses.c.first_blunders), else_=deep_analyses.c.second_blunders
        )
        query = (
            select(func.count(), func.sum(own), func.sum(deep_analyses.c.plies))
            .select_from(duels)
            .join(games, games.c.duel_id == duels.c.id)
            .join(deep_analyses, deep_analyses.c.game_id == games.c.id)
            .where(_rides(entry_id))
        )
        with self.reading() as connection:
            count, blunders, plies = connection.execute(query).one()
        return count, int(blunders or 0), int(plies or 0)


def _uncounted_in(round_number: int) -> Select[Any]:
    return (
        select(entries.c.id)
        .outerjoin(insights, insights.c.entry_id == entries.c.id)
        .where(
            entries.c.round == round_number,
            or_(insights.c.version.is_(None), insights.c.version < INSIGHT_VERSION),
        )
        .order_by(entries.c.rank)
        .limit(1)
    )


def _unseen_in(round_number: int) -> Select[Any]:
    return (
        select(games.c.id)
        .outerjoin(analyses, analyses.c.game_id == games.c.id)
        .where(games.c.round == round_number, analyses.c.version.is_(None))
        .limit(1)
    )


def _rides(entry_id: int) -> ColumnElement[bool]:
    return or_(duels.c.first_entry_id == entry_id, duels.c.second_entry_id == entry_id)


def _games_of(entry_id: int) -> Select[Any]:
    return (
        select(
            *(duels.c.first_entry_id, duels.c.second_entry_id, games.c.number, games.c.outcome),
            *(games.c.ending, games.c.first_cause, games.c.second_cause, games.c.plies),
            *(games.c.replay, analyses.c.version, analyses.c.separation),
            *(analyses.c.first_territory, analyses.c.second_territory),
        )
        .select_from(duels)
        .join(games, games.c.duel_id == duels.c.id)
        .outerjoin(analyses, analyses.c.game_id == games.c.id)
        .where(_rides(entry_id))
        .order_by(games.c.id)
    )


def _ridden(row: Row[Any], entry_id: int) -> RiddenGame:
    first = first_seat(row.number)
    seat = first if row.first_entry_id == entry_id else first.other
    territory = (row.first_territory, row.second_territory)
    return RiddenGame(
        seat=seat,
        outcome=Outcome(row.outcome),
        ending=Ending(row.ending),
        causes=(DeathCause(row.first_cause), DeathCause(row.second_cause)),
        plies=row.plies,
        opponent=row.second_entry_id if row.first_entry_id == entry_id else row.first_entry_id,
        lead=None if row.separation is None else territory[seat] - territory[seat.other],
    )


def _insight(told: bytes) -> Insight:
    values = unpacked(told)
    values["opponents"] = [OpponentInsight(**each) for each in values["opponents"]]
    for name in ("ahead", "behind", "even"):
        values[name] = tuple(values[name])
    return Insight(**values)
