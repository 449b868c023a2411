"""Stored games by their number, for commands that read replays."""

from pathlib import Path

MAX_DIGITS = 18
"""More do not fit what databases number rows with."""


def load(reference: str) -> bytes | None:
    """Return the replay of the game with this number, or None; see ``ReplaySource``.

    Raises:
        SettingsError: a setting is malformed.
        StorageError: the database cannot be opened.
    """
    if not (reference.isascii() and reference.isdecimal() and len(reference) <= MAX_DIGITS):
        return None
    from sqlalchemy import make_url

    from arena.settings import load_settings
    from arena.storage import open_storage

    settings = load_settings()
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    with open_storage(settings) as storage:
        return storage.replay(int(reference))
