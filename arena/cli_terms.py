"""Options that several of the arena's commands take."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from arena.estimate import Terms
    from arena.executors.base import Executor
    from arena.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
STARTS_OPTION = click.option(
    "--starts",
    type=click.IntRange(1, 1000),
    help="Starts a pair meets in, each twice with seats exchanged [default: the round's, 4].",
)
BUDGET_OPTION = click.option(
    "--budget",
    type=click.FloatRange(min=0.0, min_open=True),
    help="The most CPU-hours a round may be expected to take [default: $TRON_ROUND_CPU_HOURS].",
)
WORKERS_OPTION = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    help="Processes to work with [default: $TRON_WORKERS, else one a core].",
)


def terms_options(command: Command) -> Command:
    """Give a command the options that say how a round is played."""
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(["round-robin", "swiss"]),
            default="round-robin",
            show_default=True,
            help="Every pair, or stages between neighbours in the table, for large fields.",
        ),
        click.option(
            "--stages",
            type=click.IntRange(min=1),
            help="Stages of a Swiss round [default: enough to find the best, and two more].",
        ),
        STARTS_OPTION,
    )
    for option in reversed(options):
        command = option(command)
    return command


def terms_of(form: str, stages: int | None, starts: int) -> "Terms":
    """Return what ``terms_options`` say."""
    from arena.estimate import Terms
    from arena.records import RoundFormat

    if stages is not None and form != RoundFormat.SWISS:
        raise click.UsageError("--stages is for --format swiss")
    return Terms(RoundFormat(form), stages or 0, starts)


def executor_options(command: Command) -> Command:
    """Give a command the options that say where blocks are played."""
    options = (
        WORKERS_OPTION,
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            default="local",
            help="Play on this machine's cores, or on a Ray cluster [default: local].",
        ),
        click.option(
            "--address",
            metavar="auto|HOST:PORT",
            help="The Ray cluster to play on [default: one of this machine alone].",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def executor_of(
    settings: "Settings", workers: int | None, engine: str, address: str | None
) -> "Executor":
    """Return what ``executor_options`` say."""
    from arena.executors import make_executor
    from arena.models import ModelStore

    if address is not None and engine != "ray":
        raise click.UsageError("--address names a Ray cluster; add --engine ray")
    models = ModelStore(settings.models)
    return make_executor(engine, models, workers or settings.workers, address)
