"""Who plays whom: what the site knows of a live game beside its moves, and what came of it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from replays.format import PERSON, Ending, Replay, TakeOver, model_prefix
from replays.view import ReplayView, RiderKind, played_view
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import SEATS, DeathCause, Outcome, Seat, Spawn, UInt8Array
from web.live_types import FinishedGame, LiveEnding, Opening
from web.messages import GamePayload, GameResult, OpponentPayload, RecordPayload
from web.texts import tell

LIVE_NAME: Final = tell("live.you")
STORED_NAME: Final = tell("live.somebody")
STARTS_KEPT: Final = 4096
ALIVE: Final = (DeathCause.NONE, DeathCause.NONE)
NOTHING_PLAYED: Final[UInt8Array] = np.zeros((0, SEATS), dtype=np.uint8)
ENDINGS: Final = {
    LiveEnding.RULES: Ending.RULES,
    LiveEnding.FORFEIT: Ending.FORFEIT,
    LiveEnding.ABANDONED: Ending.ABANDONED,
    LiveEnding.CONCEDED: Ending.FORFEIT,
    LiveEnding.CLOSED: Ending.ABANDONED,
    LiveEnding.VOID: Ending.ABANDONED,
}


@dataclass(frozen=True, slots=True)
class Opponent:
    """A model that people may ride against."""

    spec: str
    """What names it in a `join`, always the most exact: "champion@3", never "champion"."""
    name: str
    label: str
    """What it is, such as "champion of round 3"."""
    round: int | None
    sha256: str

    @property
    def light(self) -> bool:
        """Whether it is here as a light champion."""
        return self.spec.startswith("light@")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One live game of one client.

    ``client`` is the connection, ``player`` the session's token or None without cookies, ``key``
    what lets another connection go on with the game, ``nickname`` what its player is called or "",
    ``takeover`` which replay it goes on from, ``address`` the household that it counts for or "".
    """

    opening: Opening
    client: str
    player: str | None
    opponent: Opponent
    key: str
    nickname: str = ""
    takeover: TakeOver | None = None
    source_id: int | None = None
    """The stored game of the replay that it goes on from."""
    address: str = ""

    @property
    def game(self) -> int:
        """The game's number."""
        return self.opening.game

    @property
    def kinds(self) -> tuple[RiderKind, RiderKind]:
        """What each rider is, in seat order."""
        return ("person", "model") if self.opening.seat is Seat.FIRST else ("model", "person")

    def names(self, person: str) -> tuple[str, str]:
        """Return both riders' names in seat order."""
        if self.opening.seat is Seat.FIRST:
            return person, self.opponent.name
        return self.opponent.name, person


def opening_view(ticket: Ticket) -> ReplayView:
    """Return the game as it stands before its first ply; not to be changed."""
    opening = ticket.opening
    if not opening.prefix:
        spawns = spawns_for(ARENA, opening.seed)
        return _start_view(spawns, ticket.names(LIVE_NAME), ticket.kinds)
    start = FinishedGame(opening, opening.played, Outcome.ONGOING, ALIVE, LiveEnding.ABANDONED)
    return final_view(ticket, start)


@lru_cache(maxsize=STARTS_KEPT)
def _start_view(
    spawns: tuple[Spawn, Spawn], names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> ReplayView:
    """Return the view of a start, of which there are some thousand."""
    start = Replay(ARENA, None, spawns, NOTHING_PLAYED, Outcome.ONGOING, ALIVE, Ending.ABANDONED)
    return played_view(start, names, kinds)


def final_view(ticket: Ticket, finished: FinishedGame) -> ReplayView:
    """Return the whole game as its player sees it."""
    return own_view(ticket, replay_of(ticket, finished))


def own_view(ticket: Ticket, replay: Replay) -> ReplayView:
    """Return the same, given the game's replay."""
    return played_view(replay, ticket.names(LIVE_NAME), ticket.kinds)


def watched_view(ticket: Ticket, finished: FinishedGame) -> ReplayView:
    """Return the whole game as everybody else sees it."""
    name = ticket.nickname or STORED_NAME
    return played_view(replay_of(ticket, finished), ticket.names(name), ticket.kinds)


def replay_of(ticket: Ticket, finished: FinishedGame) -> Replay:
    """Return the record of a finished game; a void one counts as left."""
    model = model_prefix(ticket.opponent.sha256)
    return Replay(
        ruleset=ARENA,
        seed=ticket.opening.seed,
        spawns=spawns_for(ARENA, ticket.opening.seed),
        actions=finished.actions,
        outcome=finished.outcome,
        causes=finished.causes,
        ending=ENDINGS[finished.ending],
        models=(PERSON, model) if ticket.opening.seat is Seat.FIRST else (model, PERSON),
        takeover=ticket.takeover,
    )


def game_payload(
    ticket: Ticket, view: ReplayView, record: RecordPayload, *, resumed: bool = False
) -> GamePayload:
    """Return the message that a game begins or goes on; its countdown is filled in later."""
    return {
        "game": ticket.game,
        "key": ticket.key,
        "resumed": resumed,
        "stands_in": False,
        "seat": int(ticket.opening.seat),
        "speed": ticket.opening.speed,
        "countdown_ms": 0,
        "opponent": opponent_payload(ticket.opponent),
        "record": record,
        "view": view,
    }


def may_go_on(replay: Replay) -> bool:
    """Whether live play can go on from a replay: it was played by the rules of live games."""
    return replay.ruleset == ARENA and replay.seed is not None


def opponent_payload(opponent: Opponent) -> OpponentPayload:
    """Return the message part that tells of an opponent."""
    return {
        "spec": opponent.spec,
        "name": opponent.name,
        "label": opponent.label,
        "round": opponent.round,
    }


def result_of(ticket: Ticket, finished: FinishedGame) -> GameResult:
    """Return how the game went for the person."""
    match finished.ending:
        case LiveEnding.VOID:
            return "void"
        case LiveEnding.FORFEIT:
            return "won"
        case LiveEnding.CONCEDED:
            return "lost"
    winner = finished.outcome.winner
    if winner is None:
        return "draw"
    return "won" if winner is ticket.opening.seat else "lost"


def result_text(ticket: Ticket, finished: FinishedGame) -> str:
    """Say in a sentence how the game went for the person."""
    seat, name, plies = ticket.opening.seat, ticket.opponent.name, finished.actions.shape[0]
    length = tell("game.plies", count=plies)
    if finished.ending is LiveEnding.VOID:
        return tell("over.void", name=name)
    if finished.ending is LiveEnding.FORFEIT:
        return tell("over.forfeit", name=name, plies=length)
    if finished.ending is LiveEnding.CONCEDED:
        return tell("over.conceded", name=name, plies=length)
    if finished.outcome is Outcome.TRUNCATED:
        return tell("over.limit", plies=length)
    if finished.outcome.winner is None:
        if finished.causes[seat] is DeathCause.HEAD_ON:
            return tell("over.head_on", plies=length)
        return tell("over.both", ply=plies)
    if finished.outcome.winner is seat:
        return tell("over.won", plies=length)
    match finished.causes[seat]:
        case DeathCause.OPPONENT:
            return tell("over.cut_off", name=name, plies=length)
        case DeathCause.WALL:
            return tell("over.wall", plies=length)
        case _:
            return tell("over.own_trail", plies=length)
