"""What happens after a game: telling the player, then storing the replay, on two threads.

The clock hands games over without waiting. Telling needs no storage, so that a busy database
delays no result; storing comes after, and its backlog closes the door to new games.
"""

import logging
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import Final, Protocol

from arena.errors import ArenaFault
from arena.records import HumanRecord
from arena.stored_games import NewHumanGame
from replays.format import encode
from web.errors import Refusal, RefusedError
from web.human import record_text
from web.live_types import FinishedGame, LiveEnding
from web.messages import EndPayload, GameResult, RecordPayload, StoredPayload
from web.referee import Outlet
from web.tickets import (
    STORED_NAME,
    Opponent,
    Ticket,
    final_view,
    game_payload,
    replay_of,
    result_of,
)

logger = logging.getLogger(__name__)

BACKLOG: Final = 512
"""Games waiting to be stored beyond which no new game is opened."""
RETRY_SECONDS: Final = (0.2, 1.0, 5.0)


class HumanGames(Protocol):
    """The part of ``arena.storage.Storage`` that live play needs."""

    def save_human_game(self, game: NewHumanGame) -> int:
        """Store a game and return its ID."""

    def has_played(self, session: str, sha256: str) -> bool:
        """Whether this browser has a stored game against this model."""

    def human_record(self, sha256: str) -> HumanRecord:
        """Return a model's results against people."""


@dataclass(frozen=True, slots=True, eq=False)
class _Over:
    ticket: Ticket
    record: FinishedGame


@dataclass(frozen=True, slots=True, eq=False)
class _GoesOn:
    ticket: Ticket
    record: FinishedGame
    countdown_ms: int


class Recorder:
    """Tells players how their games ended and keeps the games.

    Args:
        storage: where games are kept.
        send: takes messages for clients.
        capacity: games that may be open at once, all of which may end together.
    """

    def __init__(self, storage: HumanGames, send: Outlet, capacity: int) -> None:
        self._storage = storage
        self._send = send
        self._records: dict[str, HumanRecord] = {}
        # Lobby.join asks `admit` first, so a queue of this size never overflows.
        self._to_tell: queue.Queue[_Over | _GoesOn | None] = queue.Queue(BACKLOG + 2 * capacity)
        self._to_store: queue.Queue[_Over | None] = queue.Queue(BACKLOG + 2 * capacity)
        self._threads = (
            threading.Thread(target=self._tell_all, name="teller", daemon=True),
            threading.Thread(target=self._store_all, name="storer", daemon=True),
        )

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Tell and store what is waiting, then end."""
        self._to_tell.put(None)
        for thread in self._threads:
            thread.join()

    def admit(self, opponent: Opponent) -> HumanRecord:
        """Make ready for a game against ``opponent``; reads storage the first time.

        Returns:
            Its record against people so far.

        Raises:
            RefusedError: FULL, too many games wait to be stored.
        """
        if self._to_tell.qsize() + self._to_store.qsize() >= BACKLOG:
            raise RefusedError(Refusal.FULL, "the site is catching up; try again in a moment")
        if opponent.sha256 not in self._records:
            record = self._storage.human_record(opponent.sha256)
            self._records.setdefault(opponent.sha256, record)
        return self._records[opponent.sha256]

    def finish(self, ticket: Ticket, record: FinishedGame) -> None:
        """Take a finished game; never blocks."""
        self._to_tell.put_nowait(_Over(ticket, record))

    def resume(self, ticket: Ticket, record: FinishedGame, countdown_ms: int) -> None:
        """Tell a client how the game stands that it came back to; never blocks."""
        try:
            self._to_tell.put_nowait(_GoesOn(ticket, record, countdown_ms))
        except queue.Full:
            logger.warning("game %d goes on unseen: too much is waiting", ticket.game)

    def _tell_all(self) -> None:
        while (over := self._to_tell.get()) is not None:
            try:
                if isinstance(over, _GoesOn):
                    self._show(over)
                else:
                    self._tell(over.ticket, over.record)
            except Exception:
                logger.exception("game %d: news of it could not be told", over.ticket.game)
            if isinstance(over, _Over) and over.record.ending is not LiveEnding.VOID:
                self._to_store.put(over)
        self._to_store.put(None)

    def _show(self, news: _GoesOn) -> None:
        ticket = news.ticket
        record = record_payload(self._records[ticket.opponent.sha256])
        payload = game_payload(ticket, final_view(ticket, news.record), record, resumed=True)
        payload["countdown_ms"] = news.countdown_ms
        self._send(ticket.client, "game", payload)

    def _tell(self, ticket: Ticket, record: FinishedGame) -> None:
        key = ticket.opponent.sha256
        if record.ending is LiveEnding.ABANDONED:
            self._records[key] = _counted(self._records[key], "abandoned")
            return
        result, text = result_of(ticket, record)
        self._records[key] = _counted(self._records[key], result)
        payload: EndPayload = {
            "game": ticket.game,
            "ply": record.actions.shape[0],
            "result": result,
            "text": text,
            "view": final_view(ticket, record),
            "replay": None,
            "record": record_payload(self._records[key]),
        }
        self._send(ticket.client, "end", payload)

    def _store_all(self) -> None:
        while (over := self._to_store.get()) is not None:
            try:
                number = self._store(over.ticket, over.record)
            except Exception:
                logger.exception("game %d could not be stored", over.ticket.game)
                continue
            if over.record.ending is not LiveEnding.ABANDONED:
                message: StoredPayload = {
                    "game": over.ticket.game,
                    "replay": f"/replays/{number}",
                }
                self._send(over.ticket.client, "stored", message)

    def _store(self, ticket: Ticket, record: FinishedGame) -> int:
        for pause in RETRY_SECONDS:
            try:
                return self._storage.save_human_game(self._new_game(ticket, record))
            except ArenaFault as error:
                logger.warning("storing game %d: %s; trying again", ticket.game, error)
                time.sleep(pause)
        return self._storage.save_human_game(self._new_game(ticket, record))

    def _new_game(self, ticket: Ticket, record: FinishedGame) -> NewHumanGame:
        player, model = ticket.player, ticket.opponent.sha256
        return NewHumanGame(
            replay=encode(replay_of(ticket, record)),
            names=ticket.names(STORED_NAME),
            human_seat=ticket.opening.seat,
            model_sha256=model,
            round=ticket.opponent.round,
            speed=ticket.opening.speed,
            first_try=player is not None
            and not record.frozen
            and not self._storage.has_played(player, model),
            session=player or "",
        )


def _counted(record: HumanRecord, result: GameResult | str) -> HumanRecord:
    match result:
        case "won":
            return replace(record, losses=record.losses + 1)
        case "lost":
            return replace(record, wins=record.wins + 1)
        case "draw":
            return replace(record, draws=record.draws + 1)
        case "abandoned":
            return replace(record, abandoned=record.abandoned + 1)
        case _:
            return record


def record_payload(record: HumanRecord) -> RecordPayload:
    """Return the message part that tells of a model's record."""
    return {
        "text": record_text(record),
        "wins": record.wins,
        "losses": record.losses,
        "draws": record.draws,
        "abandoned": record.abandoned,
    }
