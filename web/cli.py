"""`tron serve` and `tron up`."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from arena.settings import Settings
    from web.first_round import FirstRound
    from web.services import Services

POLL_SECONDS = 0.5
DEFAULT_PORT = 8000
NEVER = timedelta(0)
DAILY = timedelta(days=1)

_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to serve on; 0 picks a free one.",
)


class _Every(click.ParamType[timedelta]):
    name = "24h|90m|never"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the span of time; never is none at all."""
        from arena.durations import parse_span

        try:
            return NEVER if value == "never" else parse_span(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_every = click.option(
    "--every",
    type=_Every(),
    help="Close and play a round so often "
    "[default: $TRON_ROUND_EVERY, else 24h with `tron up` and never with `tron serve`].",
)
_accept = click.option(
    "--i-accept-unsandboxed",
    "accept_unsandboxed",
    is_flag=True,
    help="Take models over the network though this machine cannot confine them; see `tron doctor`.",
)


@click.command()
@_host
@_port
@_every
@_accept
def serve(host: str, port: int, every: timedelta | None, accept_unsandboxed: bool) -> None:
    """Serve the site: live play, rounds, replays, JSON interface.

    What belongs to it runs beside: submissions are checked, games analysed, and rounds closed and
    played by the clock where --every says so.
    """
    with _ending_cleanly(), _site(host, port, accept_unsandboxed) as site:
        site.stay(site.settings.round_every if every is None else every)


@click.command()
@_host
@_port
@_every
@_accept
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for all state [default: as for `tron`].",
)
def up(
    host: str, port: int, every: timedelta | None, home: Path | None, accept_unsandboxed: bool
) -> None:
    """Serve the site at once; on an empty home, play a first round behind it.

    Everything that belongs to it runs beside: submissions are checked, games analysed, and a round
    that somebody has submitted to is closed and played every 24 hours.
    """
    import os

    if home is not None:
        os.environ["TRON_HOME"] = str(home.resolve())
    with _ending_cleanly(), _site(host, port, accept_unsandboxed) as site:
        if site.services.storage.latest_done_round() is None:
            _play_first_round(site.services, site.settings)
        site.stay((site.settings.round_every or DAILY) if every is None else every)


@dataclass(frozen=True)
class _Site:
    """A site that is served."""

    services: "Services"
    settings: "Settings"
    serving: threading.Thread

    def stay(self, every: timedelta | None) -> None:
        """Close and play a round so often, until Ctrl-C or SIGTERM.

        The server ends by itself only where live play broke.
        """
        from web.behind import scheduling

        with scheduling(self.settings, every or None):
            self.serving.join()
        raise click.ClickException("live play broke, as the log tells: start the site again")


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a quiet end, from the first moment on."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nstopped")


@contextmanager
def _site(host: str, port: int, accept_unsandboxed: bool) -> Iterator[_Site]:
    from dataclasses import replace

    from web.app import create_app
    from web.behind import behind
    from web.config import load_config
    from web.logs import start_logging
    from web.server import Server
    from web.services import EXTENSION

    config = replace(load_config(), accept_unsandboxed=accept_unsandboxed)
    start_logging(as_json=config.log_json)
    app = create_app(config)
    server = Server(app, host, port)
    services: Services = app.extensions[EXTENSION]
    services.warm_up()
    services.start()
    thread = threading.Thread(target=server.serve, name="server")
    thread.start()
    try:
        champion = services.opponents.champion()
        click.echo(f"Tron Arena is up   {click.style(server.url, bold=True)}   (Ctrl-C ends it)")
        click.echo(f"Champion           {champion.name}, {champion.label}")
        lacking = services.miners.lacking
        if lacking:
            click.echo(
                f"No models are taken: this machine lacks {lacking} "
                "(--i-accept-unsandboxed allows them all the same)",
                err=True,
            )
        with behind(config.arena, checks=not lacking, accept_unsandboxed=accept_unsandboxed):
            yield _Site(services, config.arena, thread)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.stop()
        thread.join()
        services.close()


def _play_first_round(services: "Services", settings: "Settings") -> None:
    from web.first_round import FirstRound

    child = FirstRound(settings)
    try:
        _follow(services, child)
    finally:
        child.stop()
    if child.failure is not None:
        click.echo(f"The first round stopped: {child.failure}", err=True)
        click.echo(
            "The site goes on with its present champion; `tron up` again resumes the round.",
            err=True,
        )
        return
    champion = services.opponents.champion()
    services.warm_up()
    click.echo(f"Champion           {champion.name}, {champion.label}")


def _follow(services: "Services", child: "FirstRound") -> None:
    """Show the round's progress until the child ends."""
    from tron_env.cli_progress import progress_shown

    shown: tuple[int, int] | None = None
    with progress_shown("First round", "duels") as show:
        pause = threading.Event()
        running = True
        while running:
            running = child.running  # asked first, so that the last duels are shown too
            row = services.storage.unfinished_round() or services.storage.latest_done_round()
            if row is not None and shown != (row.duels_done, row.duels_total):
                shown = row.duels_done, row.duels_total
                show(*shown)
            pause.wait(POLL_SECONDS)
