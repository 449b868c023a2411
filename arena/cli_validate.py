"""`tron validate`: every admission check of a model, before it is submitted."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from arena.validation import Verdict


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def validate(model: Path, as_json: bool) -> None:
    """Check whether MODEL, an ONNX file, may enter a round, and measure it.

    It is only ever loaded in a confined process. The exit status is 1 for a rejected model.
    """
    from arena.limits import Limits, read_model
    from arena.validation import validate_model
    from tron_env.cli_progress import steps_shown

    limits = Limits()
    with steps_shown(f"checking {model.name}") as tell:
        verdict = validate_model(read_model(model, limits), limits=limits, progress=tell)
    if as_json:
        click.echo(json.dumps(asdict(verdict) | {"light": verdict.light}, indent=2))
    else:
        _show(model.name, verdict)
    if not verdict.accepted:
        sys.exit(1)


def _show(name: str, verdict: "Verdict") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in verdict.checks:
        mark = Text("ok", "green") if check.passed else Text("FAIL", "bold red")
        table.add_row(mark, Text(check.name, "bold"), Text(check.detail))
    console = Console(highlight=False, soft_wrap=False)
    console.print(table)
    console.print()
    if not verdict.accepted:
        console.print(Text(f"{name} is rejected.", "bold red"))
    elif verdict.light:
        console.print(Text(f"{name} is accepted, in the light division.", "green"))
    else:
        console.print(Text(f"{name} is accepted.", "green"))
