"""What happens after a game: telling the player, then storing the replay, on two threads.

The clock hands games over without waiting. Telling needs no storage, so that a busy database
delays no result; storing comes after, and its backlog closes the door to new games.
"""

import logging
import queue
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from arena.errors import ArenaFault
from arena.records import HumanRecord
from arena.stored_games import NewHumanGame
from replays.format import encode
from web.commands import Outlet
from web.errors import Refusal, RefusedError
from web.first_tries import FirstTries
from web.human import total_record
from web.judging import judged
from web.last_ends import CameBack, LastEnd, LastEnds, Told
from web.live_types import FinishedGame, LiveEnding
from web.messages import EndPayload, RecordPayload, StoredPayload
from web.patience import Patience
from web.refusals import refused
from web.standing import NOTHING, Standing, counted_as
from web.texts import tell
from web.tickets import (
    STORED_NAME,
    Opponent,
    Ticket,
    final_view,
    game_payload,
    own_view,
    replay_of,
    result_of,
    watched_view,
)
from web.words import record_text, verdict_of

logger = logging.getLogger(__name__)

BACKLOG: Final = 512
"""Games waiting to be stored beyond which no new game is opened."""
TELL_SECONDS: Final = 0.02
"""How long the news of a game's end waits for others: waking the thread that tells it takes the
clock's thread longer than all else that it does about the end."""
STORE_SECONDS: Final = 0.25
"""How long a finished game waits for others: a transaction costs as much as storing four."""
READ_SECONDS: Final = 10.0
"""How old a model's record may be as far as other processes' games go."""
MAX_BATCH: Final = 64
"""Games told together or stored in one transaction: those that wait, up to so many."""
REASONS: Final = {
    LiveEnding.FORFEIT: tell("game.no_answer"),
    LiveEnding.CONCEDED: tell("game.conceded"),
}
"""Why the loser of a game that the rules did not end lost it."""
_T = TypeVar("_T")


