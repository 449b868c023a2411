"""Backups: whole, of either kind of database into either, and refused where anything is wrong."""

import gzip

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from arena import cli_backup
from arena.backup import BackupError, restore_backup, write_backup
from arena.errors import StorageError
from arena.fsck import check_all
from arena.models import ModelStore
from arena.runner import run_round
from arena.schema import metadata
from arena.storage import Storage
from tests.arena.entering import submitted
from tests.arena.rivals import SerialExecutor, closed_round, rival

THREE = {f"rival-{seed}": rival(seed) for seed in range(3)}


@pytest.fixture
def played(database_url, tmp_path):
    models = ModelStore(tmp_path / "models")
    with Storage(database_url) as storage:
        closed_round(storage, models, THREE, starts=1)
        run_round(storage, SerialExecutor(models))
        submitted(storage, "late", models.put(rival(7)))
        yield storage, models


@pytest.fixture
def elsewhere(database_url, tmp_path, request):
    """An empty database of the other kind, and an empty folder."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    if database_url.startswith("sqlite"):
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh(request.getfixturevalue("migrated")))
    with Storage(url) as storage:
        yield storage, ModelStore(tmp_path / "restored")


def content(storage):
    with storage.reading() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


def test_a_backup_moves_everything_to_the_other_kind_of_database(played, elsewhere, tmp_path):
    storage, models = played
    other, restored = elsewhere
    file = tmp_path / "arena.tar.gz"
    written = write_backup(storage, models, file)
    assert (written.rows["rounds"], written.rows["games"], len(written.models)) == (2, 6, 4)
    assert restore_backup(other, restored, file) == written
    assert content(other) == content(storage)
    assert check_all(other, restored).findings == []
    before = max(row.id for row in other.submissions(2))
    assert submitted(other, "new", restored.put(rival(8))).id > before


def test_a_backup_overwrites_nothing_and_a_restore_neither(played, elsewhere, tmp_path):
    storage, models = played
    file = tmp_path / "arena.tar.gz"
    write_backup(storage, models, file)
    with pytest.raises(BackupError, match="exists already"):
        write_backup(storage, models, file)
    with pytest.raises(BackupError, match="has rounds already"):
        restore_backup(storage, models, file)


def test_a_missing_model_leaves_no_half_written_backup(played, tmp_path):
    storage, models = played
    models.path(storage.entries(1)[0].sha256).unlink()
    with pytest.raises(StorageError, match="missing"):
        write_backup(storage, models, tmp_path / "arena.tar.gz")
    assert not list(tmp_path.glob("*arena.tar.gz*"))


@pytest.mark.parametrize("harm", ["cut", "changed", "nonsense"])
def test_a_damaged_backup_changes_nothing(played, elsewhere, tmp_path, harm):
    storage, models = played
    other, restored = elsewhere
    file = tmp_path / "arena.tar.gz"
    write_backup(storage, models, file)
    inside = gzip.decompress(file.read_bytes())
    harmed = {
        "cut": inside[: len(inside) // 2],
        "changed": inside.replace(b'"name":"late"', b'"name":"lazy"'),
        "nonsense": b"I am a text file" * 100,
    }
    file.write_bytes(gzip.compress(harmed[harm]))
    with pytest.raises(BackupError, match="damaged"):
        restore_backup(other, restored, file)
    assert other.rounds() == ()


def test_the_commands(tmp_path, monkeypatch):
    file = tmp_path / "arena.tar.gz"
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    with Storage(f"sqlite:///{tmp_path / 'home' / 'arena.db'}") as storage:
        closed_round(storage, ModelStore(tmp_path / "home" / "models"), THREE, starts=1)
    result = CliRunner().invoke(cli_backup.backup, [str(file)])
    assert result.exit_code == 0
    assert "2 rounds, 3 duels, 0 games and 3 models" in result.output
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "new"))
    result = CliRunner().invoke(cli_backup.restore, [str(file)])
    assert result.exit_code == 0
    assert "restored 2 rounds" in result.output
