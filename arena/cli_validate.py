"""`tron validate`: every admission check of a model and its trial games, before it is submitted."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arena.inspection import Check
    from arena.limits import Limits
    from arena.trial import PlayedTrial, Trial
    from arena.validation import Verdict


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trial/--no-trial",
    default=True,
    help="Play trial games against the anchors, as a server does [default: yes].",
)
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to keep the trial games' replays in.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Draw the fresh positions as another check did [default: anew].",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def validate(model: Path, trial: bool, save: Path | None, seed: int | None, as_json: bool) -> None:
    """Check whether MODEL, an ONNX file, may enter a round, and measure it.

    It is only ever loaded in a confined process. The exit status is 1 for a rejected model.
    """
    from arena.admission import shipped_under_other_names
    from arena.limits import Limits, read_model
    from arena.validation import validate_model
    from tron_env.cli_progress import steps_shown

    limits = Limits()
    content = read_model(model, limits)
    with steps_shown(f"checking {model.name}") as tell:
        verdict = validate_model(content, limits=limits, seed=seed, progress=tell)
    if not as_json:
        show_checks(verdict.checks)
    known, played, checked = shipped_under_other_names(verdict), None, len(verdict.checks)
    if trial and verdict.accepted:
        verdict, played = _tried(content, verdict, limits)
        if save is not None:
            _save(save, played)
    if not as_json:
        show_checks(verdict.checks[checked:])
        _show_end(model.name, verdict)
        if known:
            click.secho(f"A server refuses it all the same: {known}.", fg="yellow")
    if as_json:
        found: dict[str, Any] = asdict(verdict) | {"light": verdict.light, "known": known}
        if played is not None:
            found["trial"] = asdict(played.trial)
        click.echo(json.dumps(found, indent=2))
    elif played is not None:
        show_trial(played.trial)
    if not verdict.accepted:
        sys.exit(1)


def show_checks(checks: "Sequence[Check]") -> None:
    """Print checks that ran."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark = Text("ok", "green") if check.passed else Text("FAIL", "bold red")
        table.add_row(mark, Text(check.name, "bold"), Text(check.detail))
    console = Console(highlight=False, soft_wrap=False)
    console.print(table)
    console.print()


def show_trial(trial: "Trial") -> None:
    """Print what the trial games came to."""
    from itertools import groupby

    from arena.trial import PLACED_STARTS

    for opponent, games in groupby(trial.games, key=lambda game: game.opponent):
        met = list(games)
        points = sum(game.points for game in met)
        click.echo(f"  {points:4g} of {len(met)}  against {opponent}")
        for reason in sorted({game.reason for game in met if game.reason}):
            click.echo(f"        forfeits: {reason}")
    found = trial.estimate
    if found is None:
        click.echo(
            f"{trial.points:g} of {len(trial.games)} points; a place can be told where a finished "
            f"round has rated the anchors, and after {PLACED_STARTS} starts against them"
        )
        return
    click.echo(
        f"In round {found.round} it would have finished {found.rank} of {found.entrants} by rating "
        f"({found.rank_best} to {found.rank_worst}): {found.rating:.0f} "
        f"({found.rating_low:.0f} to {found.rating_high:.0f})"
    )


def _tried(content: bytes, verdict: "Verdict", limits: "Limits") -> "tuple[Verdict, PlayedTrial]":
    from arena.admission import tried
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import progress_shown

    with open_storage(load_settings()) as storage, progress_shown("trial", "games") as tell:
        return tried(storage, content, verdict, limits, tell)


def _save(folder: Path, played: "PlayedTrial") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for game, replay in zip(played.trial.games, played.replays, strict=True):
        (folder / f"{game.number:02}-{game.opponent}.trp").write_bytes(replay)


def _show_end(name: str, verdict: "Verdict") -> None:
    if not verdict.accepted:
        click.secho(f"{name} is rejected.", fg="red", bold=True)
    elif verdict.light:
        click.secho(f"{name} is accepted, in the light division.", fg="green")
    else:
        click.secho(f"{name} is accepted.", fg="green")
