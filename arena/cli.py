"""The commands `tron submit`, `tron duel` and `tron round`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli_duel import duel

if TYPE_CHECKING:
    from arena.executors.base import Executor
    from arena.records import RoundRow
    from arena.settings import Settings

__all__ = ["duel", "round_", "submit"]

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
STARTS_OPTION = click.option(
    "--starts",
    type=click.IntRange(1, 1000),
    help="Starts a pair meets in, each twice with seats exchanged [default: the round's, 4].",
)
WORKERS_OPTION = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    help="Processes to play with [default: $TRON_WORKERS, else one a core].",
)

ENGINE_OPTION = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Play on this machine's cores, or on a Ray cluster [default: local].",
)
ADDRESS_OPTION = click.option(
    "--address",
    metavar="auto|HOST:PORT",
    help="The Ray cluster to play on [default: one of this machine alone].",
)


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


@click.group("round")
def round_() -> None:
    """Open, close, play and show rounds."""


@round_.command("open")
@STARTS_OPTION
@JSON_OPTION
def open_(starts: int | None, as_json: bool) -> None:
    """Open a round, or show the one that is open; closing a round opens the next by itself."""
    from arena import rounds
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = rounds.ensure_open(storage)
        if starts is not None:
            storage.set_starts(row.number, starts)
            row = rounds.ensure_open(storage)
    _show_round(row, f"round {row.number} is open, {row.starts} starts a pair", as_json)


@round_.command()
@STARTS_OPTION
@click.option("--run", "then_run", is_flag=True, help="Play the round at once.")
@WORKERS_OPTION
@JSON_OPTION
def close(starts: int | None, then_run: bool, workers: int | None, as_json: bool) -> None:
    """Freeze the open round's field and publish its seed; opens the next round."""
    from arena import rounds
    from arena.executors import make_executor
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    with open_storage(settings) as storage:
        row = rounds.close_round(storage, ModelStore(settings.models), starts=starts)
    text = (
        f"round {row.number} is closed: {row.entrants} entrants, {row.duels_total} duels of "
        f"{2 * row.starts} games, seed {row.seed}"
    )
    if then_run:
        click.echo(text, err=True)
        executor = make_executor("local", ModelStore(settings.models), workers or settings.workers)
        _run(settings, executor, row.number, as_json)
    else:
        _show_round(row, text, as_json)


@round_.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@WORKERS_OPTION
@ENGINE_OPTION
@ADDRESS_OPTION
@JSON_OPTION
def run(
    number: int | None, workers: int | None, engine: str, address: str | None, as_json: bool
) -> None:
    """Play what is left of a closed round [default: the oldest unfinished], and crown the best.

    May be killed at any moment and run again, by the same engine or another.
    """
    from arena.executors import make_executor
    from arena.models import ModelStore
    from arena.settings import load_settings

    if address is not None and engine != "ray":
        raise click.UsageError("--address names a Ray cluster; add --engine ray")
    settings = load_settings()
    executor = make_executor(
        engine, ModelStore(settings.models), workers or settings.workers, address
    )
    _run(settings, executor, number, as_json)


@round_.command()
@JSON_OPTION
def status(as_json: bool) -> None:
    """Show what is open, what is being played, and who reigns."""
    from dataclasses import asdict

    from arena import rounds
    from arena.cli_report import comparison_json, cycle_lines, print_json, round_json
    from arena.comparison import compare
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        opened = rounds.ensure_open(storage)
        submissions = storage.live_submissions(opened.number)
        running = storage.unfinished_round()
        champion = storage.champion()
        table = () if champion is None else storage.entries(champion.round)
        results = () if champion is None else storage.results(champion.round)
    compared = compare([entry.id for entry in table], results)
    if as_json:
        print_json(
            {
                "open_round": round_json(opened),
                "submissions": [asdict(row) for row in submissions],
                "running": None if running is None else round_json(running),
                "champion": None if champion is None else asdict(champion),
                "comparison": comparison_json(table, compared),
            }
        )
        return
    names = ", ".join(row.name for row in submissions) or "no submissions yet"
    click.echo(f"round {opened.number} is open: {names}")
    if running is not None:
        done = f"{running.duels_done} of {running.duels_total} duels played"
        click.echo(f"round {running.number} is {running.status}: {done}")
    if champion is not None:
        sure = compared.better_than_next[0] or 0.0
        click.echo(
            f"champion: {champion.name}, of round {champion.round}; "
            f"better than {table[1].name} with a likelihood of {100 * sure:.0f}%"
        )
        for line in cycle_lines(table, compared)[:1]:
            click.echo(f"clearest circle: {line}")


@round_.command("list")
@JSON_OPTION
def list_(as_json: bool) -> None:
    """List all rounds, newest first."""
    from arena.cli_report import print_json, round_json, rounds_table, show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        rows = storage.rounds()
        champions = {champion.round: champion.name for champion in storage.champions()}
    if as_json:
        print_json([round_json(row) | {"champion": champions.get(row.number)} for row in rows])
    else:
        show(rounds_table(rows, champions))


@round_.command("show")
@click.argument("number", type=click.IntRange(min=1), required=False)
@JSON_OPTION
def show_round(number: int | None, as_json: bool) -> None:
    """Show a round's standings and cross table [default: the newest finished]."""
    from dataclasses import asdict

    from arena.cli_report import (
        comparison_json,
        cross_table,
        cycle_lines,
        forfeits_table,
        print_json,
        round_json,
        show,
        standings_table,
    )
    from arena.comparison import compare
    from arena.runner import RoundError
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = storage.latest_done_round() if number is None else storage.round(number)
        if row is None:
            raise RoundError(
                "no round is done yet; see `tron round status`"
                if number is None
                else f"there is no round {number}; see `tron round list`"
            )
        entries, duels = storage.entries(row.number), storage.duels(row.number)
        forfeits = storage.forfeits(row.number)
        results = storage.results(row.number)
    compared = compare([entry.id for entry in entries], results)
    if as_json:
        found = [asdict(forfeit) for forfeit in forfeits]
        more = {"forfeits": found, "comparison": comparison_json(entries, compared)}
        print_json(round_json(row, entries, duels) | more)
        return
    click.echo(f"round {row.number}, {row.status}: {row.duels_done} of {row.duels_total} duels")
    show("", standings_table(entries, compared), "", cross_table(entries, duels))
    if compared.cycles:
        show("", *cycle_lines(entries, compared))
    if forfeits:
        show("", forfeits_table(forfeits))


def _run(settings: "Settings", executor: "Executor", number: int | None, as_json: bool) -> None:
    from arena.cli_report import print_json, round_json, show, standings_table
    from arena.runner import run_round
    from arena.storage import open_storage
    from tron_env.cli_progress import progress_shown

    with open_storage(settings) as storage:
        with progress_shown("playing", "duels") as tell:
            row = run_round(
                storage,
                executor,
                settings.home,
                number=number,
                progress=lambda state: tell(state.duels_done, state.duels_total),
            )
        entries = storage.entries(row.number)
    if as_json:
        print_json(round_json(row, entries))
        return
    show(standings_table(entries), "", f"{entries[0].name} is champion of round {row.number}")


def _show_round(row: "RoundRow", text: str, as_json: bool) -> None:
    from arena.cli_report import print_json, round_json

    if as_json:
        print_json(round_json(row))
    else:
        click.echo(text)
