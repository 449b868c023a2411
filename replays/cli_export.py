"""The commands `tron replay export` and `tron replay import`."""

import json
from pathlib import Path
from typing import TypedDict

import click


@click.command()
@click.argument("references", metavar="REPLAY...", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; its ending names the form.",
)
@click.option("--names", nargs=2, metavar="A B", help="What to call the riders of seats 0 and 1.")
@click.option("--ply", type=click.IntRange(min=0), help="Board of a .png [default: the last].")
@click.option(
    "--cell",
    "cell_px",
    type=click.IntRange(2, 64),
    default=16,
    show_default=True,
    help="Pixels a cell of pictures and films.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0.5, max=50),
    default=10,
    show_default=True,
    help="Plies a second of films.",
)
@click.option("--winners", is_flag=True, help="Keep only winners' decisions in a .npz.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export(
    references: tuple[str, ...],
    output: Path,
    names: tuple[str, str] | None,
    ply: int | None,
    cell_px: int,
    speed: float,
    winners: bool,
    as_json: bool,
) -> None:
    """Write games as JSON, training data, pictures or films.

    Forms: .json and .jsonl (one game a line), .npz (observations, masks and actions of every
    decision, ready for imitation learning), .png, .gif, .mp4 (needs the extra `video`), .trp, and
    whatever installed packages add. .jsonl and .npz hold any number of games.
    """
    from replays.export import NamedReplay, Options
    from replays.export import export as write
    from replays.facts import rider_names
    from replays.format import decode
    from replays.sources import find_replay
    from tron_env.cli_progress import progress_shown

    games = []
    for reference in references:
        recorded = decode(find_replay(reference))
        games.append(NamedReplay(recorded, names or rider_names(recorded)))
    options = Options(ply=ply, cell_px=cell_px, speed=speed, winners=winners)
    unit = "boards" if output.suffix in {".gif", ".mp4"} else "games"
    with progress_shown(output.name, unit) as progress:
        write(output, games, options, progress)
    written = output.stat().st_size
    if as_json:
        click.echo(json.dumps({"file": str(output), "games": len(games), "bytes": written}))
    else:
        what = f"{len(games)} games" if len(games) > 1 else f"{games[0].replay.plies} plies"
        click.echo(f"{output}  {what}, {written:,} bytes")


class Imported(TypedDict):
    """What `tron replay import --json` prints for each game."""

    file: str
    names: list[str]
    plies: int
    outcome: str
    bytes: int


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output",
    "-o",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the replays [default: here].",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of what was written as JSON.")
def import_(source: Path, folder: Path, as_json: bool) -> None:
    """Read games from Apex's duel JSON, or from this project's .json and .jsonl.

    Each game is played again under the rules and written as NAME-NUMBER.trp.
    """
    from replays.facts import result_text
    from replays.fields import MAX_JSON_BYTES, parse_json, parse_json_lines
    from replays.format import encode
    from replays.interop import import_games

    with source.open("rb") as opened:
        data = opened.read(MAX_JSON_BYTES + 1)
    files = parse_json_lines(data) if source.suffix == ".jsonl" else [parse_json(data)]
    games = [game for file in files for game in import_games(file)]
    folder.mkdir(parents=True, exist_ok=True)
    digits = len(str(max(len(games) - 1, 0)))
    written = []
    for number, game in enumerate(games):
        path = folder / f"{source.stem}-{number:0{digits}}.trp"
        encoded = encode(game.replay)
        path.write_bytes(encoded)
        written.append(
            Imported(
                file=str(path),
                names=list(game.names),
                plies=game.replay.plies,
                outcome=game.replay.outcome.name.lower(),
                bytes=len(encoded),
            )
        )
        if not as_json:
            first, second = game.names
            result = result_text(game.replay, game.names)
            click.echo(f"{path}  {first} against {second}, {game.replay.plies} plies: {result}")
    if as_json:
        click.echo(json.dumps(written))
