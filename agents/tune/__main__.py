"""`python -m agents.tune`: fit the weights of the evaluation to games."""

import click
import numpy as np

from agents.tune import MODELS, SEARCHED, fit, joined, record


@click.command()
@click.option("--games", default=500, show_default=True, type=click.IntRange(5), help="To play.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the starts.")
@click.option(
    "--nodes", default=SEARCHED, show_default=True, type=click.IntRange(1), help="A move."
)
def main(games: int, seed: int, nodes: int) -> None:
    """Play games of the search against itself and fit the weights of its evaluation to them."""
    samples = joined(list(record(games, seed, nodes)))
    click.echo(f"{len(samples.won)} positions of {len(np.unique(samples.games))} decided games")
    click.echo("log-loss  accuracy  weights")
    for names in MODELS:
        found = fit(samples, names)
        weights = ", ".join(f"{n} {w:.4g}" for n, w in zip(names, found.weights, strict=True))
        click.echo(f"{found.log_loss:.4f}    {found.accuracy:.3f}     {weights}")


if __name__ == "__main__":
    main()