class HumanGames(Protocol):
    """The part of ``arena.storage.Storage`` that live play needs."""

    def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        """Store games, all or none, and return their IDs."""

    def has_played(self, session: str, sha256: str, by: datetime) -> bool:
        """Whether this browser had a stored game against this model by a time."""

    def human_record(self, sha256: str) -> HumanRecord:
        """Return a model's results against people."""

    def human_records(self, models: Collection[str]) -> Mapping[str, Mapping[int, HumanRecord]]:
        """Return the same of several models by speed; only what was ridden."""


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
        capacity: games that may be open at once, all of which may end together.
        unstored: folder for replays of games that could not be stored; made when needed.
    """

    def __init__(self, storage: HumanGames, send: Outlet, capacity: int, unstored: Path) -> None:
        self._storage = storage
        self._unstored = unstored
        self._send = send
        self._standing = Standing()
        self._last_ends = LastEnds()
        self._read_at = time.monotonic()
        self._first_tries = FirstTries(storage.has_played)
        # Lobby.join asks `admit` first, so a queue of this size never overflows.
        self._to_tell: queue.Queue[_Over | _GoesOn | CameBack | None] = queue.Queue(
            BACKLOG + 2 * capacity
        )
        self._to_store: queue.Queue[Told | None] = queue.Queue(BACKLOG + 2 * capacity)
        self._closing = threading.Event()
        self._patience = Patience()
        self._threads = (
            threading.Thread(target=self._tell_all, name="teller", daemon=True),
            threading.Thread(target=self._store_all, name="storer", daemon=True),
        )

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Tell and store what is waiting, then end; does not wait long for the database."""
        self._patience.end_soon()
        self._closing.set()
        self._to_tell.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def backlog(self) -> int:
        """How many games wait to be told or stored."""
        return self._to_tell.qsize() + self._to_store.qsize()

    def admit(self, opponent: Opponent) -> HumanRecord:
        """Make ready for a game against ``opponent``; reads storage the first time.

        Returns:
            Its record against people so far.

        Raises:
            RefusedError: FULL, too many games wait to be stored.
        """
        if self.backlog >= BACKLOG:
            raise RefusedError(Refusal.FULL, "catching_up")
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
        self._to_tell.put_nowait(_Over(ticket, record, watchers))

    def resume(self, ticket: Ticket, record: FinishedGame, countdown_ms: int) -> None:
        """Tell a client how the game stands that it came back to; never blocks."""
        try:
            self._to_tell.put_nowait(_GoesOn(ticket, record, countdown_ms))
        except queue.Full:
            logger.warning("game %d goes on unseen: too much is waiting", ticket.game)

    def tell_again(self, client: str, game: int, key: str) -> bool:
        """Tell a client that comes back how its game ended meanwhile; never blocks.

        Returns:
            False where no such game is just over.
        """
        if self._to_tell.qsize() >= BACKLOG:  # the rest is for games that end
            return False
        last = self._last_ends.found(client, game, key)
        if last is not None:
            self._to_tell.put_nowait(CameBack(last, client))
        return last is not None

    def _tell_all(self) -> None:
        running = True
        while running:
            news = self._gathered(self._to_tell, TELL_SECONDS)
            running = news[-1] is not None
            for over in news:
                if over is not None:
                    self._tell_one(over)
        self._to_store.put(None)

    def _gathered(
        self, waiting: "queue.Queue[_T]", seconds: float, patience: float | None = None
    ) -> list[_T]:
        """Return what waits, and what comes for so long after the first of it, up to a batch.

        Nothing where nothing comes within ``patience`` seconds.
        """
        try:
            batch = [waiting.get(timeout=patience)]
        except queue.Empty:
            return []
        if waiting.qsize() < MAX_BATCH:
            self._closing.wait(seconds)
        while len(batch) < MAX_BATCH and not waiting.empty():
            batch.append(waiting.get())
        return batch

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
                self._to_store.put(told)

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
        result, text = result_of(ticket, record)
        payload: EndPayload = {
            "game": ticket.game,
            "ply": record.actions.shape[0],
            "result": result,
            "text": text,
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

    def _store_all(self) -> None:
        running = True
        while running:
            batch = self._gathered(self._to_store, STORE_SECONDS, READ_SECONDS)
            running = not batch or batch[-1] is not None
            self._store([told for told in batch if told is not None])
            if running and time.monotonic() - self._read_at >= READ_SECONDS:
                self._read_again()

    def _read_again(self) -> None:
        """Read what other processes have stored."""
        self._read_at = time.monotonic()
        models = self._standing.models
        try:
            found = self._storage.human_records(models)
        except ArenaFault as error:
            logger.warning("records against people are not read anew for now: %s", error)
            return
        self._standing.read(
            {each: total_record((NOTHING, *found.get(each, {}).values())) for each in models}
        )

    def _store(self, batch: list[Told]) -> None:
        """Store games in one transaction; each alone where that fails for good."""
        made = [(told, new) for told in batch if (new := self._new_game(told)) is not None]
        try:
            numbers = self._saved([new for _, new in made])
        except Exception:
            logger.exception("%d games could not be stored together", len(made))
            for each in made:
                self._store_alone(*each)
        else:
            self._tell_stored(made, numbers)
        self._standing.settle(told.counted for told in batch if told.counted is not None)

    def _store_alone(self, told: Told, new: NewHumanGame) -> None:
        try:
            numbers = self._saved([new])
        except Exception:
            logger.exception("game %d is not stored; %s", told.ticket.game, self._apart(told))
        else:
            self._tell_stored([(told, new)], numbers)

    def _apart(self, told: Told) -> str:
        """Keep the replay of a game that cannot be stored as a file; say what became of it."""
        path = self._unstored / f"{told.ticket.game}.trp"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(told.replay))
        except OSError as error:
            return f"it is lost: {error}"
        return f"its replay is {path}"

    def _tell_stored(
        self, made: Sequence[tuple[Told, NewHumanGame]], numbers: tuple[int, ...]
    ) -> None:
        """Tell players; the games are stored by now, whatever comes of it."""
        for (told, _), number in zip(made, numbers, strict=True):
            game, client = told.ticket.game, told.ticket.client
            message: StoredPayload = {"game": game, "replay": f"/replays/{number}"}
            if (last := self._last_ends.of(game)) is not None:
                last.address = message["replay"]
                client = last.client
            if not told.record.told and client == told.ticket.client:
                continue
            try:
                self._send(client, "stored", message)
            except Exception:
                logger.exception("game %d: its replay could not be told", told.ticket.game)

    def _saved(self, new: list[NewHumanGame]) -> tuple[int, ...]:
        return self._patience.ask(lambda: self._storage.save_human_games(new))

    def _new_game(self, told: Told) -> NewHumanGame | None:
        ticket, record = told.ticket, told.record
        try:
            first = record.ending is not LiveEnding.CLOSED and self._patience.ask(
                lambda: self._first_tries.is_first(ticket)
            )
            return NewHumanGame(
                replay=told.replay,
                names=ticket.names(STORED_NAME),
                human_seat=ticket.opening.seat,
                model_sha256=ticket.opponent.sha256,
                round=ticket.opponent.round,
                speed=ticket.opening.speed,
                first_try=first and not record.frozen,
                stood_still=first and record.frozen,
                session=ticket.player or "",
                player_name=ticket.nickname or None,
                source_id=ticket.source_id,
                reason=REASONS.get(record.ending),
            )
        except Exception:
            logger.exception("game %d is not stored; %s", ticket.game, self._apart(told))
            return None


def record_payload(record: HumanRecord) -> RecordPayload:
    """Return the message part that tells of a model's record."""
    return {
        "text": record_text(record),
        "wins": record.wins,
        "losses": record.losses,
        "draws": record.draws,
        "abandoned": record.abandoned,
    }
