"""`tron train`, `tron export`, and `python -m agents.train evaluate`."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from agents.train.evaluation import Score
    from agents.train.selfplay import Progress, Reporter

EVALUATION_OPPONENTS = ("random", "wall-hugger", "voronoi")


@contextmanager
def _training_extra() -> Iterator[None]:
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


@click.command()
@click.option("--preset", default="small", show_default=True, help="small or quick.")
@click.option("--steps", type=click.IntRange(min=1), help="Length of the whole run in plies.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the run.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that PyTorch may use.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder for checkpoints.",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def train(
    preset: str,
    steps: int | None,
    seed: int | None,
    threads: int | None,
    out: Path,
    resume: bool,
    as_json: bool,
) -> None:
    """Train a policy by self-play with masked PPO.

    A resumed run keeps its own settings; only --steps and --threads may then be given.
    """
    from agents.train.config import preset_named

    with _training_extra():
        from agents.train import selfplay
        from agents.train.checkpoint import load_checkpoint
    if resume:
        if seed is not None:
            raise click.UsageError("a resumed run keeps its seed; leave --seed out")
        config = load_checkpoint(out / selfplay.LATEST).config
    else:
        config = preset_named(preset)
    config = replace(
        config,
        steps=config.steps if steps is None else steps,
        seed=config.seed if seed is None else seed,
        threads=config.threads if threads is None else threads,
    )
    with _reporter(config.steps, as_json) as reporter:
        latest = selfplay.train(config, out, resume=resume, reporter=reporter)
    if not as_json:
        click.echo(f"checkpoint: {latest}")
        click.echo(f"next: tron export {latest} my-policy.onnx")


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(checkpoint: Path, output: Path, as_json: bool) -> None:
    """Write a checkpoint as an ONNX model, once it is shown to play the same."""
    with _training_extra():
        from agents.train import export as exporting
        from agents.train.checkpoint import load_checkpoint
    parity = exporting.export(load_checkpoint(checkpoint).network(), output)
    size = output.stat().st_size
    if as_json:
        click.echo(json.dumps({"path": str(output), "bytes": size, **asdict(parity)}))
        return
    click.echo(
        f"parity on {parity.positions} positions: largest error {parity.largest_error:.1e}, "
        f"{parity.decision_changes} decisions changed"
    )
    click.echo(f"wrote {output} ({size / 1024:.0f} KiB)")
    click.echo(f"next: tron validate {output}")


@click.command()
@click.argument("agent")
@click.argument("opponents", nargs=-1)
@click.option("--starts", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(agent: str, opponents: tuple[str, ...], starts: int, seed: int, as_json: bool) -> None:
    """Measure an agent SPEC against others: every start twice, seats exchanged."""
    from agents.train import evaluation
    from tron_env.agent import make_agent

    tested = make_agent(agent)
    scores = []
    for spec in opponents or EVALUATION_OPPONENTS:
        score = evaluation.evaluate(tested, make_agent(spec), starts=starts, seed=seed)
        scores.append(score)
        if not as_json:
            click.echo(_score_line(score))
    if as_json:
        click.echo(json.dumps([_score_dict(score) for score in scores]))


def _score_line(score: "Score") -> str:
    low, high = score.interval
    return (
        f"against {score.opponent}: {score.points:.1%} (95% interval {low:.1%} to {high:.1%}), "
        f"{score.wins} won, {score.draws} drawn, {score.losses} lost"
    )


def _score_dict(score: "Score") -> dict[str, object]:
    return {**asdict(score), "points": score.points, "interval": score.interval}


@contextmanager
def _reporter(total: int, as_json: bool) -> "Iterator[Reporter]":
    if as_json:
        yield _Lines(as_json=True)
    elif not sys.stdout.isatty():
        yield _Lines(as_json=False)
    else:
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
            click.echo(f"{progress.steps:,} / {progress.total:,} plies, {_summary(progress)}")
        sys.stdout.flush()

    def evaluated(self, steps: int, scores: "Sequence[Score]") -> None:
        if self._as_json:
            results = [_score_dict(score) for score in scores]
            click.echo(json.dumps({"event": "evaluation", "steps": steps, "scores": results}))
        else:
            for score in scores:
                click.echo(f"evaluation at {steps:,} plies {_score_line(score)}")
        sys.stdout.flush()


class _Terminal:
    """A progress bar with evaluations above it."""

    def __init__(self, bar: "Bar", total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("playing the first games", total=total)

    def progressed(self, progress: "Progress") -> None:
        self._bar.update(self._task, completed=progress.steps, description=_summary(progress))

    def evaluated(self, steps: int, scores: "Sequence[Score]") -> None:
        for score in scores:
            self._bar.console.print(f"at {steps:,} plies {_score_line(score)}", highlight=False)
