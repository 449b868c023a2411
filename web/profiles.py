"""What the page of one model shows."""

import re
from dataclasses import dataclass
from typing import Final

from arena.records import EntryRow, GameFilter
from arena.storage import Storage
from web.human import Tries, all_tries
from web.opponents import Opponents
from web.thumbs import Thumb, thumbs

SHA256: Final = re.compile(r"[0-9a-f]{64}")
GAMES: Final = 8


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """One model."""

    sha256: str
    name: str
    summary: str
    """What its card says; empty for models without one."""
    entries: tuple[EntryRow, ...]
    """Newest round first."""
    crowns: tuple[int, ...]
    """Rounds that it won."""
    human: Tries
    games: tuple[Thumb, ...]
    spec: str | None
    """What names it as an opponent, if people may ride against it."""


def profile_page(storage: Storage, opponents: Opponents, sha256: str) -> ProfilePage | None:
    """Gather a model's page, or None where it never rode."""
    if not SHA256.fullmatch(sha256):
        return None
    entries = storage.entries_of(sha256)
    known = [each for each in opponents.all() if each.sha256 == sha256]
    if not entries and not known:
        return None
    return ProfilePage(
        sha256=sha256,
        name=entries[0].name if entries else known[0].name,
        summary=opponents.summary(sha256),
        entries=entries,
        crowns=tuple(each.round for each in known if each.round is not None),
        human=all_tries(storage.human_record(sha256)),
        games=thumbs(storage, storage.search_games(GameFilter(sha256=sha256), limit=GAMES)),
        spec=known[0].spec if known else None,
    )
