"""`tron round compare`: is this model better than the champion?"""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from arena.cli_terms import JSON_OPTION

if TYPE_CHECKING:
    from arena.lockstep import Contestant
    from arena.sequential import Trial


@click.command()
@click.argument("model", metavar="MODEL")
@click.option("--against", default="champion", show_default=True, help="Another SPEC or file.")
@click.option("--elo0", default=0.0, show_default=True, help="Not better: this much stronger.")
@click.option("--elo1", default=30.0, show_default=True, help="Better: this much stronger.")
@click.option("--alpha", default=0.05, show_default=True, help="Risk of a wrong 'better'.")
@click.option("--beta", default=0.05, show_default=True, help="Risk of a wrong 'not better'.")
@click.option("--most-starts", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Names the starts.")
@JSON_OPTION
def compare(
    model: str,
    against: str,
    elo0: float,
    elo1: float,
    alpha: float,
    beta: float,
    most_starts: int,
    seed: int | None,
    as_json: bool,
) -> None:
    """Play MODEL, a SPEC or an ONNX file, against the champion until it is known which is better.

    A sequential test over pairs of games; it stops as soon as either answer is safe.
    """
    import secrets

    from arena.cli_duel import contestant_of, short_names
    from arena.cli_report import print_json
    from arena.sequential import STARTS_AT_ONCE, try_sides
    from arena.sprt import Test
    from tron_env.cli_progress import steps_shown
    from tron_env.ruleset import ARENA

    try:
        test = Test(elo0, elo1, alpha, beta)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    number = secrets.randbelow(2**32) if seed is None else seed
    names = short_names(model, against)
    with ExitStack() as stack, steps_shown(f"{names[0]} against {names[1]}") as tell:
        sides: list[Contestant] = []
        for spec in (model, against):
            contestant = contestant_of(spec, 2 * STARTS_AT_ONCE)
            stack.enter_context(contestant)
            sides.append(contestant)
        trial = try_sides(
            ARENA,
            sides,
            test,
            seed=number.to_bytes(32, "big").hex(),
            most_starts=most_starts,
            progress=lambda pairs, ratio: tell(
                f"{pairs.starts} starts, score {pairs.score:.3f}, likelihood ratio {ratio:+.2f}"
            ),
        )
    if as_json:
        print_json(_trial_json(trial, (model, against), number))
    else:
        click.echo(_trial_text(trial, names))
        click.echo(f"seed {number}")


def _trial_text(trial: "Trial", names: tuple[str, str]) -> str:
    from arena.cli_report import duel_text
    from arena.sprt import Decision

    test, (lower, upper) = trial.test, trial.test.bounds
    verdict = {
        Decision.BETTER: f"{names[0]} is better: {test.elo1:g} Elo stronger, not {test.elo0:g}",
        Decision.NOT_BETTER: f"{names[0]} is not better: {test.elo0:g} Elo stronger, not "
        f"{test.elo1:g}",
        Decision.UNDECIDED: "undecided; allow more starts",
    }[trial.decision]
    return (
        f"{duel_text(trial.tally, names)}\n{verdict} (log likelihood ratio "
        f"{trial.log_ratio:+.2f} of {lower:+.2f} to {upper:+.2f}, {trial.pairs.starts} starts)"
    )


def _trial_json(trial: "Trial", specs: tuple[str, str], seed: int) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(trial) | {
        "entrants": specs,
        "seed": seed,
        "bounds": trial.test.bounds,
        "superiority": trial.pairs.superiority(),
    }
