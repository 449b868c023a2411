"""Backups: everything that is stored, in one file that either kind of database takes back.

A gzipped tar with ``manifest.json``, one ``tables/NAME.ndjson`` for each table, and the model
files. Tables are read in one state of the database, and models are kept by their content and never
removed, so a backup is whole whatever goes on meanwhile. Rows are plain JSON: what was written from
SQLite can be restored into PostgreSQL, which is how an arena that outgrew the one moves to the
other.
"""

import base64
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, func, insert, select, text

from arena.errors import StorageError
from arena.models import ModelStore
from arena.schema import UtcDateTime, metadata
from arena.storage import Storage
from tron_env.errors import TronArenaError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ROWS_AT_ONCE: Final = 1000

Progress: TypeAlias = Callable[[str], None]


class BackupError(TronArenaError):
    """A backup cannot be written or restored; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    format: int
    revision: str
    """The newest migration of the database it was made from."""
    rows: dict[str, int]
    """By table."""
    sha256: dict[str, str]
    """Of each table's file."""
    models: tuple[str, ...]
    """SHA-256 of each model."""


def write_backup(
    storage: Storage, models: ModelStore, file: Path, progress: Progress | None = None
) -> Manifest:
    """Write everything into ``file``, which is complete or not there.

    Raises:
        BackupError: ``file`` exists or cannot be written.
        StorageError: the database failed, or a model is missing or damaged.
    """
    tell = progress or _ignore
    if file.exists():
        raise BackupError(f"{file} exists already; a backup overwrites nothing")
    draft = file.with_name(f".{file.name}.new")
    try:
        # It holds the open round's seed and models that nobody may see yet.
        with (
            open(draft, "xb", opener=_private) as secret,
            tarfile.open(fileobj=secret, mode="w:gz") as archive,
        ):
            manifest = _write(storage, models, archive, tell)
        draft.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def restore_backup(
    storage: Storage, models: ModelStore, file: Path, progress: Progress | None = None
) -> Manifest:
    """Put everything of a backup into a database without rounds, all or nothing.

    Raises:
        BackupError: the file is no backup or damaged, or the database is not empty.
        StorageError: the database failed, or was made by another version than the backup.
    """
    tell = progress or _ignore
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest = _manifest(archive)
            _check_target(storage, manifest)
            for sha256 in manifest.models:
                content = _member(archive, f"models/{sha256}.onnx").read()
                if models.put(content) != sha256:
                    raise BackupError(f"{file}: model {sha256} is damaged")
            with storage.writing() as connection:
                for table in metadata.sorted_tables:
                    tell(table.name)
                    _restore_table(connection, table, archive, manifest)
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError) as error:
        raise BackupError(f"{file} is no backup, or it is damaged: {error}") from error
    return manifest


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner can read."""
    return os.open(path, flags, 0o600)


def _write(
    storage: Storage, models: ModelStore, archive: tarfile.TarFile, tell: Progress
) -> Manifest:
    rows: dict[str, int] = {}
    hashes: dict[str, str] = {}
    with storage.reading() as connection:
        revision = _revision(connection)
        for table in metadata.sorted_tables:
            tell(table.name)
            with tempfile.TemporaryFile() as lines:
                rows[table.name], hashes[table.name] = _dump(connection, table, lines)
                _add(archive, f"tables/{table.name}.ndjson", lines)
    named = tuple(sorted(storage.named_models()))
    tell("models")
    for sha256 in named:
        _add(archive, f"models/{sha256}.onnx", io.BytesIO(models.get(sha256)))
    manifest = Manifest(FORMAT, revision, rows, hashes, named)
    _add(archive, MANIFEST, io.BytesIO(json.dumps(asdict(manifest), indent=1).encode()))
    return manifest


def _dump(connection: Connection, table: Table, lines: IO[bytes]) -> tuple[int, str]:
    """Write a table's rows; return how many there are, and a hash of all of them."""
    count, total = 0, hashlib.sha256()
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        values = {column.name: _plain(row._mapping[column]) for column in table.columns}
        line = json.dumps(values, separators=(",", ":")).encode() + b"\n"
        lines.write(line)
        total.update(line)
        count += 1
    return count, total.hexdigest()


def _restore_table(
    connection: Connection, table: Table, archive: tarfile.TarFile, manifest: Manifest
) -> None:
    total = hashlib.sha256()

    def values() -> Iterator[dict[str, Any]]:
        for line in _member(archive, f"tables/{table.name}.ndjson"):
            total.update(line)
            row = json.loads(line)
            yield {column.name: _typed(column, row[column.name]) for column in table.columns}

    found = values()
    while batch := list(islice(found, ROWS_AT_ONCE)):
        connection.execute(insert(table), batch)
    if total.hexdigest() != manifest.sha256[table.name]:
        raise BackupError(f"the table {table.name} is damaged in this backup")
    _number_on(connection, table)


def _number_on(connection: Connection, table: Table) -> None:
    """Have PostgreSQL number new rows after the restored ones; SQLite does so by itself."""
    key = table.autoincrement_column
    if key is None or connection.dialect.name != "postgresql":
        return
    newest = connection.scalar(select(func.max(key)))
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": table.name, "column": key.name},
    )
    if newest is not None and sequence is not None and isinstance(key.type, Integer):
        connection.execute(select(func.setval(sequence, newest)))


def _check_target(storage: Storage, manifest: Manifest) -> None:
    if storage.rounds():
        raise BackupError(
            "this database has rounds already; restore into a new one, named by TRON_DATABASE_URL "
            "or TRON_HOME"
        )
    with storage.reading() as connection:
        revision = _revision(connection)
    if revision != manifest.revision:
        raise StorageError(
            f"the backup is of database version {manifest.revision}, this tron-arena has "
            f"{revision}; restore it with the version that wrote it, then upgrade"
        )


def _manifest(archive: tarfile.TarFile) -> Manifest:
    values = json.loads(_member(archive, MANIFEST).read())
    if values["format"] != FORMAT:
        raise BackupError(f"the backup is of format {values['format']}, known is {FORMAT}")
    return Manifest(**values | {"models": tuple(values["models"])})


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise BackupError(f"{name} is missing")
    return found


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    archive.addfile(entry, content)


def _revision(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(column: Column[Any], value: Any) -> object:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    return datetime.fromisoformat(value) if isinstance(column.type, UtcDateTime) else value


def _ignore(_table: str) -> None:
    """Show no progress."""
