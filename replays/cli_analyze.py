"""The command `tron replay analyze`."""

import json

import click


@click.command()
@click.argument("reference", metavar="REPLAY")
@click.option("--names", nargs=2, metavar="A B", help="What to call the riders of seats 0 and 1.")
@click.option("--json", "as_json", is_flag=True, help="Print marks, graphs and facts as JSON.")
def analyze(reference: str, names: tuple[str, str] | None, as_json: bool) -> None:
    """Tell what decided a game: its turning points, and from when on it was lost."""
    from replays.facts import facts, rider_names
    from replays.format import decode
    from replays.report import analysis_view
    from replays.sources import find_replay

    recorded = decode(find_replay(reference))
    called = names or rider_names(recorded)
    view = analysis_view(recorded, called)
    if as_json:
        click.echo(json.dumps(view))
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
        click.echo(f"{mark['ply']:>5}  {kind:<17}{rider:<20}{first:>5} {second:>5}")
