"""What the finished rounds have crowned: every page asks, and it changes with a round only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from arena.records import ChampionRow
from arena.storage import Storage
from web.lines import Line, champion_line

KEPT: Final = 4
"""States of databases, of which a site has one, and sets of models, of which it asks for one."""


@dataclass(frozen=True, slots=True)
class Crowns:
    """Champions, the newest round's first."""

    champions: tuple[ChampionRow, ...]
    light_champions: tuple[ChampionRow, ...]
    line: Line | None
    """The drawing of the champions' ratings; None for too few."""


def crowns(storage: Storage) -> Crowns:
    """Return what is crowned now; callers that come after a round is finished see it crowned."""
    return _crowns(storage, storage.rounds_stand_at())


def latest_ratings(storage: Storage, models: frozenset[str]) -> Mapping[str, float]:
    """Return these models' ratings by hash, each from the newest finished round it rode in."""
    return _ratings(storage, storage.rounds_stand_at(), models)


@lru_cache(maxsize=KEPT)
def _crowns(storage: Storage, stand_at: tuple[int, datetime | None]) -> Crowns:
    """Read what is crowned; ``stand_at`` tells states of the rounds apart."""
    return Crowns(
        champions=storage.champions(),
        light_champions=storage.light_champions(),
        line=champion_line(storage.champion_line()),
    )


@lru_cache(maxsize=KEPT)
def _ratings(
    storage: Storage, stand_at: tuple[int, datetime | None], models: frozenset[str]
) -> Mapping[str, float]:
    return storage.latest_ratings(models)
