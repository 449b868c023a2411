"""``python -m agents.graphs``: compile the shipped heuristics and searches again, byte for byte."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import click

from agents.graphs.description import SHIPPED_SEARCHES, ShippedSearch
from agents.graphs.heuristics import build_voronoi, build_wall_hugger
from agents.graphs.search import build_search
from agents.heuristic import Reply, Voronoi, WallHugger
from agents.zoo import FOLDER, shipped_model


def compiled(shipped: ShippedSearch) -> bytes:
    """Return the model of a search that ships, with the shipped network that is its prior."""
    network = None if shipped.network is None else shipped_model(shipped.network).path.read_bytes()
    return build_search(shipped.search, network)


SHIPPED: Final[Mapping[str, Callable[[], bytes]]] = {
    "wall-hugger": lambda: build_wall_hugger(WallHugger()),
    "voronoi": lambda: build_voronoi(Voronoi()),
    "gambler": lambda: build_voronoi(Voronoi(reply=Reply.MEAN)),
    "hunter": lambda: build_voronoi(Voronoi(other=4)),
    "squatter": lambda: build_voronoi(Voronoi(other=0)),
    **{name: partial(compiled, shipped) for name, shipped in SHIPPED_SEARCHES.items()},
}


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Folder to write to [default: the installed zoo].",
)
def main(out: Path) -> None:
    """Write every compiled model of the zoo."""
    out.mkdir(parents=True, exist_ok=True)
    for name, build in SHIPPED.items():
        model = build()
        (out / f"{name}.onnx").write_bytes(model)
        click.echo(f"{name}.onnx  {len(model)} bytes")


if __name__ == "__main__":
    main()
