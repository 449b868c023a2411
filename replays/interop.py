"""Games recorded elsewhere: the duels that Apex's runner writes as JSON.

Such a file holds several games between models A and B, seats exchanged in every second one, and of
each game its start and every step with raw actions, positions and deaths. Here each game is played
again from its start with those actions; the rules must give what the file records at every step.

Apex starts without a trail behind the spawns, as the ``corners`` layout does, and ignores an
action that reverses.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from replays.document import DOCUMENT_TYPE, MAX_NAME, from_document
from replays.errors import ReplayDesyncError, ReplayFormatError
from replays.fields import Fields
from replays.format import Replay
from replays.playback import verify
from tron_env.batch import BatchEngine
from tron_env.errors import RulesetError
from tron_env.ruleset import MAX_PLIES_LIMIT, MAX_SIDE, MIN_SIDE, Ruleset, SpawnLayout
from tron_env.spawn import spawns_for
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn, UInt8Array

APEX_TYPE: Final = "tron_duel_replay"
APEX_VERSION: Final = 1
MAX_GAMES: Final = 10_000
"""Games of one file."""

KILLED_BY: Final = {
    DeathCause.NONE: None,
    DeathCause.WALL: "nobody",
    DeathCause.SELF: "itself",
    DeathCause.OPPONENT: "the other's trail",
    DeathCause.HEAD_ON: "the other head-on",
}


@dataclass(frozen=True, slots=True)
class ImportedGame:
    """One game of a foreign file."""

    replay: Replay
    names: tuple[str, str]
    """By seat."""


def import_games(value: object) -> list[ImportedGame]:
    """Return the games of a parsed JSON file, Apex's or ours, each played again.

    Raises:
        ReplayFormatError: it is neither; the message names the field.
        ReplayDesyncError: the rules play a game differently from what is recorded.
    """
    kind = Fields(value, "file").text("type", MAX_NAME)
    if kind == APEX_TYPE:
        return apex_games(value)
    if kind == DOCUMENT_TYPE:
        replay, names = from_document(value)
        verify(replay)
        return [ImportedGame(replay, names)]
    raise ReplayFormatError(f"file.type is {kind!r}; known are {APEX_TYPE!r} and {DOCUMENT_TYPE!r}")


def apex_games(value: object) -> list[ImportedGame]:
    """Return the games of one of Apex's duels, each played again.

    Raises:
        ReplayFormatError: it is no such duel, or of a variant that the rules here do not have.
        ReplayDesyncError: the rules play a game differently from what is recorded.
    """
    duel = Fields(value, "duel")
    version = duel.integer("version", 1, 2**31)
    if version != APEX_VERSION:
        raise ReplayFormatError(f"duel.version is {version}; known is {APEX_VERSION}")
    names = duel.text("model_a", MAX_NAME), duel.text("model_b", MAX_NAME)
    games = []
    for game in duel.objects("games", MAX_GAMES):
        first, second = reversed(names) if game.flag("swap") else names
        games.append(ImportedGame(_apex_game(game), (first, second)))
    return games


def _apex_game(game: Fields) -> Replay:
    result = game.fields("result")
    config = result.fields("config")
    ruleset = _apex_ruleset(config)
    spawns = _apex_spawns(result.fields("spawn_positions"))
    history = result.objects("history", ruleset.max_plies)
    engine = BatchEngine(ruleset, 1)
    try:
        engine.reset_to(0, spawns)
    except RulesetError as error:
        raise ReplayFormatError(f"spawn_positions: {error}") from error
    headings: UInt8Array = np.zeros((len(history), 2), dtype=np.uint8)
    for ply, step in enumerate(history, start=1):
        if engine.outcomes[0] != Outcome.ONGOING:
            raise ReplayDesyncError(ply - 1, "outcome", "ONGOING", _outcome(engine).name)
        chosen = step.fields("actions")
        actions = np.array([[chosen.integer(str(seat), 0, 3) for seat in (0, 1)]], dtype=np.uint8)
        engine.step(actions)
        headings[ply - 1] = engine.headings[0]
        _compare_step(ply, step, engine)
    outcome = _outcome(engine)
    if outcome is Outcome.ONGOING:
        raise ReplayFormatError(f"result.history ends after {len(history)} steps, with both alive")
    _compare_end(len(history), result, engine)
    first, second = engine.causes[0].tolist()
    seed = config.integer("seed", 0, 2**64 - 1) if config.has("seed") else None
    return Replay(
        ruleset=ruleset,
        seed=seed if spawns == spawns_for(ruleset, 0) else None,
        spawns=spawns,
        actions=headings,
        outcome=outcome,
        causes=(DeathCause(first), DeathCause(second)),
    )


def _apex_ruleset(config: Fields) -> Ruleset:
    if config.has("num_players"):
        config.integer("num_players", 2, 2)
    if config.has("wall_wrap") and config.flag("wall_wrap"):
        raise ReplayFormatError("config.wall_wrap is on; the rules here have walls")
    if config.has("trail_fade"):
        config.integer("trail_fade", 0, 0)
    return Ruleset(
        height=config.integer("height", MIN_SIDE, MAX_SIDE),
        width=config.integer("width", MIN_SIDE, MAX_SIDE),
        spawn=SpawnLayout.CORNERS,
        max_plies=config.integer("max_steps", 1, MAX_PLIES_LIMIT),
    )


def _apex_spawns(positions: Fields) -> tuple[Spawn, Spawn]:
    first, second = (
        Spawn(
            spawn.integer("y", 0, MAX_SIDE),
            spawn.integer("x", 0, MAX_SIDE),
            Action(spawn.integer("direction", 0, 3)),
        )
        for spawn in (positions.fields("0"), positions.fields("1"))
    )
    return first, second


def _outcome(engine: BatchEngine) -> Outcome:
    return Outcome(engine.outcomes[0])


def _compare_step(ply: int, step: Fields, engine: BatchEngine) -> None:
    """Compare what one step records with what the rules gave.

    Raises:
        ReplayDesyncError: they differ.
    """
    _compare(ply, "step", step.integer("step", 0, MAX_PLIES_LIMIT), ply)
    alive, positions = step.fields("alive"), step.fields("positions")
    for seat in Seat:
        name = str(int(seat))
        living = bool(engine.causes[0, seat] == DeathCause.NONE)
        _compare(ply, f"alive of seat {name}", alive.flag(name), living)
        recorded = positions.items(name, 2)
        _compare(ply, f"position of seat {name}", recorded, engine.heads[0, seat].tolist())


def _compare_end(plies: int, result: Fields, engine: BatchEngine) -> None:
    """Compare the recorded result of a game with what the rules gave.

    Raises:
        ReplayDesyncError: they differ.
    """
    _compare(plies, "steps", result.integer("steps", 0, MAX_PLIES_LIMIT), plies)
    winner = _outcome(engine).winner
    recorded = result.integer("winner", 0, 1) if result.has("winner") else None
    _compare(plies, "winner", recorded, None if winner is None else int(winner))
    deaths = result.fields("death_causes")
    for seat in Seat:
        name = str(int(seat))
        cause = DeathCause(engine.causes[0, seat])
        killed = _killed_by(deaths.fields(name), seat) if deaths.has(name) else None
        _compare(plies, f"death of seat {name}", killed, KILLED_BY[cause])


def _killed_by(death: Fields, seat: Seat) -> str:
    killers = death.items("killed_by", 2) if death.has("killed_by") else []
    if not killers:
        return "nobody"
    if killers == [int(seat)]:
        return "itself"
    if death.text("cause", MAX_NAME) == "headon":
        return "the other head-on"
    return "the other's trail"


def _compare(ply: int, field: str, recorded: object, replayed: object) -> None:
    if recorded != replayed:
        raise ReplayDesyncError(ply, field, str(recorded)[:80], str(replayed))
