"""Stored games by their number, and a submission's defeats, for commands that read replays."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from arena.storage import Storage

SUBMISSION: Final = "submission:"
MAX_DIGITS = 18
"""More do not fit what databases number rows with."""


def load(reference: str) -> bytes | None:
    """Return the replay of the game with this number, or None; see ``ReplaySource``.

    Raises:
        SettingsError: a setting is malformed.
        StorageError: the database cannot be opened.
    """
    if not is_number(reference):
        return None
    storage = _opened()
    if storage is None:
        return None
    with storage:
        return storage.replay(int(reference))


def defeats(reference: str) -> tuple[bytes, ...] | None:
    """Return the games that ``submission:ID`` lost, newest first, or None; see ``ReplayList``.

    Raises:
        SettingsError: a setting is malformed.
        StorageError: the database cannot be opened.
    """
    number = reference.removeprefix(SUBMISSION)
    if not reference.startswith(SUBMISSION) or not is_number(number):
        return None
    storage = _opened()
    if storage is None:
        return None
    from arena.records import GameFilter

    with storage:
        row = storage.submission(int(number))
        if row is None:
            return None
        lost: list[bytes] = []
        before: int | None = None
        while games := storage.search_games(GameFilter(sha256=row.sha256), before_id=before):
            for game in games:
                winner = game.outcome.winner
                if winner is not None and game.models[winner.other] == row.sha256:
                    replay = storage.replay(game.id)
                    lost += [] if replay is None else [replay]
            before = games[-1].id
        return tuple(lost)


def is_number(text: str) -> bool:
    """Tell whether a reference can be the number of a game."""
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS


def _opened() -> "Storage | None":
    from sqlalchemy import make_url

    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    return open_storage(settings)
