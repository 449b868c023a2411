"""What happens after a game: telling the player, then storing the replay.

The clock hands games over without waiting. Telling needs no storage, so that a busy database
delays no result; the thread that serves does it in its spare time, but for games that have to be
judged, which takes long and has a thread of its own. Storing comes after (``web.storer``), and its
backlog closes the door to new games.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arena.records import HumanRecord
from web.commands import Outlet
from web.errors import Refusal, RefusedError
from web.first_tries import FirstTries
from web.judging import judged, needs_judging
from web.last_ends import CameBack, LastEnd, LastEnds, Told
from web.live_types import FinishedGame, LiveEnding
from web.messages import EndPayload, RecordPayload
from web.refusals import refused
from web.spare_time import SpareTime
from web.standing import Standing, counted_as
from web.storer import HumanGames, Storer
from web.tickets import (
    STORED_NAME,
    Opponent,
    Ticket,
    final_view,
    game_payload,
    own_view,
    replay_of,
    result_of,
    result_text,
    watched_view,
)
from web.words import record_text, verdict_of

logger = logging.getLogger(__name__)

BACKLOG: Final = 2048
"""Games waiting to be stored beyond which no new game is opened: as many as end in some seconds on
a full site, so that a database which takes a breath turns nobody away."""


@dataclass(frozen=True, slots=True, eq=False)
class _Over:
    ticket: Ticket
    record: FinishedGame
    watchers: tuple[str, ...] = ()


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
        unstored: folder for games that could not be stored; made when needed.
        knows: whether a model is here, by its SHA-256.
        spare_time: of the thread that serves.
    """

    def __init__(
        self,
        storage: HumanGames,
        send: Outlet,
        unstored: Path,
        knows: Callable[[str], bool],
        spare_time: SpareTime,
    ) -> None:
        self._storage = storage
        self._send = send
        self._standing = Standing()
        self._last_ends = LastEnds()
        self._first_tries = FirstTries()
        self._storer = Storer(
            storage, send, self._standing, self._last_ends, self._first_tries, unstored, knows
        )
        self._to_tell: queue.SimpleQueue[_Over | _GoesOn | CameBack | None] = queue.SimpleQueue()
        self._spare_time = spare_time
        self._teller = threading.Thread(target=self._tell_all, name="teller", daemon=True)

    def start(self) -> None:
        """Start both threads."""
        self._teller.start()
        self._storer.start()

    def close(self) -> None:
        """Tell and store what is waiting, then end; does not wait long for the database."""
        self._storer.hurry()
        self._to_tell.put(None)
        self._teller.join()
        self._storer.close()

    @property
    def backlog(self) -> int:
        """How much waits to be told or stored."""
        return self._untold + len(self._storer)

    @property
    def _untold(self) -> int:
        return len(self._spare_time) + self._to_tell.qsize()

    def check_door(self) -> None:
        """Raise ``RefusedError`` (FULL) while too many games wait to be stored; costs nothing."""
        if self.backlog >= BACKLOG:
            raise RefusedError(Refusal.FULL, "catching_up")

    def admit(self, opponent: Opponent) -> HumanRecord:
        """Make ready for a game against ``opponent``; reads storage the first time.

        Returns:
            Its record against people so far.

        Raises:
            RefusedError: FULL, too many games wait to be stored.
        """
        self.check_door()
        if opponent.sha256 not in self._standing:
            self._standing.begin(opponent.sha256, self._storage.human_record(opponent.sha256))
        return self._standing.of(opponent.sha256)

    def opened(self, ticket: Ticket) -> None:
        """Take note of a game that was opened; never blocks."""
        self._first_tries.opened(ticket)

    def finish(self, ticket: Ticket, record: FinishedGame, watchers: tuple[str, ...] = ()) -> None:
        """Take a finished game and the clients that watched it; never blocks.

        One that ended before its first ply is not kept.
        """
        if not record.kept:
            self._first_tries.never_was(ticket)
            return
        self._last_ends.keep(ticket)
        over = _Over(ticket, record, watchers)
        if needs_judging(record):
            self._to_tell.put(over)
        else:
            self._tell_soon(over)

    def resume(self, ticket: Ticket, record: FinishedGame, countdown_ms: int) -> None:
        """Tell a client how the game stands that it came back to; never blocks."""
        self._tell_soon(_GoesOn(ticket, record, countdown_ms))

    def tell_again(self, client: str, game: int, key: str) -> bool:
        """Tell a client that comes back how its game ended meanwhile; never blocks.

        Returns:
            False where no such game is just over.
        """
        if self._untold >= BACKLOG:
            return False
        last = self._last_ends.found(client, game, key)
        if last is not None:
            self._tell_soon(CameBack(last, client))
        return last is not None

    def _tell_soon(self, news: _Over | _GoesOn | CameBack) -> None:
        if not self._spare_time.take(lambda: self._tell_in_spare_time(news)):
            self._to_tell.put(news)

    def _tell_in_spare_time(self, news: _Over | _GoesOn | CameBack) -> None:
        if isinstance(news, CameBack) and news.last.told is None:
            self._to_tell.put(news)  # behind its game, which is still to be judged
        else:
            self._tell_one(news)

    def _tell_all(self) -> None:
        while (news := self._to_tell.get()) is not None:
            self._tell_one(news)

    def _tell_one(self, over: _Over | _GoesOn | CameBack) -> None:
        try:
            if isinstance(over, _GoesOn):
                self._show(over)
            elif isinstance(over, CameBack):
                self._tell_late(over.last, over.client)
            else:
                self._tell_over(over)
        except Exception:
            logger.exception("game %d: news of it could not be told", over.ticket.game)

    def _show(self, news: _GoesOn) -> None:
        ticket = news.ticket
        record = record_payload(self._standing.of(ticket.opponent.sha256))
        payload = game_payload(ticket, final_view(ticket, news.record), record, resumed=True)
        payload["countdown_ms"] = news.countdown_ms
        self._send(ticket.client, "game", payload)

    def _tell_over(self, over: _Over) -> None:
        ticket, record = over.ticket, judged(over.ticket, over.record)
        counted = counted_as(ticket, record)
        told = Told(ticket, record, replay_of(ticket, record), counted)
        if (last := self._last_ends.of(ticket.game)) is not None:
            last.told = told
        if counted is not None:
            self._standing.tell(counted)
        try:
            if record.told:
                self._tell(told, ticket.client)
            if over.watchers:
                self._tell_watchers(told, over.watchers)
        finally:
            if record.ending is not LiveEnding.VOID:
                self._storer.put(told)

    def _tell_late(self, last: LastEnd, client: str) -> None:
        game = last.ticket.game
        if last.told is None or not last.told.has_result:
            over = RefusedError(Refusal.UNKNOWN_GAME, "over", game=game)
            self._send(client, "refused", refused(over))
            return
        self._tell(last.told, client)
        if last.address is not None:  # else it is told once it is stored
            self._send(client, "stored", {"game": game, "replay": last.address})

    def _tell(self, told: Told, client: str) -> None:
        ticket, record = told.ticket, told.record
        payload: EndPayload = {
            "game": ticket.game,
            "ply": record.actions.shape[0],
            "result": result_of(ticket, record),
            "text": result_text(ticket, record),
            "view": own_view(ticket, told.replay),
            "replay": None,
            "record": record_payload(self._standing.of(ticket.opponent.sha256)),
        }
        self._send(client, "end", payload)

    def _tell_watchers(self, told: Told, watchers: tuple[str, ...]) -> None:
        ticket, replay = told.ticket, told.replay
        view = watched_view(ticket, told.record)
        text = verdict_of(
            ticket.names(ticket.nickname or STORED_NAME),
            replay.outcome,
            replay.ending,
            replay.plies,
        )
        for watcher in watchers:
            self._send(watcher, "over", {"game": ticket.game, "text": text, "view": view})


def record_payload(record: HumanRecord) -> RecordPayload:
    """Return the message part that tells of a model's record."""
    return {
        "text": record_text(record),
        "wins": record.wins,
        "losses": record.losses,
        "draws": record.draws,
        "abandoned": record.abandoned,
    }
