"""`tron backup` and `tron restore`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from arena.backup import Manifest


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write everything that is stored, models included, into FILE (a .tar.gz).

    May run beside rounds and the site: what it writes is one state of the database.
    """
    from arena.backup import write_backup
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import steps_shown

    settings = load_settings()
    with open_storage(settings) as storage, steps_shown("writing") as tell:
        manifest = write_backup(storage, ModelStore(settings.models), file, tell)
    click.echo(f"{file}: {_content(manifest)}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup into the database and home that the settings name, which must be new.

    A backup of SQLite may be restored into PostgreSQL, and the other way round.
    """
    from arena.backup import restore_backup
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import steps_shown

    settings = load_settings()
    with open_storage(settings) as storage, steps_shown("restoring") as tell:
        manifest = restore_backup(storage, ModelStore(settings.models), file, tell)
    click.echo(f"restored {_content(manifest)}; `tron fsck` checks all of it")


def _content(manifest: "Manifest") -> str:
    rows = manifest.rows
    return (
        f"{rows['rounds']} rounds, {rows['duels']} duels, {rows['games']} games and "
        f"{len(manifest.models)} models"
    )
