"""`tron train`, `tron export`, and `python -m agents.train evaluate`."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agents.train.cli_reports import (
    command_line,
    parity_line,
    score_fields,
    score_line,
    training_extra,
    training_reporter,
)

if TYPE_CHECKING:
    from agents.train.config import TrainConfig
    from agents.train.league_env import Start

EVALUATION_OPPONENTS = ("random", "wall-hugger", "voronoi")
RUN_SETTINGS = ("preset", "seed", "algorithm", "init", "losses", "losses_of")
"""Options that a resumed run keeps from its beginning."""


@click.command()
@click.option(
    "--preset",
    default="quick",
    show_default=True,
    help="quick (minutes), small (half an hour; made ppo-small) or strong (hours).",
)
@click.option(
    "--algorithm",
    type=click.Choice(["maskable-ppo", "ppo"]),
    help="Draw from accepted actions only, or learn what not to ride into.  [default: preset's]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Plies of the whole run, rounded up to whole updates.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the run.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that PyTorch may use.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="Where to compute; auto takes a GPU if there is one.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="SPEC",
    help="A fixed opponent instead of the preset's; may be given several times.",
)
@click.option(
    "--init",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Begin with the network of this checkpoint, such as one that was distilled.",
)
@click.option(
    "--losses",
    multiple=True,
    metavar="REPLAY",
    help="Begin some games shortly before the end of lost ones: submission:3, a replay, a folder "
    "of replays or a game's number; may be given several times.",
)
@click.option(
    "--losses-of",
    metavar="MODEL.onnx",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Whose defeats --losses are about  [default: whoever lost].",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder for checkpoints.",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
@click.option("--tensorboard/--no-tensorboard", default=True, help="Log for TensorBoard.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def train(
    context: click.Context,
    preset: str,
    algorithm: str | None,
    steps: int | None,
    seed: int | None,
    threads: int | None,
    device: str | None,
    anchors: tuple[str, ...],
    init: Path | None,
    losses: tuple[str, ...],
    losses_of: Path | None,
    out: Path,
    resume: bool,
    tensorboard: bool,
    as_json: bool,
) -> None:
    """Train a policy by self-play with PPO.

    A resumed run keeps its own settings; only --steps, --threads and --device may then be given.
    """
    from agents.train.config import Algorithm, Device, preset_named

    if resume:
        given = [
            name
            for name in (*RUN_SETTINGS, "anchors")
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise click.UsageError(f"a resumed run keeps its settings; leave out {options}")
    if losses_of is not None and not losses:
        raise click.UsageError("--losses-of says whose defeats --losses are about; give both")
    with training_extra():
        from agents.train import selfplay
        from agents.train.checkpoint import load_checkpoint
    teacher = None if init is None else load_checkpoint(init)
    if resume:
        config = load_checkpoint(out / selfplay.LATEST).config
    else:
        config = preset_named(preset)
        if anchors:
            config = replace(config, anchors=tuple((spec, 0.5 / len(anchors)) for spec in anchors))
        if teacher is not None:
            config = replace(config, network=teacher.config.network)
    config = replace(
        config,
        algorithm=config.algorithm if algorithm is None else Algorithm(algorithm),
        steps=config.steps if steps is None else steps,
        seed=config.seed if seed is None else seed,
        threads=config.threads if threads is None else threads,
        device=config.device if device is None else Device(device),
    )
    defeats: tuple[Start, ...] = ()
    if losses:
        from agents.train.losses import find_defeats

        defeats = find_defeats(losses, losses_of)
    beginning = selfplay.Beginning(command_line(context), teacher, defeats, tensorboard)
    if not as_json:
        _introduce(config, out, resume=resume, defeats=len(defeats))
    try:
        with training_reporter(config.whole_steps, as_json=as_json) as reporter:
            latest = selfplay.train(
                config, out, resume=resume, reporter=reporter, beginning=beginning
            )
    except KeyboardInterrupt:
        if (out / selfplay.LATEST).exists():
            click.echo(f"\nstopped; go on with: tron train --resume --out {out}", err=True)
        raise
    best = out / selfplay.BEST
    if not as_json:
        click.echo(f"checkpoint: {latest}; best on the ladder: {best}")
        click.echo(f"next: tron export {best} my-policy.onnx")


def _introduce(config: "TrainConfig", out: Path, *, resume: bool, defeats: int) -> None:
    met = ", ".join(spec for spec, _ in config.anchors)
    click.echo(
        f"{'going on with' if resume else 'training'} {out}: {config.algorithm}, "
        f"{config.whole_steps:,} plies, seed {config.seed}, against its own past"
        + (f" and {met}" if met else "")
    )
    if defeats:
        click.echo(f"a share of {config.losses_share:.0%} of the games begins at {defeats} defeats")
    click.echo("Ctrl-C stops, --resume goes on; the first start compiles for about half a minute")


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--ensemble",
    is_flag=True,
    help="Ask the network on all eight images of the board: stronger, and eight times the work.",
)
@click.option(
    "--starts",
    type=click.IntRange(min=0),
    default=25,
    show_default=True,
    help="Starts played against each simple agent for the card; 0 for none.",
)
@click.option("--force", is_flag=True, help="Overwrite a card that lies beside OUTPUT already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def export(
    context: click.Context,
    checkpoint: Path,
    output: Path,
    ensemble: bool,
    starts: int,
    force: bool,
    as_json: bool,
) -> None:
    """Write a checkpoint as an ONNX model, once it is shown to play the same, and its card.

    A card beside OUTPUT may have been written by hand, so that it is only overwritten with --force.
    """
    card_path = output.with_suffix(".md")
    if card_path.exists() and not force:
        raise click.UsageError(
            f"{card_path} exists already; choose another OUTPUT, or --force to overwrite both"
        )
    with training_extra():
        from agents.train import export as exporting
        from agents.train.card import Card, write_card
        from agents.train.checkpoint import load_checkpoint
    from agents.onnx_agent import OnnxAgent
    from agents.train.evaluation import evaluate as measured
    from tron_env.agent import make_agent
    from tron_env.cli_progress import progress_shown

    loaded = load_checkpoint(checkpoint)
    parity = exporting.export(loaded.network(), output, ensemble=ensemble)
    size = output.stat().st_size
    scores = []
    if starts:
        model = OnnxAgent(output, output.stem)
        with progress_shown("measuring for the card", "opponents") as tell:
            for number, spec in enumerate(EVALUATION_OPPONENTS):
                tell(number, len(EVALUATION_OPPONENTS))
                scores.append(measured(model, make_agent(spec), starts=starts, seed=1))
            tell(len(EVALUATION_OPPONENTS), len(EVALUATION_OPPONENTS))
    card = write_card(Card(output, loaded, parity, scores, command_line(context), ensemble))
    if as_json:
        results = [score_fields(score) for score in scores]
        told = {"path": str(output), "bytes": size, "card": str(card), **asdict(parity)}
        click.echo(json.dumps({**told, "results": results}))
        return
    click.echo(parity_line(parity))
    for score in scores:
        click.echo(score_line(score))
    click.echo(f"wrote {output} ({size / 1024:.0f} KiB) and its card {card}")
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
            click.echo(score_line(score))
            sys.stdout.flush()
    if as_json:
        click.echo(json.dumps([score_fields(score) for score in scores]))
