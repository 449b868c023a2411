"""`tron duel`: plays a duel outside any round."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli_terms import JSON_OPTION

if TYPE_CHECKING:
    from arena.contestants import AgentContestant, ModelContestant
    from arena.duel import PlayedDuel
    from arena.lockstep import Contestant


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--starts", type=click.IntRange(1, 1000), default=4, show_default=True)
@click.option("--ruleset", type=click.Choice(["arena", "apex"]), default="arena", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Names the starts.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the replays [default: one under duels/ in the home folder].",
)
@JSON_OPTION
def duel(
    first: str,
    second: str,
    starts: int,
    ruleset: str,
    seed: int | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Play a duel between A and B, each an agent's SPEC or an ONNX file.

    Every start is played twice with seats exchanged.
    """
    import secrets

    from arena.cli_report import certainty_text, duel_table, duel_text, print_json, show
    from arena.duel import DuelPlan, play_duels
    from arena.schedule import game_seeds
    from arena.settings import load_settings
    from tron_env.cli_progress import progress_shown
    from tron_env.ruleset import ruleset_named

    number = secrets.randbelow(2**32) if seed is None else seed
    seeds = game_seeds(number.to_bytes(32, "big").hex(), 0, starts)
    names = short_names(first, second)
    with ExitStack() as stack:
        contestants: list[Contestant] = []
        for spec in (first, second):
            contestant = contestant_of(spec, len(seeds))
            stack.enter_context(contestant)
            contestants.append(contestant)
        with progress_shown(f"{names[0]} against {names[1]}", "games") as tell:
            plan = DuelPlan(0, 0, 1, seeds)
            (played,) = play_duels(
                ruleset_named(ruleset), [plan], contestants, lambda over: tell(over, len(seeds))
            )
    folder = save or load_settings().home / "duels" / f"{names[0]}-{names[1]}-{number}"
    files = _save(played, folder)
    if as_json:
        print_json(_duel_json(played, (first, second), ruleset, number, files))
        return
    show(
        duel_table(played, names),
        "",
        duel_text(played.tally, names),
        certainty_text(played.pairs, names),
    )
    click.echo(f"seed {number}, replays in {folder}")


def contestant_of(spec: str, games: int) -> "ModelContestant | AgentContestant":
    """Return whoever a SPEC names, to ride in so many games at once."""
    from arena.agents import named_model
    from arena.contestants import AgentContestant, ModelContestant
    from arena.limits import Limits
    from tron_env.agent import make_agent

    model = named_model(spec)
    if model is None:
        return AgentContestant(make_agent(spec))
    return ModelContestant(model.content, limits=Limits(), max_batch=games, alone=model.alone)


def short_names(first: str, second: str) -> tuple[str, str]:
    """Return names fit for tables and folders, different for the two sides."""
    short = [
        "".join(c if c.isalnum() or c in "-_.=@" else "-" for c in Path(spec).stem)
        if spec.endswith(".onnx")
        else "".join(c if c.isalnum() or c in "-_.=@" else "-" for c in spec)
        for spec in (first, second)
    ]
    return (short[0], short[1]) if short[0] != short[1] else (short[0], f"{short[1]}-2")


def _save(played: "PlayedDuel", folder: Path) -> list[Path]:
    from replays.format import encode

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, game in enumerate(played.games, start=1):
        file = folder / f"game-{number:02}.trp"
        file.write_bytes(encode(game.replay))
        files.append(file)
    return files


def _duel_json(
    played: "PlayedDuel", names: tuple[str, str], ruleset: str, seed: int, files: list[Path]
) -> dict[str, object]:
    from dataclasses import asdict

    from arena.schedule import first_seat
    from arena.sprt import Test

    test = Test()
    return {
        "entrants": names,
        "ruleset": ruleset,
        "seed": seed,
        "points": [played.tally.points, played.tally.flip().points],
        "tally": asdict(played.tally),
        "pairs": played.pairs.counts,
        "superiority": played.pairs.superiority(),
        "sequential_test": {**asdict(test), "decision": test.decide(played.pairs)},
        "games": [
            {
                "number": number,
                "first_seat": int(first_seat(number)),
                "outcome": game.replay.outcome.name.lower(),
                "causes": [cause.name.lower() for cause in game.replay.causes],
                "ending": game.replay.ending.name.lower(),
                "reasons": game.reasons,
                "plies": game.replay.plies,
                "replay": str(file),
            }
            for number, (game, file) in enumerate(zip(played.games, files, strict=True))
        ],
    }
