"""Storing finished games, on a thread of its own, several in one transaction.

What is handed over waits here while the database is away; who hands over never waits.
"""

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from arena.errors import ArenaFault
from arena.records import HumanRecord
from arena.stored_games import NewHumanGame
from web.commands import Outlet
from web.first_tries import FirstTries
from web.human import total_record
from web.last_ends import LastEnds, Told
from web.live_types import LiveEnding
from web.messages import StoredPayload
from web.patience import Patience
from web.standing import NOTHING, Standing
from web.texts import tell
from web.tickets import STORED_NAME
from web.unstored import Particulars, Shelf, keep_apart, take_in

logger = logging.getLogger(__name__)

STORE_SECONDS: Final = 0.25
"""How long a finished game waits for others: a transaction costs as much as storing four."""
MAX_BATCH: Final = 64
"""Games stored in one transaction: those that wait, up to so many."""
NICENESS: Final = 15
"""While the database writes it needs no interpreter's lock, only the core, of which live play's
thread, were it no less nice, would get half then."""
READ_SECONDS: Final = 10.0
"""How old a model's record may be as far as other processes' games go."""
REASONS: Final = {
    LiveEnding.FORFEIT: tell("game.no_answer"),
    LiveEnding.CONCEDED: tell("game.conceded"),
}
"""Why the loser of a game that the rules did not end lost it."""


class HumanGames(Shelf, Protocol):
    """The part of ``arena.storage.Storage`` that live play needs."""

    def human_record(self, sha256: str) -> HumanRecord:
        """Return a model's results against people."""

    def human_records(self, models: Collection[str]) -> Mapping[str, Mapping[int, HumanRecord]]:
        """Return the same of several models by speed; only what was ridden."""


class Storer:
    """Keeps games, and tells players where.

    Args:
        storage: where games are kept.
        send: takes messages for clients.
        standing: of models against people.
        last_ends: games that are just over.
        first_tries: knows which games are.
        unstored: folder for games that could not be stored, of which those that an earlier process
            left there are stored first of all; made when needed.
        knows: whether a model is here, by its SHA-256.
    """

    def __init__(
        self,
        storage: HumanGames,
        send: Outlet,
        standing: Standing,
        last_ends: LastEnds,
        first_tries: FirstTries,
        unstored: Path,
        knows: Callable[[str], bool],
    ) -> None:
        self._storage = storage
        self._send = send
        self._standing = standing
        self._last_ends = last_ends
        self._first_tries = first_tries
        self._unstored = unstored
        self._knows = knows
        self._waiting: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._read_at = time.monotonic()
        self._closing = threading.Event()
        self._patience = Patience()
        self._thread = threading.Thread(target=self._store_all, name="storer", daemon=True)

    def __len__(self) -> int:
        """Return how many games wait."""
        return self._waiting.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def hurry(self) -> None:
        """Wait for nothing any more, and not for long for the database."""
        self._patience.end_soon()
        self._closing.set()

    def close(self) -> None:
        """Store what is waiting, then end; nothing may be put any more."""
        self._waiting.put(None)
        self._thread.join()

    def put(self, told: Told) -> None:
        """Take a game; never blocks, any thread may call it."""
        self._waiting.put(told)

    def _store_all(self) -> None:
        if sys.platform == "linux":  # where each thread has a niceness of its own
            try:
                os.nice(NICENESS)
            except OSError as error:
                logger.warning("storing games competes with live play: %s", error)
        take_in(self._unstored, self._storage, self._knows, self._closing.is_set)
        running = True
        while running:
            batch = self._gathered()
            running = not batch or batch[-1] is not None
            self._store([told for told in batch if told is not None])
            if running and time.monotonic() - self._read_at >= READ_SECONDS:
                self._read_again()

    def _gathered(self) -> list[Told | None]:
        """Return what waits, and what comes for a while after the first of it, up to a batch.

        Nothing where nothing comes within ``READ_SECONDS``.
        """
        try:
            batch = [self._waiting.get(timeout=READ_SECONDS)]
        except queue.Empty:
            return []
        if self._waiting.qsize() < MAX_BATCH:
            self._closing.wait(STORE_SECONDS)
        while len(batch) < MAX_BATCH and not self._waiting.empty():
            batch.append(self._waiting.get())
        return batch

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
        """Keep a game that cannot be stored in files; say what became of it."""
        try:
            path = keep_apart(self._unstored, told.ticket.game, told.replay, self._rest(told))
        except OSError as error:
            return f"it is lost: {error}"
        return f"the next start tries again; its replay is {path}"

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
        try:
            rest = self._rest(told)
            return self._patience.ask(lambda: rest.game(told.replay, self._storage.has_played))
        except Exception:
            logger.exception("game %d is not stored; %s", told.ticket.game, self._apart(told))
            return None

    def _rest(self, told: Told) -> Particulars:
        ticket, record = told.ticket, told.record
        closed = record.ending is LiveEnding.CLOSED
        return Particulars(
            names=ticket.names(STORED_NAME),
            human_seat=ticket.opening.seat,
            model_sha256=ticket.opponent.sha256,
            round=ticket.opponent.round,
            speed=ticket.opening.speed,
            session=ticket.player or "",
            player_name=ticket.nickname or None,
            source_id=ticket.source_id,
            reason=REASONS.get(record.ending),
            played_at=told.at,
            frozen=record.frozen,
            first_since=None if closed else self._first_tries.opened_at(ticket),
        )
