"""``python -m agents.graphs.learn``: fit a search's ``Correction`` and print it."""

import click
import numpy as np

from agents.graphs.agent import make_tree
from agents.graphs.learn import HELD, UNITS, correction_of, fit, record


@click.command()
@click.argument("recipe")
@click.option("--games", default=60, show_default=True, type=click.IntRange(HELD), help="To play.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the starts.")
@click.option(
    "--nodes", default=20_000, show_default=True, type=click.IntRange(1), help="Of the deeper one."
)
def main(recipe: str, games: int, seed: int, nodes: int) -> None:
    """Fit the correction of RECIPE, what a SPEC has behind "tree:"."""
    search = make_tree(recipe).description
    choices = record(search, games, seed, nodes)
    click.echo(f"{len(choices.chosen)} positions of {len(np.unique(choices.games))} games")
    for name, columns in (("values alone", 1), ("with correction", 1 + len(UNITS))):
        found = fit(choices, columns)
        click.echo(f"{name}: log-loss {found.log_loss:.4f}, agreement {found.agreement:.3f}")
    learned = correction_of(found)
    click.echo(",".join(f"{name}={getattr(learned, name)}" for name in UNITS))


if __name__ == "__main__":
    main()
