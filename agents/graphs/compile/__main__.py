"""``python -m agents.graphs.compile``: make a model of a search, and of a network to guide it."""

from pathlib import Path

import click

from agents.graphs.agent import described
from agents.graphs.search import build_search
from tron_env.errors import TronArenaError


@click.command()
@click.argument("recipe")
@click.option(
    "--prior",
    "network",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="ONNX network to guide it; RECIPE has its weight, prior=...",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write.",
)
def main(recipe: str, network: Path | None, out: Path) -> None:
    """Compile RECIPE, what a SPEC has behind "tree:", such as rounds=6,width=16."""
    try:
        model = build_search(described(recipe), None if network is None else network.read_bytes())
        out.write_bytes(model)
    except (TronArenaError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}  {len(model)} bytes")


if __name__ == "__main__":
    main()
