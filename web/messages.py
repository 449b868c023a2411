"""The live namespace's messages: strict parsing of what comes in, types of what goes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, TypedDict

from replays.view import ReplayView
from tron_env.ruleset import MAX_PLIES_LIMIT
from tron_env.types import Action, Seat
from web.errors import Refusal, RefusedError
from web.live_types import SPEEDS

OPPONENT: Final = re.compile(
    r"(?P<crown>champion|light)(@(?P<round>[1-9][0-9]{0,5}))?"
    r"|zoo/(?P<model>[a-z0-9][a-z0-9._-]{0,63})"
)
"""What names an opponent: who reigns of a crown, or won it in a round, or a shipped model."""
KEY: Final = re.compile(r"[0-9a-f]{32}")
NICKNAME: Final = re.compile(r"[\w][\w .-]{0,18}[\w.]|")
MAX_GAME_ID: Final = 2**53 - 1
"""The greatest integer that JavaScript holds exactly."""

GameResult = Literal["won", "lost", "draw", "void"]


@dataclass(frozen=True, slots=True)
class Join:
    """A wish to ride against ``opponent`` at ``speed`` plies a second."""

    opponent: str
    speed: int


@dataclass(frozen=True, slots=True)
class TakeOverWish:
    """A wish to ride on from ``ply`` of a stored replay in place of one of its riders."""

    replay: int
    ply: int
    seat: Seat
    speed: int


@dataclass(frozen=True, slots=True)
class Watch:
    """A wish to watch a live game, instead of the one watched before."""

    game: int


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


Message: TypeAlias = Turn | Leave | Resume | Echo | Watch
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

    ``key`` lets whoever has it come back after a lost connection. ``stands_in`` says that this is
    not the rider of the replay that was taken over, who cannot be played.
    """

    game: int
    key: str
    resumed: bool
    stands_in: bool
    seat: int
    speed: int
    countdown_ms: int
    opponent: OpponentPayload
    record: RecordPayload
    view: ReplayView


class SnapshotPayload(TypedDict):
    """`snapshot`: how a game stands, for a client that was too far behind to be told every tick."""

    game: int
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


class WaitingPayload(TypedDict):
    """`waiting`: more people want this opponent than it can play; a game begins by itself.

    ``place`` is 1 for who is next. ``offer`` can be played at once.
    """

    place: int
    opponent: OpponentPayload
    offer: OpponentPayload | None


class FrozenPayload(TypedDict):
    """`frozen`: a game stands still, for so long at most, until its player is back."""

    game: int
    seconds: float


class WatchedPayload(TypedDict):
    """`watched`: a live game as it stands, for somebody who watches; its ticks follow."""

    game: int
    speed: int
    opponent: OpponentPayload
    frozen: bool
    view: ReplayView


class OverPayload(TypedDict):
    """`over`: a watched game has ended."""

    game: int
    text: str
    view: ReplayView


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
        _malformed("form_opponent")
    return Join(opponent, _speed(speed))


def parse_take_over(data: object) -> TakeOverWish:
    """Read a `take_over` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "replay", "ply", "seat", "speed")
    replay, ply, seat = fields["replay"], fields["ply"], fields["seat"]
    if type(replay) is not int or not 0 < replay <= MAX_GAME_ID:
        _malformed("form_replay")
    if type(ply) is not int or not 0 <= ply <= MAX_PLIES_LIMIT:
        _malformed("form_ply")
    if type(seat) is not int or seat not in (0, 1):
        _malformed("form_seat")
    return TakeOverWish(replay, ply, Seat(seat), _speed(fields["speed"]))


def parse_watch(data: object) -> Watch:
    """Read a `watch` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    return Watch(_game(_fields(data, "game")))


def parse_call_me(data: object) -> str:
    """Read a `call_me` event: a nickname for the players' ladder, or "" for none.

    Raises:
        RefusedError: MALFORMED.
    """
    name = _fields(data, "name")["name"]
    if not isinstance(name, str) or not NICKNAME.fullmatch(name):
        _malformed("form_nickname")
    return name


def parse_turn(data: object) -> Turn:
    """Read a `turn` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "action")
    action = fields["action"]
    if type(action) is not int or not 0 <= action <= 3:
        _malformed("form_action")
    return Turn(_game(fields), Action(action))


def parse_resume(data: object) -> Resume:
    """Read a `resume` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "key")
    key = fields["key"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        _malformed("form_key")
    return Resume(_game(fields), key)


def parse_echo(data: object) -> Echo:
    """Read an `echo` event.

    Raises:
        RefusedError: MALFORMED, naming the field.
    """
    fields = _fields(data, "game", "ply")
    ply = fields["ply"]
    if type(ply) is not int or not 0 < ply <= MAX_PLIES_LIMIT:
        _malformed("form_ply")
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


def _fields(data: object, *names: str) -> Mapping[str, object]:
    if not isinstance(data, dict) or data.keys() != set(names):
        _malformed("form_fields", fields=", ".join(names))
    return data


def _game(fields: Mapping[str, object]) -> int:
    game = fields["game"]
    if type(game) is not int or not 0 < game <= MAX_GAME_ID:
        _malformed("form_game")
    return game


def _speed(speed: object) -> int:
    if type(speed) is not int or speed not in SPEEDS:
        _malformed("form_speed", speeds=", ".join(map(str, SPEEDS)))
    return speed


def _malformed(text: str, **slots: str) -> NoReturn:
    raise RefusedError(Refusal.MALFORMED, text, **slots)
