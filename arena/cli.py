"""The commands `tron submit` and `tron duel`."""

import sys
from pathlib import Path

import click

from arena.cli_duel import duel

__all__ = ["duel", "submit"]

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What it plays as; the latest valid file counts.")
@JSON_OPTION
def submit(model: Path, name: str, as_json: bool) -> None:
    """Enter MODEL, an ONNX file, into the open round.

    It is validated first, as by `tron validate`; a rejected file ends with status 1.
    """
    from dataclasses import asdict

    from arena import rounds
    from arena.cli_report import print_json
    from arena.limits import Limits, read_model
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import steps_shown

    settings = load_settings()
    limits = Limits()
    content = read_model(model, limits)
    with open_storage(settings) as storage, steps_shown(f"checking {model.name}") as tell:
        row, verdict = rounds.submit(
            storage, ModelStore(settings.models), content, name, limits=limits, progress=tell
        )
    if as_json:
        print_json(asdict(row) | {"verdict": asdict(verdict)})
    elif verdict.accepted:
        click.echo(f"{name} is in round {row.round} (submission {row.id}, {row.sha256[:12]})")
    else:
        click.echo(f"{name} is rejected: {row.reason}", err=True)
    if not verdict.accepted:
        sys.exit(1)
