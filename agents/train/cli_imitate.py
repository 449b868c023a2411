"""`tron imitate`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agents.train.cli_reports import FitLines, command_line, parity_line, training_extra

if TYPE_CHECKING:
    from agents.train.network_file import StoredNetwork

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers between commas."""

    name = "numbers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers."""
        try:
            return tuple(int(word) for word in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not numbers between commas", param, ctx)


@click.group()
def imitate() -> None:
    """Teach a network of the whole board what a search plays, from recorded games."""


@imitate.command()
@click.argument("output", metavar="OUT.npz", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--games", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option(
    "--nodes",
    type=click.IntRange(min=1),
    default=6000,
    show_default=True,
    help="The teacher is minimax:nodes=...",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--force", is_flag=True, help="Overwrite OUT.npz.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def record(
    output: Path, games: int, nodes: int, seed: int, workers: int, force: bool, as_json: bool
) -> None:
    """Record games in which a search labels every ply of both riders.

    The same seed and number give the same games with any number of processes. OUT.npz is written
    once a minute; Ctrl-C leaves the games until then.
    """
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists already; choose another, or --force")
    from agents.train.games import LabelledGames
    from agents.train.record import RecordConfig
    from agents.train.record import record as recording
    from tron_env.cli_progress import progress_shown

    config = RecordConfig(games=games, nodes=nodes, seed=seed, workers=workers)
    with progress_shown("recording", "games") as tell:
        recording(config, output, tell)
    plies = len(LabelledGames.load(output).rows)
    if as_json:
        click.echo(json.dumps({"path": str(output), "games": games, "plies": plies}))
        return
    click.echo(f"wrote {output}: {games:,} games, {plies:,} plies")
    click.echo(f"next: tron imitate fit {output} --minutes 60")


@imitate.command()
@click.argument("games", nargs=-1, required=True, metavar="GAMES.npz...", type=EXISTING)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/imitate"),
    show_default=True,
    help="Folder for network.pt and policy.onnx.",
)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Length of the fit.")
@click.option("--steps", type=click.IntRange(min=1), help="Its length in steps instead.")
@click.option("--held", type=EXISTING, help="Games to measure on  [default: the last 2%].")
@click.option("--init", type=EXISTING, help="A network.pt to begin with.")
@click.option("--channels", type=Numbers(), metavar="A,B,C", help="Widths  [default: 64,96,128].")
@click.option("--down", type=Numbers(), metavar="A,B,C", help="Blocks down  [default: 3,4,4].")
@click.option("--up", type=Numbers(), metavar="A,B", help="Blocks up again  [default: 1,2].")
@click.option("--territory-steps", type=click.IntRange(min=0), help="Of the floods  [default: 40].")
@click.option("--batch-size", type=click.IntRange(min=1), default=1536, show_default=True)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=2e-3,
    show_default=True,
    help="The highest; it falls along half a cosine.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads that PyTorch may use.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU if there is one.",
)
@click.option(
    "--export/--no-export",
    "exported",
    default=True,
    help="Write policy.onnx, which takes up to two minutes more; or do so later from network.pt.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def fit(
    context: click.Context,
    games: tuple[Path, ...],
    out: Path,
    minutes: float | None,
    steps: int | None,
    held: Path | None,
    init: Path | None,
    channels: tuple[int, ...] | None,
    down: tuple[int, ...] | None,
    up: tuple[int, ...] | None,
    territory_steps: int | None,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
    device: str,
    exported: bool,
    as_json: bool,
) -> None:
    """Fit a network to recorded games, and export it.

    Give --minutes or --steps. The network is written once a minute; Ctrl-C leaves the last one.
    """
    if (minutes is None) == (steps is None):
        raise click.UsageError("give either --minutes or --steps")
    sizes = {"channels": channels, "down": down, "up": up, "territory_steps": territory_steps}
    given = {name: size for name, size in sizes.items() if size is not None}
    if init is not None and given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"--init brings its own size; leave out {options}")
    with training_extra():
        from agents.train import imitation
        from agents.train.board_network import BoardConfig
        from agents.train.fit_config import FitConfig
    from agents.train.config import Device
    from agents.train.games import LabelledGames, joined
    from agents.train.network_file import load_network

    beginning: StoredNetwork | None = None if init is None else load_network(init)
    config = FitConfig(
        minutes=minutes,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        threads=threads,
        device=Device(device),
        network=BoardConfig(**given)  # type: ignore[arg-type]
        if beginning is None
        else beginning.network.config,
    )
    path = out / imitation.NETWORK
    try:
        imitation.fit(
            config,
            joined([LabelledGames.load(file) for file in games]),
            out,
            reporter=FitLines(as_json=as_json),
            held=None if held is None else LabelledGames.load(held),
            init=beginning,
            command=command_line(context),
        )
    except KeyboardInterrupt:
        if path.exists():
            click.echo(f"\nstopped; the network until then is {path}", err=True)
        raise
    if exported:
        _export(path, out / "policy.onnx", as_json=as_json)
    elif not as_json:
        click.echo(f"wrote {path}")
        click.echo(f"next: tron imitate export {path} {out / 'policy.onnx'}")


@imitate.command()
@click.argument("network", type=EXISTING)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(network: Path, output: Path, as_json: bool) -> None:
    """Write a network.pt as an ONNX model, once it is shown to play the same."""
    _export(network, output, as_json=as_json)


def _export(network: Path, output: Path, *, as_json: bool) -> None:
    with training_extra():
        from agents.train import export as exporting
        from agents.train.board_network import BoardPolicy
        from agents.train.network_file import load_network

    parity = exporting.export(BoardPolicy(load_network(network).network), output)
    size = output.stat().st_size
    if as_json:
        told = {"event": "exported", "path": str(output), "bytes": size, **asdict(parity)}
        click.echo(json.dumps(told))
        return
    click.echo(parity_line(parity))
    click.echo(f"wrote {output} ({size / 1024:.0f} KiB); the network is {network}")
    click.echo(f"next: tron validate {output}")
