"""`tron distill`."""

from dataclasses import replace
from pathlib import Path

import click

from agents.train.cli_reports import command_line, distill_reporter, training_extra


@click.command()
@click.option(
    "--teacher",
    metavar="SPEC",
    help="Agent to imitate, such as minimax:depth=6 (the default).",
)
@click.option("--rounds", type=click.IntRange(min=1), help="Of labelling and learning.")
@click.option("--positions", type=click.IntRange(min=1), help="Labelled a round.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes in each round but the last.")
@click.option("--last-epochs", type=click.IntRange(min=1), help="Passes in the last round.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the run.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that PyTorch may use.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="Where to compute; auto takes a GPU if there is one.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/distill"),
    show_default=True,
    help="Folder for positions and the checkpoint.",
)
@click.option("--resume", is_flag=True, help="Go on behind the last finished round in --out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a round.")
@click.pass_context
def distill(
    context: click.Context,
    teacher: str | None,
    rounds: int | None,
    positions: int | None,
    epochs: int | None,
    last_epochs: int | None,
    seed: int | None,
    threads: int | None,
    device: str | None,
    out: Path,
    resume: bool,
    as_json: bool,
) -> None:
    """Teach a network what a search plays.

    The search labels its own games first, then games in which the network rides too. The result can
    be exported, and trained on by self-play with `tron train --init`.
    """
    from agents.train.config import Device

    with training_extra():
        from agents.train import distill as distilling
    given = {
        "teacher": teacher,
        "rounds": rounds,
        "positions": positions,
        "epochs": epochs,
        "last_epochs": last_epochs,
        "seed": seed,
        "threads": threads,
        "device": None if device is None else Device(device),
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if resume and changed:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in changed)
        raise click.UsageError(f"a resumed run keeps its settings; leave out {options}")
    config = distilling.stored_config(out) if resume else distilling.DistillConfig()
    config = replace(config, **changed)  # type: ignore[arg-type]
    try:
        with distill_reporter(as_json=as_json) as reporter:
            latest = distilling.distill(
                config, out, resume=resume, reporter=reporter, command=command_line(context)
            )
    except KeyboardInterrupt:
        click.echo(f"\nstopped; go on with: tron distill --resume --out {out}", err=True)
        raise
    if not as_json:
        click.echo(f"checkpoint: {latest}")
        click.echo(f"next: tron export {latest} my-policy.onnx")
        click.echo(f"or go on by self-play: tron train --preset strong --init {latest}")
