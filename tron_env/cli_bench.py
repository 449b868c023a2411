"""`tron bench`: the project's own benchmarks, found by entry point.

Each runs in an interpreter of its own, so that none finds the caches warmed, the threads started or
the memory taken by another, and one that fails leaves the others their numbers.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Container, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tron_env.benchmarks import BENCHMARK_GROUP, Benchmark, Measurement, Setting

if TYPE_CHECKING:
    from rich.status import Status

EVERY = "all"

LEFT_OUT = 3
"""Exit status of a benchmark that lacks a package; no failure unless it was asked for by name."""

FOLLOWED_BY = {"engine": ("train",)}
"""What is measured in the same run: what engine and faces cost shows where they are trained in."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="End within a minute; less precise.")
@click.option(
    "--only",
    default="",
    metavar="TEXT",
    help="Of strength the rows, of live the part (transport, crowned) that name TEXT.",
)
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep games of strength in FILE and play those it lacks; or the season of archive.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a list of metric, value, unit, target, met."
)
@click.pass_context
def bench(
    ctx: click.Context,
    names: tuple[str, ...],
    quick: bool,
    only: str,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Measure this project's own speed and strength, against its targets.

    NAME is a benchmark that is installed, or "all", which is also meant where none is given. A
    target that is missed is shown and is no failure; the exit status is 1 where a benchmark could
    not be run.
    """
    known = sorted(entry_points(group=BENCHMARK_GROUP).names)
    for name in names:
        if name not in (*known, EVERY):
            raise click.BadParameter(f"{name!r} is none of {', '.join((*known, EVERY))}")
    chosen = known if not names or EVERY in names else names_to_run(names, known)
    shown = not as_json and sys.stdout.isatty()
    if not as_json:
        click.echo(machine())
    measured: list[Measurement] = []
    failed = []
    with _status(shown) as status:
        for name in chosen:
            try:
                for item in _run_apart(name, quick, only, keep):
                    if isinstance(item, Measurement):
                        measured.append(item)
                        if not as_json and not shown:
                            click.echo("  ".join(columns(item)).rstrip())
                    elif status is not None:
                        status.update(f"{name}: {item}")
                    else:
                        click.echo(f"{name}: {item}", err=True)
            except subprocess.CalledProcessError as error:
                if error.returncode == LEFT_OUT and name not in names:
                    continue
                failed.append(name)
                click.echo(f"error: benchmark {name} ended with {error.returncode}", err=True)
    if as_json:
        click.echo(json.dumps([as_row(each) for each in measured], indent=2))
    elif shown:
        _print_table(measured)
    ctx.exit(1 if failed else 0)


def names_to_run(names: Iterable[str], known: Container[str]) -> list[str]:
    """Return names once each, every one with those installed that follow it."""
    wanted = ((name, *FOLLOWED_BY.get(name, ())) for name in names)
    return list(dict.fromkeys(name for name in chain.from_iterable(wanted) if name in known))


def as_row(measurement: Measurement) -> dict[str, object]:
    """Return what ``--json`` prints of one number."""
    row = asdict(measurement)
    del row["at_most"]
    return row | {"met": measurement.met}


def columns(measurement: Measurement) -> tuple[str, str, str, str, str]:
    """Return one number as people read it: metric, value, unit, target and whether it was met."""
    each = measurement
    target = "" if each.target is None else f"{'<=' if each.at_most else '>='} {each.target:,.4g}"
    verdict = {None: "", True: "met", False: "missed"}[each.met]
    return each.metric, _number(each.value), each.unit, target, verdict


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> str:
    """Return a line on what is measured here."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}, {platform.system()}"


def _status(shown: bool) -> "AbstractContextManager[Status | None]":
    if not shown:
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status("starting")


def _print_table(measured: list[Measurement]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("metric", box=None, pad_edge=False)
    for title in ("value", "unit", "target", ""):
        table.add_column(title, justify="right" if title in ("value", "target") else "left")
    for each in measured:
        table.add_row(*columns(each), style="red" if each.met is False else None)
    Console().print(table)


def _run_apart(name: str, quick: bool, only: str, keep: Path | None) -> Iterator[Measurement | str]:
    """Run one benchmark in an interpreter of its own; yield its numbers and notes as they come.

    Raises:
        subprocess.CalledProcessError: it failed; its traceback went to the standard error.
    """
    how = ["--quick"] if quick else []
    kept = "" if keep is None else str(keep)
    command = [sys.executable, "-m", "tron_env.cli_bench", name, only, kept, *how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            told = json.loads(line)
            yield told if isinstance(told, str) else Measurement(**told)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def _serve(name: str, only: str, keep: Path | None, quick: bool) -> None:
    """Run one benchmark here and write a line of JSON for each number and note."""
    # Whatever the benchmark prints itself goes to the standard error.
    with os.fdopen(os.dup(1), "w", buffering=1) as told:
        os.dup2(2, 1)

        def note(line: str) -> None:
            told.write(json.dumps(line) + "\n")

        entry = entry_points(group=BENCHMARK_GROUP)[name]
        try:
            run: Benchmark = entry.load()
        except ModuleNotFoundError as error:
            # Nothing that could be installed, but a mistake in the benchmark's own package.
            if (error.name or "").partition(".")[0] == entry.module.partition(".")[0]:
                raise
            note(f"left out, as {error.name} is not installed; the train extra has it")
            sys.exit(LEFT_OUT)
        for measurement in run(Setting(note=note, quick=quick, only=only, keep=keep)):
            told.write(json.dumps(asdict(measurement)) + "\n")


if __name__ == "__main__":
    kept_in = Path(sys.argv[3]) if sys.argv[3] else None
    _serve(sys.argv[1], sys.argv[2], kept_in, "--quick" in sys.argv[4:])
