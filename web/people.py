"""Pages about people: the rides that are on now, the players' ladder, models against people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypedDict

from flask import Blueprint, Response, jsonify, render_template

from arena.records import HumanRecord
from arena.stored_people import LOOK_SECONDS
from web.human import Tries, all_tries, first_tries, total_record
from web.messages import OpponentPayload
from web.players import MIN_TRIES
from web.services import services
from web.texts import tell
from web.tickets import STORED_NAME, Opponent, opponent_payload

people = Blueprint("people", __name__)

MOST_RIDES: Final = 60
"""Shown at once, the newest first."""
MOST_PLAYERS: Final = 100
"""Lines of the ladder that are shown."""


class RidePayload(TypedDict):
    """A ride that can be watched."""

    game: int
    player: str
    speed: int
    opponent: OpponentPayload


@dataclass(frozen=True, slots=True)
class Tried:
    """How people have fared against one model, at one speed or, where it is None, at any."""

    speed: int | None
    first: str
    """The share that people won, in words."""
    every: str
    abandoned: int


@dataclass(frozen=True, slots=True)
class Against:
    """How people have fared against one model, altogether and at each speed that was ridden."""

    opponent: Opponent
    total: Tried
    speeds: tuple[Tried, ...]


@people.get("/live")
def live() -> str:
    """The rides that are on now, to watch."""
    return render_template("live.html")


@people.get("/live/games.json")
def live_games() -> Response:
    """The same as data."""
    tickets = services().referee.tickets()
    rides: list[RidePayload] = [
        {
            "game": ticket.game,
            "player": ticket.nickname or STORED_NAME,
            "speed": ticket.opening.speed,
            "opponent": opponent_payload(ticket.opponent),
        }
        for ticket in reversed(tickets[-MOST_RIDES:])
    ]
    answer = jsonify({"games": rides, "total": len(tickets), "waiting": services().lobby.waiting})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@people.get("/players")
def players() -> str:
    """The players' ladder, and every model's record against people."""
    ranked = services().ladder.players()
    seen: dict[str, Opponent] = {}
    for opponent in services().opponents.all():
        seen.setdefault(opponent.sha256, opponent)
    records = services().storage.human_records(seen)
    against = [
        _against(opponent, records[sha256])
        for sha256, opponent in seen.items()
        if sha256 in records
    ]
    return render_template(
        "players.html",
        players=ranked[:MOST_PLAYERS],
        total=len(ranked),
        min_tries=MIN_TRIES,
        look_seconds=LOOK_SECONDS,
        against=against,
    )


def _against(opponent: Opponent, by_speed: Mapping[int, HumanRecord]) -> Against:
    speeds = tuple(_tried(speed, record) for speed, record in by_speed.items())
    if len(speeds) == 1:
        return Against(opponent, speeds[0], speeds)
    return Against(opponent, _tried(None, total_record(by_speed.values())), speeds)


def _tried(speed: int | None, record: HumanRecord) -> Tried:
    return Tried(speed, _share(first_tries(record)), _share(all_tries(record)), record.abandoned)


def _share(tries: Tries) -> str:
    if not tries.tries:
        return tell("players.no_tries")
    low, high = tries.interval
    return tell("players.share", percent=tries.percent, low=low, high=high, games=tries.tries)
