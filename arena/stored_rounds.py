"""Stored rounds, entrants and duels: reading them."""

import hashlib
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, select

from arena.database import Database
from arena.divisions import Cost, Usage
from arena.errors import StorageError
from arena.records import (
    ChampionRow,
    DuelRow,
    EntryKind,
    EntryRow,
    RoundFormat,
    RoundResult,
    RoundRow,
    RoundStatus,
    Standing,
)
from arena.schema import duels, entries, games, rounds
from replays.format import Ending
from tron_env.types import DeathCause, Outcome

UNFINISHED: Final = (RoundStatus.CLOSED, RoundStatus.RUNNING)
"""Closed, and neither done nor cancelled."""
FIRST = entries.alias("first_entry")
SECOND = entries.alias("second_entry")
_NAMES: Final = (
    ("id", "round", "number", "name", "kind", "anchor", "alone", "sha256", "submission_id"),
    Standing.__slots__,
    Cost.__slots__,
    Usage.__slots__,
)
_ENTRY: Final = select(*(entries.c[name] for part in _NAMES for name in part))
_ENDS: Final = tuple(accumulate(map(len, _NAMES)))
_PARTS: Final = tuple(map(slice, (0, *_ENDS), _ENDS))


class StoredRounds(Database):
    """The part of ``Storage`` about rounds, entrants and duels."""

    def open_round(self) -> RoundRow | None:
        """Return the round that takes submissions; None only before the first is opened."""
        query = select(rounds).where(rounds.c.status == RoundStatus.OPEN)
        with self.reading() as connection:
            row = connection.execute(query.order_by(rounds.c.number)).first()
        return None if row is None else round_row(row)

    def rounds(self) -> tuple[RoundRow, ...]:
        """Return all rounds, newest first."""
        with self.reading() as connection:
            found = connection.execute(select(rounds).order_by(rounds.c.number.desc()))
            return tuple(map(round_row, found))

    def round(self, number: int) -> RoundRow | None:
        """Return one round, or None; its counts grow while another process plays it."""
        with self.reading() as connection:
            row = connection.execute(select(rounds).where(rounds.c.number == number)).first()
        return None if row is None else round_row(row)

    def unfinished_round(self) -> RoundRow | None:
        """Return the oldest round that is closed and not done, or None."""
        waiting = rounds.c.status.in_(UNFINISHED)
        with self.reading() as connection:
            row = connection.execute(
                select(rounds).where(waiting).order_by(rounds.c.number)
            ).first()
        return None if row is None else round_row(row)

    def latest_done_round(self) -> RoundRow | None:
        """Return the newest finished round, or None."""
        query = select(rounds).where(rounds.c.status == RoundStatus.DONE)
        with self.reading() as connection:
            row = connection.execute(query.order_by(rounds.c.number.desc())).first()
        return None if row is None else round_row(row)

    def entries(
        self, round_number: int, *, skip: int = 0, best: int | None = None
    ) -> tuple[EntryRow, ...]:
        """Return a round's entrants: by rank once it is done, by their number before.

        Args:
            round_number: the round.
            skip: leave out the first so many.
            best: return only the first so many of the others.
        """
        query = _ENTRY.where(entries.c.round == round_number)
        query = query.order_by(entries.c.rank, entries.c.number).limit(best).offset(skip or None)
        with self.reading() as connection:
            return tuple(map(_entry, connection.execute(query)))

    def entry(self, entry_id: int) -> EntryRow | None:
        """Return one entrant of a round, or None."""
        with self.reading() as connection:
            row = connection.execute(_ENTRY.where(entries.c.id == entry_id)).first()
        return None if row is None else _entry(row)

    def entries_of(self, sha256: str) -> tuple[EntryRow, ...]:
        """Return a model's entries over all rounds, newest first."""
        query = _ENTRY.where(entries.c.sha256 == sha256).order_by(entries.c.round.desc())
        with self.reading() as connection:
            return tuple(map(_entry, connection.execute(query)))

    def duels(self, round_number: int) -> tuple[DuelRow, ...]:
        """Return all duels of a round in the order of its schedule, played or not."""
        with self.reading() as connection:
            found = connection.execute(
                _duels().where(duels.c.round == round_number).order_by(duels.c.number)
            )
            return tuple(map(_duel, found))

    def duel_page(self, round_number: int, *, after: int, limit: int) -> tuple[DuelRow, ...]:
        """Return at most ``limit`` duels of a round that its schedule numbers above ``after``."""
        later = _duels().where(duels.c.round == round_number, duels.c.number > after)
        with self.reading() as connection:
            found = connection.execute(later.order_by(duels.c.number).limit(limit))
            return tuple(map(_duel, found))

    def duel(self, duel_id: int) -> DuelRow | None:
        """Return one duel, or None."""
        with self.reading() as connection:
            row = connection.execute(_duels().where(duels.c.id == duel_id)).first()
        return None if row is None else _duel(row)

    def results(self, round_number: int) -> tuple[RoundResult, ...]:
        """Return all played games of a round in the order of its schedule."""
        query = (
            select(
                duels.c.number,
                games.c.number,
                duels.c.first_entry_id,
                duels.c.second_entry_id,
                games.c.outcome,
                games.c.first_cause,
                games.c.second_cause,
                games.c.ending,
            )
            .join(games, games.c.duel_id == duels.c.id)
            .where(duels.c.round == round_number)
            .order_by(duels.c.number, games.c.number)
        )
        with self.reading() as connection:
            return tuple(
                RoundResult(
                    duel=duel,
                    number=number,
                    entries=(first, second),
                    outcome=Outcome(outcome),
                    causes=(DeathCause(cause), DeathCause(other_cause)),
                    ending=Ending(ending),
                )
                for duel, number, first, second, outcome, cause, other_cause, ending in (
                    connection.execute(query)
                )
            )

    def champions(self) -> tuple[ChampionRow, ...]:
        """Return the champion of every finished round, newest first."""
        return self._all_crowned(rounds.c.champion_entry_id)

    def light_champions(self) -> tuple[ChampionRow, ...]:
        """Return the light champion of every finished round that has one, newest first."""
        return self._all_crowned(rounds.c.light_champion_entry_id)

    def champion(self, round_number: int | None = None) -> ChampionRow | None:
        """Return the champion of a round, of the newest finished one by default, or None."""
        return self._crowned(rounds.c.champion_entry_id, round_number)

    def light_champion(self, round_number: int | None = None) -> ChampionRow | None:
        """Return the light champion of a round, the reigning one by default, or None.

        A round that crowned no light champion leaves the one before it reigning.
        """
        return self._crowned(rounds.c.light_champion_entry_id, round_number)

    def _all_crowned(self, crown: ColumnElement[Any]) -> tuple[ChampionRow, ...]:
        with self.reading() as connection:
            found = connection.execute(_champions(crown).order_by(rounds.c.number.desc()))
            return tuple(map(_champion, found))

    def _crowned(self, crown: ColumnElement[Any], round_number: int | None) -> ChampionRow | None:
        query = _champions(crown).order_by(rounds.c.number.desc()).limit(1)
        if round_number is not None:
            query = query.where(rounds.c.number == round_number)
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _champion(row)

    def fixed_ratings(self, round_number: int) -> dict[str, float]:
        """Return the rating of every anchor in the first finished round that it played, by SHA-256.

        Only rounds before this one are looked at.
        """
        query = (
            select(entries.c.sha256, entries.c.rating)
            .join(rounds, rounds.c.number == entries.c.round)
            .where(
                rounds.c.number < round_number,
                rounds.c.status == RoundStatus.DONE,
                entries.c.anchor,
            )
            .order_by(rounds.c.number.desc())
        )
        with self.reading() as connection:
            return {row.sha256: row.rating for row in connection.execute(query)}

    def entrant_model(self, prefix: str) -> tuple[str, str, bool] | None:
        """Return SHA-256, name and ``alone`` of the latest entrant whose hash begins so, or None.

        Args:
            prefix: hexadecimal digits in lower case.
        """
        end = prefix + "g"
        query = (
            select(entries.c.sha256, entries.c.name, entries.c.alone)
            .where(entries.c.sha256 >= prefix, entries.c.sha256 < end)
            .order_by(entries.c.id.desc())
        )
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row[0], row[1], row[2])

    def seed(self, round_number: int) -> str:
        """Return a round's seed, published or not; only the arena itself may ask.

        Raises:
            StorageError: there is no such round.
        """
        with self.reading() as connection:
            found: str | None = connection.scalar(
                select(rounds.c.seed).where(rounds.c.number == round_number)
            )
        if found is None:
            raise StorageError(f"there is no round {round_number}")
        return found


