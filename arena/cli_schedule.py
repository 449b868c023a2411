"""`tron round schedule`: rounds by the clock."""

import signal
import threading

import click

from arena.cli_terms import BUDGET_OPTION, executor_options, terms_options


@click.command()
@click.option("--every", required=True, help="From one closing to the next: 24h, 90m, 1h30m.")
@terms_options
@BUDGET_OPTION
@executor_options
def schedule(
    every: str,
    form: str,
    stages: int | None,
    starts: int | None,
    budget: float | None,
    workers: int | None,
    engine: str,
    address: str | None,
) -> None:
    """Close and play a round every so often, until stopped.

    May be started more than once, on several machines too: one leads, the others wait for it to
    end. May be killed at any moment. A round that nobody submitted to stays open; one above the
    budget has fewer starts, or else is Swiss.
    """
    from arena.cli_terms import executor_of, terms_of
    from arena.durations import parse_span
    from arena.models import ModelStore
    from arena.rounds import DEFAULT_STARTS
    from arena.scheduler import Plan, Scheduler
    from arena.settings import load_settings
    from arena.storage import open_storage

    try:
        span = parse_span(every)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--every") from error
    settings = load_settings()
    models = ModelStore(settings.models)
    plan = Plan(
        every=span,
        terms=terms_of(form, stages, starts or DEFAULT_STARTS),
        budget_hours=settings.round_cpu_hours if budget is None else budget,
    )
    stop = threading.Event()
    # While a round is played the second signal is needed: nothing that is stored is lost by it.
    signal.signal(signal.SIGTERM, lambda *_: _end(stop))
    executor = executor_of(settings, workers, engine, address)
    with open_storage(settings) as storage:
        scheduler = Scheduler(storage, models, executor, plan, tell=click.echo)
        try:
            scheduler.run(stop)
        except KeyboardInterrupt:
            click.echo("stopped; what was played is kept")


def _end(stop: threading.Event) -> None:
    if stop.is_set():
        raise KeyboardInterrupt
    stop.set()
