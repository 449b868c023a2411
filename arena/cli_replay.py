"""The commands `tron replay search`, `tron replay pass` and `tron replay insight`."""

from typing import TYPE_CHECKING

import click

from arena.cli_terms import JSON_OPTION, WORKERS_OPTION

if TYPE_CHECKING:
    from arena.insight import Insight

RESULTS = ("win", "loss", "draw", "limit", "forfeit", "abandoned")
CAUSES = ("wall", "self", "opponent", "head_on")


@click.command()
@click.option("--round", "round_", type=click.IntRange(min=1), help="Duels of this round.")
@click.option("--name", help="Who rode in it, in either seat.")
@click.option("--opponent", help="Against whom; needs --name.")
@click.option(
    "--result", type=click.Choice(RESULTS), help="How it ended; for --name, if that is given."
)
@click.option("--cause", type=click.Choice(CAUSES), help="How a rider (--name, if given) died.")
@click.option("--min-plies", type=click.IntRange(min=0), help="Games at least this long.")
@click.option("--max-plies", type=click.IntRange(min=0), help="Games at most this long.")
@click.option("--tag", "tags", multiple=True, help="With this tag; may be given again.")
@click.option("--min-gap", type=click.IntRange(min=0), help="Ratings at least this far apart.")
@click.option("--max-gap", type=click.IntRange(min=0), help="Ratings at most this far apart.")
@click.option("--human/--no-human", default=None, help="Only, or without, games with a person.")
@click.option("--take-over/--no-take-over", default=None, help="Only, or without, take-overs.")
@click.option("--best", is_flag=True, help="The most interesting first [default: the newest].")
@click.option("--after", help="Go on behind the page that ended with this.")
@click.option("--limit", type=click.IntRange(1, 500), default=24, show_default=True)
@JSON_OPTION
def search(
    round_: int | None,
    name: str | None,
    opponent: str | None,
    result: str | None,
    cause: str | None,
    min_plies: int | None,
    max_plies: int | None,
    tags: tuple[str, ...],
    min_gap: int | None,
    max_gap: int | None,
    human: bool | None,
    take_over: bool | None,
    best: bool,
    after: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find stored games by what happened in them."""
    import json

    from arena.errors import SearchError
    from arena.found_games import FoundGame, Order
    from arena.records import GameFilter, GameKind, Result
    from arena.settings import load_settings
    from arena.storage import open_storage
    from replays.titles import TAGS
    from tron_env.types import DeathCause

    for tag in tags:
        if tag not in TAGS:
            raise click.BadParameter(f"{tag!r} is none of {', '.join(TAGS)}", param_hint="--tag")
    kinds = {None: None, True: GameKind.HUMAN, False: GameKind.DUEL}
    filters = GameFilter(
        kind=kinds[human],
        round=round_,
        name=name,
        opponent=opponent,
        result=None if result is None else Result(result),
        cause=None if cause is None else DeathCause[cause.upper()],
        min_plies=min_plies,
        max_plies=max_plies,
        tags=tags,
        min_gap=min_gap,
        max_gap=max_gap,
        takeover=take_over,
    )
    with open_storage(load_settings()) as storage:
        order = Order.BEST if best else Order.NEWEST
        try:
            page = storage.find_games(filters, order=order, after=after, limit=limit)
            count = storage.count_games_found(filters)
        except SearchError as error:
            raise click.UsageError(f"{error}") from error

    def row(found: FoundGame) -> dict[str, object]:
        game, told = found.game, found.summary
        return {
            "id": game.id,
            "kind": game.kind,
            "round": game.round,
            "names": game.names,
            "outcome": game.outcome.name.lower(),
            "causes": [each.name.lower() for each in game.causes],
            "ending": game.ending.name.lower(),
            "plies": game.plies,
            "title": None if told is None else told.title,
            "tags": [] if told is None else told.tags,
            "interest": None if told is None else round(told.interest, 2),
            "rating_gap": None if told is None else told.rating_gap,
        }

    if as_json:
        rows = [row(found) for found in page.games]
        click.echo(json.dumps({"count": str(count), "games": rows, "after": page.after}))
        return
    for found in page.games:
        game, told = found.game, found.summary
        title = " against ".join(game.names) if told is None else told.title
        score = "" if told is None else f"{told.interest:.0f}"
        words = "" if told is None else ", ".join(told.tags)
        click.echo(f"{game.id:>8}  {game.plies:>4} plies  {score:>3}  {title}  {words}".rstrip())
    click.echo(f"{count} games" + (f"; more with --after {page.after}" if page.after else ""))


@click.command("pass")
@WORKERS_OPTION
@click.option(
    "--deep", type=click.IntRange(min=0), default=0, help="Then make so many deep passes."
)
@JSON_OPTION
def pass_(workers: int | None, deep: int, as_json: bool) -> None:
    """Run the territory pass over all stored games that it has not seen.

    May be stopped at any moment and run again. `tron up` and `tron serve` do the same behind the
    site.
    """
    import json

    from arena.analyst import judge_next, pass_over
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import progress_shown

    settings = load_settings()
    judged: list[int] = []
    with open_storage(settings) as storage:
        with progress_shown("territory pass", "games") as tell:
            count = pass_over(storage, workers or settings.workers, tell)
        if deep:
            with progress_shown("deep pass", "games") as tell:
                while len(judged) < deep and (number := judge_next(storage)) is not None:
                    judged.append(number)
                    tell(len(judged), deep)
    if as_json:
        click.echo(json.dumps({"games": count, "deep": judged}))
    else:
        click.echo(f"{count} games summarised, {len(judged)} judged in depth")


@click.command()
@click.argument("name")
@click.option(
    "--round", "round_", type=click.IntRange(min=1), help="[default: the newest finished]"
)
@JSON_OPTION
def insight(name: str, round_: int | None, as_json: bool) -> None:
    """Tell how an entrant wins and dies in a round, where, and against whom."""
    import json
    from dataclasses import asdict

    from arena.records import RoundStatus
    from arena.runner import round_to_show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = round_to_show(storage, round_)
        if row.status is not RoundStatus.DONE:
            raise click.ClickException(f"round {row.number} is {row.status}; wait until it is done")
        entries = storage.entries(row.number)
        entry = next((each for each in entries if each.name == name), None)
        if entry is None:
            shown = f"see `tron round show {row.number}`"
            raise click.ClickException(f"{name!r} is not in round {row.number}; {shown}")
        told = storage.insight(entry.id)
    if told is None:
        raise click.ClickException("its games are not all analysed; run `tron replay pass`")
    if as_json:
        click.echo(json.dumps(asdict(told)))
        return

    def ends(counts: dict[str, int]) -> str:
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{count} {cause.replace('_', ' ')}" for cause, count in ordered) or "none"

    def share(counted: tuple[int, int]) -> str:
        return f"{counted[1]} of {counted[0]} won"

    blunders = told.blunders_per_hundred
    for label, text in (
        ("games", f"{told.games}: {told.wins} won, {told.draws} drawn, {told.losses} lost"),
        ("others die by", ends(told.wins_by)),
        ("dies by", ends(told.deaths_by)),
        ("length", f"{told.mean_plies:.0f} plies on average"),
        ("ahead", f"at the separation: {share(told.ahead)}"),
        ("behind", f"at the separation: {share(told.behind)}"),
        ("lead", f"{told.mean_lead:+.1f} cells at the separation on average"),
        (
            "blunders",
            "no deep pass is stored"
            if blunders is None
            else f"{blunders:.1f} a hundred plies, in {told.judged_games} games",
        ),
    ):
        click.echo(f"{label:<15}{text}")
    click.echo()
    click.echo(f"{'against':<24}{'points':>8}{'expected':>10}{'above':>8}")
    for each in told.opponents:
        click.echo(
            f"{each.name[:23]:<24}{each.points:>8.1f}{each.expected:>10.1f}{each.surplus:>+8.1f}"
        )
    click.echo()
    click.echo(heat_text(told))


SHADES = " .:-=+*#%@"


def heat_text(told: "Insight") -> str:
    """Draw where an entrant was, one character a cell; the most visited cell is the darkest."""
    most = max(1, *map(max, told.visited))
    last = len(SHADES) - 1
    rows = ["".join(SHADES[-(-last * cell // most)] for cell in row) for row in told.visited]
    return "\n".join(rows)
