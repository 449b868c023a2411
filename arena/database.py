"""One database: opening it, bringing it up to date, reading and writing in transactions."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from arena.errors import DatabaseAwayError, StorageError

BUSY_SECONDS = 30
"""How long a writer waits for another process's transaction."""
ANSWER_SECONDS = 10
"""How long a server may take to answer a new connection; libpq would wait for ever."""
WRITES = "tron_writes"
SNAPSHOT: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""PostgreSQL lets a transaction see one state only where asked; SQLite always does."""
SECONDS_A_DAY: Final = 86_400.0
MIGRATION_LOCK = 0x74726F6E
"""PostgreSQL advisory lock held while migrating."""


class Database:
    """A database at its newest migration; safe to share between threads.

    SQLite runs in WAL mode, so that the site reads while a round writes, and every writing
    transaction takes the write lock at its beginning, so that none fails half-way for want of it.

    Raises:
        StorageError: the database cannot be opened or brought up to date.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._one_state: dict[str, Any] = {} if is_sqlite else SNAPSHOT
        try:
            self._migrate()
        except StorageError as error:
            self.engine.dispose()
            raise StorageError(f"cannot use {self.engine.url}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database.

        Raises:
            StorageError: the database failed.
        """
        with _translated(), self.engine.connect() as plain:
            yield plain.execution_options(**self._one_state)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose changes are all kept, or none where the block raises.

        Raises:
            StorageError: the database failed.
        """
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", "arena:migrations")
        head = ScriptDirectory.from_config(config).get_current_head()
        with self.reading() as connection:
            if MigrationContext.configure(connection).get_current_revision() == head:
                return
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}
                )
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StorageError(
                    f"this database was made by another version of tron-arena: {error}"
                ) from error


def packed(value: object) -> bytes:
    """Return plain data as compressed JSON, for a column that no query looks into."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)


def unpacked(stored: bytes) -> Any:
    """Return what ``packed`` was given."""
    return json.loads(zlib.decompress(stored))


def database_time(connection: Connection) -> float:
    """Return the database's time, in seconds, so that clocks of its users need not agree."""
    if connection.dialect.name == "sqlite":
        days = connection.scalar(text("SELECT julianday('now') - julianday('1970-01-01')"))
        return float(days or 0.0) * SECONDS_A_DAY
    return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error)
        kind = DatabaseAwayError if _is_away(error) else StorageError
        raise kind(f"the database failed: {' '.join(reason.split())}") from error


def _is_away(error: SQLAlchemyError) -> bool:
    """Return whether the same may be asked again; SQLite names faults of the question so too."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    try:
        if parsed.get_backend_name() != "sqlite":
            # What the URL says itself goes first.
            patience = {"connect_timeout": str(ANSWER_SECONDS)} | dict(parsed.query)
            return create_engine(parsed.set(query=patience), pool_pre_ping=True)
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    except ModuleNotFoundError as error:
        raise StorageError(
            f"{parsed} needs the Python package {error.name}; pip install it"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(f"cannot use the database: {' '.join(str(error).split())}") from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling commits before DDL; ours begins explicitly.
    connection.isolation_level = None
    cursor: Any = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
