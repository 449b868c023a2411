"""How the training commands tell what goes on: a bar on a terminal, else lines of text or JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from agents.train.distill import Fit
    from agents.train.distill import Reporter as DistillReporter
    from agents.train.evaluation import Score
    from agents.train.export import Parity
    from agents.train.fit_config import FitProgress
    from agents.train.selfplay import Progress, Reporter


@contextmanager
def training_extra() -> Iterator[None]:
    """Turn a missing PyTorch or Stable-Baselines3 into an error that says what to install."""
    from agents.train.errors import MissingExtraError

    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in {"torch", "stable_baselines3", "sb3_contrib"}:
            raise
        raise MissingExtraError(
            f"training needs {package}, which is not installed; "
            "run: pip install 'tron-arena[train]'"
        ) from error


def command_line(context: click.Context) -> str:
    """Return the command as it was typed, without where it runs and what it prints."""
    groups: list[str] = []
    within = context.parent
    while within is not None and within.parent is not None:  # the outermost is `tron` itself
        groups.insert(0, within.info_name or "")
        within = within.parent
    words = ["tron", *groups, context.info_name or ""]
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if source is not click.core.ParameterSource.COMMANDLINE or name in (
            "as_json",
            "resume",
            "force",
        ):
            continue
        value = context.params[name]
        repeated = option.multiple if isinstance(option, click.Option) else option.nargs != 1
        values = value if repeated else (value,)
        if isinstance(option, click.Argument):
            words += map(str, values)
        elif isinstance(value, bool):
            words.append(option.opts[0] if value else option.secondary_opts[0])
        else:
            for each in values:
                said = ",".join(map(str, each)) if isinstance(each, tuple) else str(each)
                words += [option.opts[0], said]
    return " ".join(words)


def score_line(score: "Score") -> str:
    """Return a score as a person reads it."""
    low, high = score.interval
    return (
        f"against {score.opponent}: {score.points:.1%} (95% interval {low:.1%} to {high:.1%}), "
        f"{score.wins} won, {score.draws} drawn, {score.losses} lost"
    )


def score_fields(score: "Score") -> dict[str, object]:
    """Return a score as JSON has it."""
    return {**asdict(score), "points": score.points, "interval": score.interval}


def parity_line(parity: "Parity") -> str:
    """Return how a graph compares with its network as a person reads it."""
    return (
        f"parity on {parity.positions} positions: largest error {parity.largest_error:.1e}, "
        f"{parity.decision_changes} decisions changed"
    )


def duration(seconds: float) -> str:
    """Return a span of time as a person says it.

    >>> duration(42), duration(600), duration(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def training_reporter(total: int, *, as_json: bool) -> "Iterator[Reporter]":
    """Yield who is told how self-play goes."""
    if as_json or not sys.stdout.isatty():
        yield _Lines(as_json=as_json)
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.completed:,.0f} / {task.total:,.0f} plies"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns) as bar:
        yield _Terminal(bar, total)


@contextmanager
def distill_reporter(*, as_json: bool) -> "Iterator[DistillReporter]":
    """Yield who is told how a distillation goes; its progress is on standard error."""
    with ExitStack() as stack:
        yield _Distilling(stack, as_json=as_json)


def _summary(progress: "Progress") -> str:
    points = ", ".join(f"{name} {share:.0%}" for name, share in sorted(progress.points.items()))
    return f"{progress.steps_per_second:,.0f} plies/s, points: {points or 'no game ended yet'}"


class _Lines:
    """Plain lines, for files and pipes."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def progressed(self, progress: "Progress") -> None:
        if self._as_json:
            plies = progress.mean_plies if progress.points else None
            fields = {**asdict(progress), "mean_plies": plies}
            click.echo(json.dumps({"event": "progress", **fields}))
        else:
            left = (progress.total - progress.steps) / max(progress.steps_per_second, 1e-9)
            click.echo(
                f"{progress.steps:,} / {progress.total:,} plies, {_summary(progress)}"
                + (f", {duration(left)} left" if left > 0 else "")
            )
        sys.stdout.flush()

    def evaluated(self, steps: int, scores: "Sequence[Score]", *, promoted: bool) -> None:
        if self._as_json:
            results = [score_fields(score) for score in scores]
            event = {"event": "evaluation", "steps": steps, "promoted": promoted}
            click.echo(json.dumps({**event, "scores": results}))
        else:
            for line in _ladder(steps, scores, promoted=promoted):
                click.echo(line)
        sys.stdout.flush()


class _Terminal:
    """A progress bar with evaluations above it."""

    def __init__(self, bar: "Bar", total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("playing the first games", total=total)

    def progressed(self, progress: "Progress") -> None:
        self._bar.update(self._task, completed=progress.steps, description=_summary(progress))

    def evaluated(self, steps: int, scores: "Sequence[Score]", *, promoted: bool) -> None:
        for line in _ladder(steps, scores, promoted=promoted):
            self._bar.console.print(line, highlight=False)


def _ladder(steps: int, scores: "Sequence[Score]", *, promoted: bool) -> Iterator[str]:
    for score in scores:
        yield f"evaluation at {steps:,} plies {score_line(score)}"
    yield f"evaluation at {steps:,} plies: " + (
        "the best so far, kept as best.zip" if promoted else "best.zip stays what it was"
    )


class _Distilling:
    def __init__(self, stack: ExitStack, *, as_json: bool) -> None:
        self._stack = stack
        self._as_json = as_json
        self._doing = ""
        self._tell: Callable[[int, int], None] | None = None

    def advanced(self, doing: str, done: int, total: int) -> None:
        from tron_env.cli_progress import progress_shown

        if doing != self._doing or self._tell is None:
            self._stack.close()
            self._doing = doing
            self._tell = self._stack.enter_context(progress_shown(doing, "done"))
        self._tell(done, total)

    def fitted(self, fit: "Fit") -> None:
        if self._as_json:
            click.echo(json.dumps({"event": "fitted", **asdict(fit)}))
        else:
            click.echo(
                f"round {fit.round} of {fit.rounds}: learned from {fit.positions:,} positions, "
                f"plays as the teacher does on {fit.agreement:.1%} of others, value leaves "
                f"{fit.value_error:.0%} of the outcomes' variance unexplained"
            )
        sys.stdout.flush()


class FitLines:
    """How a fit of a board network goes, a line a report."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def begun(self, games: int, samples: int, held_games: int, device: str) -> None:
        """Tell what is learned from, and where."""
        if self._as_json:
            fields = {"games": games, "samples": samples, "held_games": held_games}
            click.echo(json.dumps({"event": "begun", **fields, "device": device}))
        else:
            click.echo(
                f"{samples:,} samples of {games:,} games to learn from, {held_games:,} games to "
                f"measure on, on {device}"
            )
        sys.stdout.flush()

    def progressed(self, progress: "FitProgress") -> None:
        """Tell how far it is."""
        if self._as_json:
            click.echo(json.dumps({"event": "progress", **asdict(progress)}))
        else:
            held = progress.held
            result = "unknown" if held.result_loss is None else f"{held.result_loss:.4f}"
            click.echo(
                f"{progress.share:.0%} after {duration(progress.seconds)}, step "
                f"{progress.steps:,}, {progress.epochs:.2f} epochs, "
                f"{progress.samples_per_second:,.0f} samples/s, loss {progress.loss:.4f}; held "
                f"out: plays as the teacher does on {held.agreement:.2%}, cross-entropy "
                f"{held.cross_entropy:.4f}, value {held.value_loss:.4f}, result {result}, owners "
                f"{held.ownership_loss:.4f}"
            )
        sys.stdout.flush()
