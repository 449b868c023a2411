"""The command `tron play`: a window, and a person in it."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tron_env.agent import Agent

DEFAULT_MODELS = ("champion", "voronoi")


@click.command()
@click.option(
    "--model",
    metavar="SPEC",
    help="Whom to ride against, e.g. voronoi, minimax:depth=4 or a path to an .onnx "
    "[default: the champion].",
)
@click.option("--ruleset", default="arena", show_default=True, help="arena or apex.")
@click.option(
    "--speed",
    type=click.IntRange(2, 30),
    default=10,
    show_default=True,
    help="Plies a second; + and - change it.",
)
def play(model: str | None, ruleset: str, speed: int) -> None:
    """Ride against a model in a window of its own.

    Arrow keys or WASD steer, space pauses and asks for a rematch, + and - change the speed, Esc
    leaves.
    """
    import os
    from concurrent.futures import ThreadPoolExecutor

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import numpy as np
    import pygame

    from tron_env.desktop import ride
    from tron_env.ruleset import ruleset_named
    from tron_env.sitting import Sitting

    board = ruleset_named(ruleset)
    opponent = _opponent(model)
    with ThreadPoolExecutor(1) as thinker:
        sitting = Sitting(opponent, board, np.random.default_rng(), thinker, speed)
        try:
            ride(sitting)
        except pygame.error as error:
            raise click.ClickException(f"a window cannot be opened here: {error}") from error
        finally:
            getattr(opponent, "close", lambda: None)()
    won, drawn, lost = sitting.score
    click.echo(f"{won} won, {drawn} drawn, {lost} lost against {opponent.name}")


def _opponent(model: str | None) -> "Agent":
    """Return the agent asked for, else the first of the usual ones that is installed."""
    from importlib.metadata import entry_points

    from tron_env.agent import ENTRY_POINT_GROUP, make_agent

    known = entry_points(group=ENTRY_POINT_GROUP).names
    usual = [name for name in DEFAULT_MODELS if name in known]
    return make_agent(model or (usual or ["random"])[0])
