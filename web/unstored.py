"""Finished games that the database was away for: kept in files, stored at a later start.

A game is two files of one name: its replay (``.trp``), and what else is stored of it (``.json``).
The replay is written last and removed first, so that where it is, both are. Whoever takes a game in
holds a lock on its replay, which the system lets go of however the process ends. The game is stored
before the file goes, and never where it is stored already.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Protocol

import msgspec

from arena.errors import DatabaseAwayError
from arena.stored_games import NewHumanGame
from replays.format import Replay, decode, encode
from replays.playback import verify
from tron_env.errors import TronArenaError
from tron_env.types import Seat
from web.errors import UnstoredError

logger = logging.getLogger(__name__)

REPLAY: Final = ".trp"
REST: Final = ".json"


class Shelf(Protocol):
    """The part of ``arena.storage.Storage`` that is needed here."""

    def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        """Store games, all or none, and return their IDs."""

    def stored_as(self, session: str, played_at: datetime, replay: bytes) -> int | None:
        """Return the ID of a person's game that is stored, or None."""

    def has_played(self, session: str, sha256: str, by: datetime) -> bool:
        """Whether this browser had a stored game against this model by a time."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is stored of a person's game beside its replay; the fields are ``NewHumanGame``'s."""

    names: tuple[str, str]
    human_seat: Seat
    model_sha256: str
    round: int | None
    speed: int
    session: str
    player_name: str | None
    source_id: int | None
    reason: str | None
    played_at: Annotated[datetime, msgspec.Meta(tz=True)]
    frozen: bool
    """Whether it waited for its person on the way."""
    first_since: Annotated[datetime, msgspec.Meta(tz=True)] | None
    """When it was opened, if it is a first try unless an earlier game is stored; else None."""

    def game(
        self, replay: Replay, has_played: Callable[[str, str, datetime], bool]
    ) -> NewHumanGame:
        """Return the game to store; whether it is a first try is asked of ``has_played``."""
        first = self.first_since is not None and not has_played(
            self.session, self.model_sha256, self.first_since
        )
        return NewHumanGame(
            replay=replay,
            names=self.names,
            human_seat=self.human_seat,
            model_sha256=self.model_sha256,
            round=self.round,
            speed=self.speed,
            first_try=first and not self.frozen,
            stood_still=first and self.frozen,
            session=self.session,
            player_name=self.player_name,
            source_id=self.source_id,
            reason=self.reason,
            played_at=self.played_at,
        )


def keep_apart(folder: Path, number: int, replay: Replay, rest: Particulars) -> Path:
    """Write a game that cannot be stored now; return its replay's file.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{rest.played_at:%Y%m%dT%H%M%S.%f}-{number}{REPLAY}"
    _write(path.with_suffix(REST), msgspec.json.encode(rest))
    _write(path, encode(replay))
    return path


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; nobody ever sees half of it."""
    draft = path.with_name(f".{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def take_in(
    folder: Path, shelf: Shelf, knows: Callable[[str], bool], enough: Callable[[], bool]
) -> None:
    """Store the games that are kept in a folder, those first that were played first.

    What cannot be stored stays, and the log says why. Several processes may do so at once.

    Args:
        folder: which.
        shelf: where games are stored.
        knows: whether a model is here, by its SHA-256.
        enough: whether the rest is to wait for the next start.
    """
    try:
        kept = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("the games in %s stay there: %s", folder, error)
        return
    taken = 0
    for path in kept:
        if path.suffix != REPLAY or path.name.startswith("."):
            continue
        if enough():
            break
        try:
            taken += _take_in(path, shelf, knows)
        except DatabaseAwayError as error:
            logger.warning("the games in %s wait for the next start: %s", folder, error)
            break
        except (TronArenaError, OSError, msgspec.MsgspecError) as error:
            logger.warning("%s stays there: %s", path, error)
        except Exception:
            logger.exception("%s stays there", path)
    if taken:
        logger.warning("%d games that had been left in %s are stored now", taken, folder)


def _take_in(path: Path, shelf: Shelf, knows: Callable[[str], bool]) -> bool:
    """Store one game and remove its files; False where another process does, or has done."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not os.fstat(file.fileno()).st_nlink:
            return False
        encoded = file.read()
        replay = decode(encoded)
        verify(replay)
        beside = path.with_suffix(REST)
        rest = msgspec.json.decode(beside.read_bytes(), type=Particulars)
        if not knows(rest.model_sha256):
            raise UnstoredError(f"model {rest.model_sha256} is not here")
        stored = shelf.stored_as(rest.session, rest.played_at, encoded)
        if stored is not None:
            raise UnstoredError(f"it is stored already, as game {stored}")
        shelf.save_human_games([rest.game(replay, shelf.has_played)])
        path.unlink()
        beside.unlink()
    return True
