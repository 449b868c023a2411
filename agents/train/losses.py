"""Training on defeats: positions shortly before the end of lost games, taken from replays."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.train.errors import DefeatsError
from agents.train.league_env import Start
from replays import Playback, Replay, decode, model_prefix
from replays.sources import find_replays
from tron_env.ruleset import ARENA
from tron_env.types import Seat

PLIES_BEFORE: Final = (10, 20, 35, 50)
"""How long before its end a lost game is entered; the mistake is seldom the last ply."""


def find_defeats(references: Sequence[str], model: Path | None) -> tuple[Start, ...]:
    """Return starts before the defeats in replays.

    Args:
        references: what ``replays.sources.find_replays`` knows: files, folders, ``submission:3``.
        model: whose defeats; anybody's when None.

    Raises:
        ReplayError: a replay cannot be found, read or played again.
        DefeatsError: there is no defeat in them.
    """
    prefix = None
    if model is not None:
        prefix = model_prefix(hashlib.sha256(model.read_bytes()).hexdigest())
    starts: list[Start] = []
    looked_at = 0
    for reference in references:
        for encoded in find_replays(reference):
            looked_at += 1
            starts += defeats(decode(encoded), prefix)
    if not starts:
        whose = "" if model is None else f" of {model}"
        raise DefeatsError(f"no defeat{whose} in {looked_at} replays; nothing to train on")
    return tuple(starts)


def defeats(replay: Replay, model: bytes | None) -> list[Start]:
    """Return the starts before the end of one replay, none where nobody lost on the board.

    Args:
        replay: the game; on another board than the arena's it counts as none.
        model: prefix of whose defeats, see ``replays.model_prefix``; anybody's when None.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """
    winner = replay.outcome.winner
    size = (replay.ruleset.height, replay.ruleset.width)
    if winner is None or size != (ARENA.height, ARENA.width):
        return []
    loser = winner.other
    if model is not None and replay.models[loser] != model:
        return []
    playback = Playback(replay)
    plies = [playback.plies - before for before in PLIES_BEFORE]
    return [Start(playback.state(ply), Seat(loser)) for ply in plies if ply >= 0]
