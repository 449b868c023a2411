"""Stored miners: their names, and the hashes of their tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Connection, and_, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from arena.database import Database
from arena.errors import StorageError
from arena.names import UNNAMED, NameRefusedError, look_keys
from arena.schema import (
    analyses,
    duels,
    entries,
    games,
    insights,
    looks,
    miners,
    submissions,
    tokens,
)
from tron_env.errors import TronArenaError

DAY: Final = timedelta(days=1)
GAMES_AT_ONCE: Final = 500
OUTDATED: Final = 0
"""The version of what is to be found out again."""
COLUMNS: Final[tuple[Column[Any], ...]] = (
    *(miners.c.id, miners.c.name, miners.c.hidden, miners.c.created_at),
)


class RegistrationLimitError(TronArenaError):
    """Too many names were registered of late; the message says when to try again."""


class TokenState(StrEnum):
    """Whether a miner can submit over the network."""

    VALID = "valid"
    REVOKED = "revoked"
    NONE = "none"
    """It never had a token: the operator submits for it."""


@dataclass(frozen=True, slots=True)
class MinerRow:
    """Somebody who submits models."""

    id: int
    name: str
    """As registered; only its owner and the operator see a hidden one."""
    hidden: bool
    created_at: datetime

    @property
    def shown(self) -> str:
        """What everybody sees, and what its models ride as."""
        return f"{UNNAMED}{self.id}" if self.hidden else self.name


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """How many names may be registered in a day."""

    origin: str
    """Opaque identity of where the request came from."""
    per_origin: int
    altogether: int


class StoredMiners(Database):
    """The part of ``Storage`` about miners."""

    def add_miner(self, name: str, limits: RegistrationLimits | None = None) -> MinerRow:
        """Store a miner under a name that ``arena.names`` has checked.

        Raises:
            NameRefusedError: the name, or one that looks like it, is taken.
            RegistrationLimitError: the limits are reached.
        """
        now = datetime.now(UTC)
        with self.writing() as connection:
            if limits is not None:
                if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
                    connection.execute(text("LOCK TABLE miners IN SHARE ROW EXCLUSIVE MODE"))
                _check_limits(connection, limits, now - DAY)
            keys = look_keys(name)
            alike = select(miners.c.name).join(looks, looks.c.miner_id == miners.c.id)
            taken = connection.scalar(alike.where(looks.c.look.in_(keys)).limit(1))
            if taken is not None or (limits is not None and _was_borne(connection, keys)):
                raise NameRefusedError(f"the name {name!r}, or one that looks like it, is taken")
            values = {
                "name": name,
                "hidden": False,
                "origin": limits.origin if limits else None,
                "created_at": now,
            }
            key = connection.execute(insert(miners).values(values)).inserted_primary_key
            if key is None:
                raise StorageError("the database gave a miner no ID")
            rows = [{"look": look, "miner_id": key[0]} for look in keys]
            try:
                connection.execute(insert(looks), rows)
            except IntegrityError as error:  # registered elsewhere in this moment
                raise NameRefusedError(f"the name {name!r} is taken") from error
            return _miner(connection.execute(select(*COLUMNS).where(miners.c.id == key[0])).one())

    def miner(self, miner_id: int) -> MinerRow | None:
        """Return one miner, or None."""
        with self.reading() as connection:
            row = connection.execute(select(*COLUMNS).where(miners.c.id == miner_id)).first()
        return None if row is None else _miner(row)

    def miner_named(self, name: str) -> MinerRow | None:
        """Return the miner registered as exactly ``name``, hidden or not, or None."""
        query = select(*COLUMNS).join(looks, looks.c.miner_id == miners.c.id)
        query = query.where(looks.c.look.in_(look_keys(name)), miners.c.name == name)
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _miner(row)

    def miners(self) -> tuple[MinerRow, ...]:
        """Return all miners, oldest first."""
        with self.reading() as connection:
            return tuple(map(_miner, connection.execute(select(*COLUMNS).order_by(miners.c.id))))

    def token_states(self) -> dict[int, TokenState]:
        """Return what has become of the tokens of those who ever had one, by miner ID."""
        living = func.count().filter(tokens.c.revoked_at.is_(None))
        query = select(tokens.c.miner_id, living.label("living")).group_by(tokens.c.miner_id)
        with self.reading() as connection:
            return {
                row.miner_id: TokenState.VALID if row.living else TokenState.REVOKED
                for row in connection.execute(query)
            }

    def replace_token(self, miner_id: int, token_id: str, secret_sha256: str) -> None:
        """Give a miner a token; those it had count no more."""
        values = {
            "id": token_id,
            "miner_id": miner_id,
            "secret_sha256": secret_sha256,
            "created_at": datetime.now(UTC),
        }
        with self.writing() as connection:
            _revoke(connection, miner_id)
            connection.execute(insert(tokens).values(values))

    def revoke_tokens(self, miner_id: int) -> int:
        """Let a miner's tokens count no more; return how many there were."""
        with self.writing() as connection:
            return _revoke(connection, miner_id)

    def token(self, token_id: str) -> tuple[MinerRow, str] | None:
        """Return whose a token is that counts, and the hash of its secret part."""
        query = (
            select(*COLUMNS, tokens.c.secret_sha256)
            .join(tokens, tokens.c.miner_id == miners.c.id)
            .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        )
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (_miner(row), row.secret_sha256)

    def hide_miner(self, miner: MinerRow, *, hidden: bool) -> MinerRow:
        """Hide a miner's name, or show it again, wherever it is stored."""
        with self.writing() as connection:
            connection.execute(update(miners).where(miners.c.id == miner.id).values(hidden=hidden))
            changed = _miner(
                connection.execute(select(*COLUMNS).where(miners.c.id == miner.id)).one()
            )
            _rename(connection, miner, changed.shown)
        return changed


