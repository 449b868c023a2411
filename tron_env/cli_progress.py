"""Progress of long commands: a bar with rate and remaining time on a terminal, else plain lines.

Everything goes to standard error, so that ``--json`` on standard output stays clean.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

PLAIN_EVERY_SECONDS = 5.0


@contextmanager
def progress_shown(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to tell how many of how many units are done."""
    if sys.stderr.isatty():
        with _bar(title, unit) as tell:
            yield tell
    else:
        yield _Lines(title, unit)


@contextmanager
def steps_shown(title: str) -> Iterator[Callable[[str], None]]:
    """Yield a function to tell which step is taken now, of work that takes a minute at most.

    A terminal shows it with the time since the beginning; elsewhere nothing is said.
    """
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title)
        yield lambda step: progress.update(task, description=f"{title}: {step}")


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=None, rate="")
        rate = _Rate()

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, rate=rate.text(done))

        yield tell


class _Rate:
    """Units a second since the first report; what was done before a resume does not count."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def text(self, done: int) -> str:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        since, before = self._first
        return f"{(done - before) / (now - since):.1f}/s" if now > since else ""


class _Lines:
    """At most one line every few seconds, and one at the end."""

    def __init__(self, title: str, unit: str) -> None:
        self._title, self._unit = title, unit
        self._rate = _Rate()
        self._said: float | None = None

    def __call__(self, done: int, total: int) -> None:
        rate = self._rate.text(done)
        now = time.monotonic()
        if done < total and self._said is not None and now - self._said < PLAIN_EVERY_SECONDS:
            return
        self._said = now
        click.echo(f"{self._title}: {done}/{total} {self._unit} {rate}".rstrip(), err=True)
