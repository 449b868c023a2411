"""What a replay says about its game, in a few plain words."""

from typing import Final

from replays.format import PERSON, Ending, Replay
from replays.view import RiderKind
from tron_env.types import DeathCause, Outcome, Seat

END_OF: Final = {
    DeathCause.NONE: "rides on",
    DeathCause.WALL: "hits the wall",
    DeathCause.SELF: "hits its own trail",
    DeathCause.OPPONENT: "hits the other's trail",
    DeathCause.HEAD_ON: "meets the other head-on",
}


def rider_kinds(replay: Replay) -> tuple[RiderKind, RiderKind]:
    """Return what rides on each seat, as far as the replay itself knows."""
    first, second = replay.models
    return _kind(first), _kind(second)


def rider_names(replay: Replay) -> tuple[str, str]:
    """Return a name for each seat from the replay alone; real names live in the database."""
    names = [
        f"rider {seat}" if model == PERSON else f"model {model.hex()}"
        for seat, model in enumerate(replay.models)
    ]
    if names[0] == names[1]:
        names = [f"{name} ({seat})" for seat, name in enumerate(names)]
    return names[0], names[1]


def result_text(replay: Replay, names: tuple[str, str]) -> str:
    """Return how the game ended, such as ``"A wins: B hits its own trail"``."""
    winner = replay.outcome.winner
    if replay.ending is Ending.ABANDONED:
        return "abandoned: counts for nobody"
    if replay.ending is Ending.FORFEIT:
        if winner is None:
            return "nobody wins: both forfeit"
        return f"{names[winner]} wins: {names[winner.other]} forfeits"
    if winner is not None:
        loser = winner.other
        return f"{names[winner]} wins: {names[loser]} {END_OF[replay.causes[loser]]}"
    if replay.outcome is Outcome.TRUNCATED:
        return "draw: both ride on at the ply limit"
    if replay.causes[0] is DeathCause.HEAD_ON:
        return "draw: both meet head-on"
    return "draw: " + ", ".join(f"{names[seat]} {END_OF[replay.causes[seat]]}" for seat in Seat)


def facts(replay: Replay, names: tuple[str, str]) -> list[tuple[str, str]]:
    """Return a short table of (label, text) rows."""
    ruleset = replay.ruleset
    start = "explicit start" if replay.seed is None else f"seed {replay.seed}"
    taken = replay.takeover
    rows = [
        ("board", f"{ruleset.height}x{ruleset.width}, {ruleset.spawn} start, {start}"),
        ("seat 0", names[0]),
        ("seat 1", names[1]),
        ("plies", f"{replay.plies} of at most {ruleset.max_plies}"),
        ("result", result_text(replay, names)),
    ]
    if taken is not None:
        text = f"seat {taken.seat} at ply {taken.ply} of replay {taken.source.hex()}"
        rows.append(("taken", text))
    return rows


def _kind(model: bytes) -> RiderKind:
    return "person" if model == PERSON else "model"