def hold_miner(connection: Connection, miner_id: int) -> MinerRow:
    """Return a miner, whom nobody else changes until the transaction ends."""
    query = select(*COLUMNS).where(miners.c.id == miner_id)
    return _miner(connection.execute(query.with_for_update()).one())


def _miner(row: Any) -> MinerRow:
    return MinerRow(row.id, row.name, row.hidden, row.created_at)


def _was_borne(connection: Connection, keys: Collection[str]) -> bool:
    """Whether models of before miners had names ride as what looks so; the operator gives it."""
    unowned = select(submissions.c.name).where(submissions.c.miner_id.is_(None)).distinct()
    return any(not look_keys(name).isdisjoint(keys) for name in connection.scalars(unowned))


def _check_limits(connection: Connection, limits: RegistrationLimits, since: datetime) -> None:
    lately = select(func.count()).select_from(miners).where(miners.c.created_at > since)
    near = connection.scalar(lately.where(miners.c.origin == limits.origin)) or 0
    if near >= limits.per_origin:
        raise RegistrationLimitError(
            f"{near} names were registered from here within a day, and no more are allowed; "
            "try again tomorrow, or ask the operator for an invitation"
        )
    # Only self-service counts: invitations have no origin.
    if (connection.scalar(lately.where(miners.c.origin.is_not(None))) or 0) >= limits.altogether:
        raise RegistrationLimitError(
            "as many names as are allowed in a day were registered; try again tomorrow, or ask "
            "the operator for an invitation"
        )


def _revoke(connection: Connection, miner_id: int) -> int:
    live = (tokens.c.miner_id == miner_id, tokens.c.revoked_at.is_(None))
    changed = connection.execute(update(tokens).where(*live).values(revoked_at=datetime.now(UTC)))
    return changed.rowcount


def _rename(connection: Connection, miner: MinerRow, after: str) -> None:
    """Rename a miner's submissions, entries and games; entries may bear a number behind the name.

    Games name models by their hash as well, so only those of the miner's own are touched. They may
    bear either of its names: those of a round that was being played at the last change kept theirs.
    """
    own = select(submissions.c.id).where(submissions.c.miner_id == miner.id)
    connection.execute(
        update(submissions).where(submissions.c.miner_id == miner.id).values(name=after)
    )
    entered = select(entries.c.id, entries.c.name, entries.c.sha256)
    for entry in connection.execute(entered.where(entries.c.submission_id.in_(own))).all():
        behind = entry.name.removeprefix(miner.shown)
        name = after + behind
        borne = {miner.name + behind, f"{UNNAMED}{miner.id}{behind}"} - {name}
        connection.execute(update(entries).where(entries.c.id == entry.id).values(name=name))
        sides = (
            (games.c.first_name, games.c.first_sha256),
            (games.c.second_name, games.c.second_sha256),
        )
        rode = or_(*(and_(model == entry.sha256, column.in_(borne)) for column, model in sides))
        ids = list(connection.scalars(select(games.c.id).where(rode)))
        for column, model in sides:
            ridden = (model == entry.sha256, column.in_(borne))
            connection.execute(update(games).where(*ridden).values({column: name}))
        for first in range(0, len(ids), GAMES_AT_ONCE):
            _retitle(connection, ids[first : first + GAMES_AT_ONCE])


def _retitle(connection: Connection, game_ids: Sequence[int]) -> None:
    """Give analysed games plain titles with their present names, until they are told again."""
    title = select(games.c.first_name + " against " + games.c.second_name)
    of_game = title.where(games.c.id == analyses.c.game_id).scalar_subquery()
    connection.execute(
        update(analyses)
        .where(analyses.c.game_id.in_(game_ids))
        .values(title=of_game, version=OUTDATED)
    )
    riders = select(duels.c.first_entry_id, duels.c.second_entry_id).join(
        games, games.c.duel_id == duels.c.id
    )
    told = connection.execute(riders.where(games.c.id.in_(game_ids)).distinct()).all()
    met = {entry for pair in told for entry in pair}
    connection.execute(
        update(insights).where(insights.c.entry_id.in_(met)).values(version=OUTDATED)
    )