def _duels() -> Select[Any]:
    return (
        select(duels, FIRST.c.name.label("first_name"), SECOND.c.name.label("second_name"))
        .join(FIRST, duels.c.first_entry_id == FIRST.c.id)
        .join(SECOND, duels.c.second_entry_id == SECOND.c.id)
    )


def _champions(crown: ColumnElement[Any]) -> Select[Any]:
    won = rounds.c.number.label("won")
    return _ENTRY.add_columns(won).select_from(rounds).join(entries, crown == entries.c.id)


def _champion(row: Row[Any]) -> ChampionRow:
    entry = _entry(row)
    return ChampionRow(
        round=row.won,
        entry_id=entry.id,
        name=entry.name,
        sha256=entry.sha256,
        alone=entry.alone,
        submission_id=entry.submission_id,
        light=entry.light,
    )


def round_row(row: Row[Any]) -> RoundRow:
    """Return a row of ``rounds`` as a value, its seed only once published."""
    values = dict(row._mapping)
    status = RoundStatus(values.pop("status"))
    form = RoundFormat(values.pop("format"))
    seed = values.pop("seed")
    return RoundRow(
        status=status,
        format=form,
        seed=None if status is RoundStatus.OPEN else seed,
        seed_sha256=hashlib.sha256(bytes.fromhex(seed)).hexdigest(),
        **values,
    )


def _entry(row: Row[Any]) -> EntryRow:
    """Read a row of ``_ENTRY``, by place: a round has hundreds, and names take twice as long."""
    own, standing, cost, usage = (row[part] for part in _PARTS)
    ident, round_, number, name, kind, anchor, alone, sha256, submission_id = own
    return EntryRow(
        ident,
        round_,
        number,
        name,
        EntryKind(kind),
        anchor,
        alone,
        sha256,
        submission_id,
        # Rounds from before kills were counted have none stored.
        None if standing[0] is None else Standing(*(value or 0 for value in standing)),
        None if cost[0] is None else Cost(*cost),
        Usage(*usage),
    )


def _duel(row: Row[Any]) -> DuelRow:
    value = row._mapping
    return DuelRow(
        id=value["id"],
        round=value["round"],
        number=value["number"],
        block=value["block"],
        entries=(value["first_entry_id"], value["second_entry_id"]),
        names=(value["first_name"], value["second_name"]),
        done=value["done"],
        points=(value["first_points"], value["second_points"]),
        games=value["games"],
        forfeits=(value["first_forfeits"], value["second_forfeits"]),
        finished_at=value["finished_at"],
        stage=value["stage"],
    )
