"""`tron round`: the life of rounds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from arena.cli_compare import compare
from arena.cli_round_shown import list_, log, progress, show_round, status
from arena.cli_schedule import schedule
from arena.cli_terms import (
    BUDGET_OPTION,
    JSON_OPTION,
    STARTS_OPTION,
    executor_options,
    terms_options,
)

if TYPE_CHECKING:
    from arena.estimate import Estimate
    from arena.executors.base import Executor
    from arena.records import NewEntry, RoundRow
    from arena.settings import Settings


@click.group("round")
def round_() -> None:
    """Open, close, play and show rounds."""


for command in (compare, list_, log, progress, schedule, show_round, status):
    round_.add_command(command)


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
@terms_options
@BUDGET_OPTION
@click.option("--dry-run", is_flag=True, help="Show the field and the cost, and change nothing.")
@click.option("--run", "then_run", is_flag=True, help="Play the round at once.")
@executor_options
@JSON_OPTION
def close(
    form: str,
    stages: int | None,
    starts: int | None,
    budget: float | None,
    dry_run: bool,
    then_run: bool,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Freeze the open round's field and publish its seed; opens the next round.

    Prints how many CPU-hours it will take, and refuses above the operator's budget.
    """
    from arena import rounds
    from arena.cli_terms import executor_of, terms_of
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    executor = executor_of(settings, workers, engine, address)
    budget = settings.round_cpu_hours if budget is None else budget
    models = ModelStore(settings.models)
    with open_storage(settings) as storage:
        terms = terms_of(form, stages, starts or rounds.ensure_open(storage).starts)
        if dry_run:
            field, cost = rounds.preview(storage, models, terms=terms, budget_hours=budget)
            _show_preview(field, cost, as_json)
            return
        row = rounds.close_round(storage, models, terms=terms, budget_hours=budget)
    hours = (row.estimated_cpu_seconds or 0.0) / 3600.0
    text = (
        f"round {row.number} is closed: {row.entrants} entrants, {row.duels_total} duels of "
        f"{2 * row.starts} games, about {hours:.3g} CPU-hours, seed {row.seed}"
    )
    if then_run:
        click.echo(text, err=True)
        _run(settings, executor, row.number, as_json)
    else:
        _show_round(row, text, as_json)


@round_.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@executor_options
@JSON_OPTION
def run(
    number: int | None, workers: int | None, engine: str, address: str | None, as_json: bool
) -> None:
    """Play what is left of a closed round [default: the oldest unfinished], and crown the best.

    May be killed at any moment and run again, by the same engine or another.
    """
    from arena.cli_terms import executor_of
    from arena.settings import load_settings

    settings = load_settings()
    _run(settings, executor_of(settings, workers, engine, address), number, as_json)


@round_.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why; goes into the audit log.")
def cancel(number: int, reason: str) -> None:
    """Give up the closed round NUMBER; its submissions go on to the open one."""
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        moved = storage.cancel(number, reason)
    click.echo(f"round {number} is cancelled; {moved} submissions went on to the open round")


@round_.command()
@click.argument("submission", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why; its author sees it, and so does the log.")
def withdraw(submission: int, reason: str) -> None:
    """Take SUBMISSION, a number, out: it rides in no round that closes from now on.

    What was played stays as it is; a champion does not defend its crown.
    """
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = storage.take_out(submission, reason)
    click.echo(f"submission {row.id} of {row.name} is withdrawn")


@round_.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why; goes into the audit log.")
@executor_options
@JSON_OPTION
def rerun(
    number: int,
    reason: str,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
) -> None:
    """Play round NUMBER again from its frozen field and seed, and say whether it came out the same.

    What was stored of it is removed; the audit log keeps its standings, and a hash of its replays.
    """
    from arena.cli_terms import executor_of
    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    executor = executor_of(settings, workers, engine, address)
    with open_storage(settings) as storage:
        before = storage.reset(number, reason)
    _run(settings, executor, number, as_json)
    with open_storage(settings) as storage:
        same = storage.replays_digest(number) == before
    result = "the same replays as before" if same else "other replays than before"
    click.echo(f"round {number} gave {result}", err=True)


def _run(settings: "Settings", executor: "Executor", number: int | None, as_json: bool) -> None:
    from arena import comparison
    from arena.cli_report import print_json, round_json, show, standings_table
    from arena.runner import run_round
    from arena.storage import open_storage
    from tron_env.cli_progress import progress_shown

    with open_storage(settings) as storage:
        with progress_shown("playing", "duels") as tell:
            row = run_round(
                storage,
                executor,
                number=number,
                progress=lambda state: tell(state.duels_done, state.duels_total),
            )
        entries, results = storage.entries(row.number), storage.results(row.number)
    if as_json:
        print_json(round_json(row, entries))
        return
    used = sum(entry.usage.cpu_seconds for entry in entries) / 3600.0
    reference = sum(entry.usage.reference_seconds for entry in entries) / 3600.0
    expected = (row.estimated_cpu_seconds or 0.0) / 3600.0
    light = next((e.name for e in entries if e.id == row.light_champion_entry_id), "nobody")
    show(
        standings_table(entries, comparison.compare([entry.id for entry in entries], results)),
        "",
        f"{entries[0].name} is champion of round {row.number}; light champion: {light}",
        f"models used {used:.3g} CPU-hours here, {reference:.3g} of the reference machine; "
        f"{expected:.3g} of those were expected",
    )


def _show_round(row: "RoundRow", text: str, as_json: bool) -> None:
    from arena.cli_report import print_json, round_json

    if as_json:
        print_json(round_json(row))
    else:
        click.echo(text)


def _show_preview(field: Sequence["NewEntry"], cost: "Estimate", as_json: bool) -> None:
    from dataclasses import asdict

    from arena.cli_report import field_table, print_json, show

    if as_json:
        print_json({"field": [asdict(entry) for entry in field], "estimate": asdict(cost)})
        return
    stages = f" in {cost.terms.stages} stages" if cost.terms.stages > 1 else ""
    show(
        field_table(field),
        "",
        f"{cost.entrants} entrants, {cost.terms.format}{stages}: {cost.duels} duels, "
        f"{cost.games} games, about {cost.cpu_hours:.3g} CPU-hours; nothing is changed",
    )
