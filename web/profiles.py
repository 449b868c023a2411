"""What the page of one model shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from arena.insight import Insight, OpponentInsight
from arena.records import EntryRow, GameFilter
from arena.storage import Storage
from web.human import Tries, all_tries
from web.opponents import Opponents
from web.texts import tell
from web.thumbs import Thumb, found_thumbs
from web.words import ENDS, WON_BY

SHA256: Final = re.compile(r"[0-9a-f]{64}")
GAMES: Final = 8
RIVALS: Final = 6
TELLING: Final = 0.05
"""Points beyond expectation that round to something."""
COUNTED_NOW: Final = 60
"""Games that a page may count itself where nothing is stored yet: some 20 ms."""
CROWNS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """One model."""

    sha256: str
    name: str
    summary: str
    """What its card says; empty for models without one."""
    entries: tuple[EntryRow, ...]
    """Newest round first."""
    shown: EntryRow | None
    """The entry whose round is shown."""
    insight: Insight | None
    """None until the round's games are analysed."""
    wins_by: tuple[tuple[str, int], ...]
    deaths_by: tuple[tuple[str, int], ...]
    above: tuple[OpponentInsight, ...]
    below: tuple[OpponentInsight, ...]
    crowns: tuple[int, ...]
    """Rounds that it won."""
    crown_text: str
    human: Tries
    games: tuple[Thumb, ...]
    spec: str | None
    """What names it as an opponent, if people may ride against it."""


def profile_page(
    storage: Storage, opponents: Opponents, sha256: str, round_number: int | None = None
) -> ProfilePage | None:
    """Gather a model's page, or None where it never rode.

    Args:
        storage: the arena's.
        opponents: whom people may ride against.
        sha256: the model's.
        round_number: the round to show; its newest finished one by default.
    """
    if not SHA256.fullmatch(sha256):
        return None
    entries = storage.entries_of(sha256)
    known = [each for each in opponents.all() if each.sha256 == sha256]
    if not entries and not known:
        return None
    shown = _shown(entries, round_number)
    insight = None if shown is None else storage.insight(shown.id, most_games=COUNTED_NOW)
    rivals = insight.opponents if insight else []
    crowns = tuple(each.round for each in known if each.round is not None)
    page = storage.find_games(GameFilter(sha256=sha256, abandoned=False), limit=GAMES)
    return ProfilePage(
        sha256=sha256,
        name=entries[0].name if entries else known[0].name,
        summary=opponents.summary(sha256),
        entries=entries,
        shown=shown,
        insight=insight,
        wins_by=_named(insight.wins_by, WON_BY) if insight else (),
        deaths_by=_named(insight.deaths_by, ENDS) if insight else (),
        above=tuple(row for row in rivals[:RIVALS] if row.surplus >= TELLING),
        below=tuple(row for row in rivals[::-1][:RIVALS] if row.surplus <= -TELLING),
        crowns=crowns,
        crown_text=crown_text(crowns),
        human=all_tries(storage.human_record(sha256)),
        games=found_thumbs(storage, page.games),
        spec=known[0].spec if known else None,
    )


def crown_text(rounds: Sequence[int]) -> str:
    """Name the rounds that a model won, newest first.

    >>> crown_text([7]), crown_text([7, 6]), crown_text([9, 8, 7, 3, 2])
    ('round 7', 'rounds 7 and 6', 'rounds 9, 8, 7 and 2 more')
    """
    if len(rounds) <= 1:
        return "".join(tell("round.named", round=number) for number in rounds)
    named = [str(number) for number in rounds[:CROWNS_NAMED]]
    left = len(rounds) - len(named)
    last = tell("model.more", entries=left) if left else named.pop()
    return tell("model.crowns", rounds=", ".join(named), last=last)


def _shown(entries: Sequence[EntryRow], round_number: int | None) -> EntryRow | None:
    asked = [entry for entry in entries if entry.round == round_number]
    done = [entry for entry in entries if entry.standing is not None]
    return next(iter([*asked, *done, *entries]), None)


def _named(counts: dict[str, int], texts: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((texts[kind], count) for kind, count in ordered if count)
