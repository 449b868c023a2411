"""The command `tron replay analyze`."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from replays.deep import DeepView
    from replays.format import Replay
    from replays.report import MarkView

DEEP = "minimax:nodes=3000"
CONFIRM = "minimax:nodes=30000"


@click.command()
@click.argument("reference", metavar="REPLAY")
@click.option("--names", nargs=2, metavar="A B", help="What to call the riders of seats 0 and 1.")
@click.option(
    "--deep",
    is_flag=False,
    flag_value=DEEP,
    metavar="[SPEC]",
    help=f"Have a search judge every move and name blunders [default search: {DEEP}].",
)
@click.option(
    "--confirm",
    default=CONFIRM,
    show_default=True,
    metavar="SPEC",
    help="The deeper search that must agree on a blunder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print marks, graphs and facts as JSON.")
def analyze(
    reference: str,
    names: tuple[str, str] | None,
    deep: str | None,
    confirm: str,
    as_json: bool,
) -> None:
    """Tell what decided a game: its turning points, and from when on it was lost."""
    from replays.facts import facts, rider_names
    from replays.format import decode
    from replays.report import analysis_view
    from replays.sources import find_replay

    recorded = decode(find_replay(reference))
    called = names or rider_names(recorded)
    view = analysis_view(recorded, called)
    judged = None
    if deep is not None:
        blunders, judged = judge_moves(recorded, deep, confirm)
        view["marks"] = sorted([*view["marks"], *blunders], key=lambda mark: mark["ply"])
    if as_json:
        click.echo(json.dumps(view if judged is None else {**view, "deep": judged}))
        return
    click.echo(click.style(view["title"], bold=True))
    for label, text in facts(recorded, called):
        click.echo(f"{label:<10}{text}")
    if view["tags"]:
        click.echo(f"{'tags':<10}{', '.join(view['tags'])}")
    click.echo(f"{'interest':<10}{view['interest']:.0f} of 100")
    click.echo()
    for sentence in view["sentences"]:
        click.echo(sentence["text"])
    click.echo()
    click.echo(f"{'ply':>5}  {'mark':<17}{'rider':<20}{'territory':>11}")
    for mark in view["marks"]:
        first, second = (seat[mark["ply"]] for seat in view["territory"])
        rider = "" if mark["seat"] is None else called[mark["seat"]][:19]
        kind = mark["kind"].replace("_", " ")
        line = f"{mark['ply']:>5}  {kind:<17}{rider:<20}{first:>5} {second:>5}"
        if mark["better"] is not None:
            line += f"  better was {('up', 'right', 'down', 'left')[mark['better']]}"
        if mark["line"]:
            own, other = ("".join("↑→↓←"[move] for move in mark["line"][k::2]) for k in (0, 1))
            line += f": {own}" + (f" against {other}" if other else "")
        click.echo(line)


def judge_moves(recorded: "Replay", spec: str, confirm: str) -> "tuple[list[MarkView], DeepView]":
    """Run the deep pass; return its blunders and its values."""
    from replays.analysis import analyze as analyze_plies
    from replays.deep import deep_view, deepen, make_evaluator
    from replays.playback import Playback
    from replays.report import mark_view
    from tron_env.cli_progress import progress_shown

    playback = Playback(recorded)
    evaluators = make_evaluator(spec), make_evaluator(confirm)
    with progress_shown("judging", "plies") as progress:
        judged = deepen(playback, analyze_plies(playback), *evaluators, progress)
    return [mark_view(mark) for mark in judged.blunders], deep_view(judged)
