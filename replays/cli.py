"""The command `tron replay`: what shows and verifies recorded games, and the group itself."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypedDict

import click

from replays.cli_analyze import analyze
from replays.cli_export import export, import_
from tron_env.cli import LazyGroup

if TYPE_CHECKING:
    from replays.format import Replay

CLEAR_SCREEN = "\x1b[2J"
CURSOR_HOME = "\x1b[H"


class ReplayGroup(LazyGroup):
    """Commands on single replays; packages that store games add theirs to ``entry_points``."""

    entry_points = "tron.replay_commands"


@click.group(cls=ReplayGroup)
def replay() -> None:
    """Show, verify, analyse, export, import and search recorded games.

    A replay is named by its file or by what installed sources know, such as a game's number;
    - is standard input.
    """


replay.add_command(analyze)
replay.add_command(export)
replay.add_command(import_)


@replay.command()
@click.argument("reference", metavar="REPLAY")
@click.option("--ply", type=click.IntRange(min=0), help="Ply to show [default: the last].")
@click.option("--play", is_flag=True, help="Play the game from the start, or from --ply.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0.5, max=100),
    default=10,
    show_default=True,
    help="Plies a second with --play.",
)
@click.option("--color/--no-color", default=None, help="Colours [default: on a terminal].")
@click.option("--json", "as_json", is_flag=True, help="Print what a viewer draws, as JSON.")
def show(
    reference: str,
    ply: int | None,
    play: bool,
    speed: float,
    color: bool | None,
    as_json: bool,
) -> None:
    """Show a game: its board at one ply, or ply by ply, and its facts."""
    from replays.facts import facts, rider_kinds, rider_names
    from replays.format import decode
    from replays.playback import Playback
    from replays.sources import find_replay
    from replays.view import replay_view

    if as_json and (play or ply is not None):
        raise click.UsageError("--json holds every ply; leave out --ply and --play")
    recorded = decode(find_replay(reference))
    names = rider_names(recorded)
    if as_json:
        view = replay_view(recorded, names, rider_kinds(recorded))
        click.echo(json.dumps(view))
        return

    from tron_env.render import RIDERS, render_ansi

    playback = Playback(recorded)
    if ply is not None and ply > playback.plies:
        raise click.BadParameter(
            f"{ply} is past the end; this game has plies 0 to {playback.plies}",
            param_hint="--ply",
        )
    terminal = sys.stdout.isatty()
    colour = color if color is not None else terminal and "NO_COLOR" not in os.environ

    def draw(at: int) -> None:
        click.echo(render_ansi(playback.state(at), colour=colour), color=colour)

    if play:
        plies = range(ply or 0, playback.plies + 1)
        play_boards(plies, draw, pause_s=1 / speed if terminal else None)
    else:
        draw(playback.plies if ply is None else ply)
    rider_colours = {f"seat {seat}": rgb for seat, rgb in enumerate(RIDERS)}
    for label, text in facts(recorded, names):
        click.echo(f"{label:<8}{click.style(text, fg=rider_colours.get(label))}", color=colour)


class Verdict(TypedDict):
    """What `tron replay verify --json` prints for each replay."""

    replay: str
    ok: bool
    plies: int | None
    """None where the bytes could not be decoded."""
    wrong_ply: int | None
    """The first ply that the rules play, or a model decides, differently; None where all agree or
    none is known."""
    error: str | None
    models: list[str]
    """With --inference, names of the models that were asked again."""


@replay.command()
@click.argument("references", metavar="REPLAY...", nargs=-1, required=True)
@click.option(
    "--inference",
    is_flag=True,
    help="Ask both models again too, those that were submitted in the sandbox.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of verdicts as JSON.")
def verify(references: tuple[str, ...], inference: bool, as_json: bool) -> None:
    """Play replays again under the rules; the exit status is 1 if any differs.

    With --inference the models' verdict on a stored game is kept, for the badge on its page.
    """
    verdicts = []
    for reference in references:
        verdict = judge(reference, inference=inference)
        verdicts.append(verdict)
        if as_json:
            continue
        if verdict["ok"]:
            asked = f", decided alike by {' and '.join(verdict['models'])}" if inference else ""
            plies = f"{verdict['plies']} plies{asked}"
            click.echo(f"{click.style('ok', fg='green')}     {reference}  {plies}")
        else:
            click.echo(f"{click.style('wrong', fg='red')}  {reference}  {verdict['error']}")
    wrong = sum(not verdict["ok"] for verdict in verdicts)
    if as_json:
        click.echo(json.dumps(verdicts))
    elif len(verdicts) > 1:
        click.echo(f"{len(verdicts)} replays, {wrong} wrong")
    if wrong:
        sys.exit(1)


def judge(reference: str, *, inference: bool = False) -> Verdict:
    """Decode and re-simulate one replay, and ask its models again if wanted."""
    from replays.errors import ReplayDesyncError, ReplayError
    from replays.format import decode
    from replays.playback import verify as verify_replay
    from replays.sources import find_replay

    plies = wrong_ply = error = None
    models: list[str] = []
    try:
        recorded = decode(find_replay(reference))
        plies = recorded.plies
        verify_replay(recorded)
        if inference:
            models, wrong_ply, error = _ask_models(reference, recorded)
    except ReplayDesyncError as desync:
        wrong_ply, error = desync.ply, str(desync)
    except ReplayError as other:
        error = str(other)
    return Verdict(
        replay=reference,
        ok=error is None,
        plies=plies,
        wrong_ply=wrong_ply,
        error=error,
        models=models,
    )


def _ask_models(reference: str, recorded: "Replay") -> tuple[list[str], int | None, str | None]:
    """Return who was asked, the first ply that was decided otherwise, and what is wrong."""
    from replays.inference import check_models

    verdict = check_models(reference, recorded)
    models = list(verdict.asked)
    if verdict.difference is not None:
        return models, verdict.difference.ply, str(verdict.difference)
    if verdict.missing:
        return models, None, f"nobody has the model {' or '.join(verdict.missing)}"
    return models, None, None if models else "no model rode in it"


def play_boards(
    plies: Iterable[int],
    draw: Callable[[int], None],
    *,
    pause_s: float | None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Draw the board of each ply.

    With ``pause_s`` each is drawn over the one before and kept that many seconds; with None they
    follow each other at once.
    """
    if pause_s is not None:
        click.echo(CLEAR_SCREEN, nl=False, color=True)
    for ply in plies:
        if pause_s is not None:
            click.echo(CURSOR_HOME, nl=False, color=True)
        draw(ply)
        if pause_s is not None:
            sleep(pause_s)
