"""The live namespace's messages: strict parsing of what comes in, types of what goes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, TypedDict

from replays.view import ReplayView
from tron_env.ruleset import MAX_PLIES_LIMIT
from tron_env.types import Action
from web.errors import Refusal, RefusedError
from web.live_types import SPEEDS

OPPONENT: Final = re.compile(
    r"champion(@(?P<round>[1-9][0-9]{0,5}))?|zoo/(?P<model>[a-z0-9][a-z0-9._-]{0,63})"
)
"""What names an opponent: the reigning champion, that of a round, or a shipped model."""
KEY: Final = re.compile(r"[0-9a-f]{32}")
MAX_GAME_ID: Final = 2**53 - 1
"""The greatest integer that JavaScript holds exactly."""

GameResult = Literal["won", "lost", "draw", "void"]


@dataclass(frozen=True, slots=True)
class Join:
    """A wish to ride against ``opponent`` at ``speed`` plies a second."""

    opponent: str
    speed: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One key of the person's."""

    game: int
    action: Action


@dataclass(frozen=True, slots=True)
class Rematch:
    """A wish for another game like this one."""

    game: int


@dataclass(frozen=True, slots=True)
class Leave:
    """A wish to abandon a game."""

    game: int


@dataclass(frozen=True, slots=True)
class Resume:
    """A wish to go on with a game after the connection was lost; ``key`` came with the game."""

    game: int
    key: str


@dataclass(frozen=True, slots=True)
class Echo:
    """A client's answer to the `tick` of a ply that is to be answered at once.

    Those are the plies that are a multiple of the game's speed, so one a second; `latency`, the
    milliseconds from the tick to its echo, answers it.
    """

    game: int
    ply: int


Message: TypeAlias = Turn | Leave | Resume | Echo
"""What a client says in the course of its game."""


class OpponentPayload(TypedDict):
    """Whom the person rides against."""

    spec: str
    name: str
    label: str
    round: int | None


class RecordPayload(TypedDict):
    """A model's record against people, from the model's side, and the same in words."""

    text: str
    wins: int
    losses: int
    draws: int
    abandoned: int


class GamePayload(TypedDict):
    """`game`: a game was opened for this client, or goes on; its next ply follows the countdown.

    ``key`` lets whoever has it come back after a lost connection.
    """

    game: int
    key: str
    resumed: bool
    seat: int
    speed: int
    countdown_ms: int
    opponent: OpponentPayload
    record: RecordPayload
    view: ReplayView


class EndPayload(TypedDict):
    """`end`: a game is over."""

    game: int
    ply: int
    result: GameResult
    text: str
    view: ReplayView
    replay: str | None
    record: RecordPayload


class StoredPayload(TypedDict):
    """`stored`: the replay of a finished game has its address."""

    game: int
    replay: str


class RefusedPayload(TypedDict):
    """`refused`: an event changed nothing."""

    code: str
    message: str


def parse_join(data: object) -> Join:
    """Read a `join` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "opponent", "speed")
    opponent, speed = fields["opponent"], fields["speed"]
    if not isinstance(opponent, str) or not OPPONENT.fullmatch(opponent):
        _malformed("opponent must be champion, champion@N or zoo/NAME")
    if type(speed) is not int or speed not in SPEEDS:
        _malformed(f"speed must be one of {', '.join(map(str, SPEEDS))}")
    return Join(opponent, speed)


def parse_turn(data: object) -> Turn:
    """Read a `turn` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "action")
    action = fields["action"]
    if type(action) is not int or not 0 <= action <= 3:
        _malformed("action must be an integer from 0 to 3")
    return Turn(_game(fields), Action(action))


def parse_resume(data: object) -> Resume:
    """Read a `resume` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "key")
    key = fields["key"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        _malformed("key must be the one that came with the game")
    return Resume(_game(fields), key)


def parse_echo(data: object) -> Echo:
    """Read an `echo` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "ply")
    ply = fields["ply"]
    if type(ply) is not int or not 0 < ply <= MAX_PLIES_LIMIT:
        _malformed("ply must be the number of a ply")
    return Echo(_game(fields), ply)


def parse_rematch(data: object) -> Rematch:
    """Read a `rematch` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    return Rematch(_game(_fields(data, "game")))


def parse_leave(data: object) -> Leave:
    """Read a `leave` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    return Leave(_game(_fields(data, "game")))


def refused(error: RefusedError) -> RefusedPayload:
    """Return the message that tells a client of ``error``."""
    return {"code": error.code.value, "message": str(error)}


def _fields(data: object, *names: str) -> Mapping[str, object]:
    if not isinstance(data, dict) or data.keys() != set(names):
        _malformed(f"expected an object with exactly {', '.join(names)}")
    return data


def _game(fields: Mapping[str, object]) -> int:
    game = fields["game"]
    if type(game) is not int or not 0 < game <= MAX_GAME_ID:
        _malformed("game must be the number of a game")
    return game


def _malformed(message: str) -> NoReturn:
    raise RefusedError(Refusal.MALFORMED, message)
