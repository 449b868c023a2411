"""What the pages show: rows of the arena turned into words, numbers and boards."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from arena.records import GameRow, RoundRow, RoundStatus
from arena.storage import Storage
from replays.format import Ending
from web.demo import demo_replay
from web.human import Tries, all_tries, first_tries
from web.opponents import Opponents
from web.thumbs import SmallView, Thumb, small_view, thumbs
from web.tickets import Opponent

SHOWCASE: Final = 4
"""Duels on the home page."""


@dataclass(frozen=True, slots=True)
class Champion:
    """Whom the home page offers."""

    name: str
    label: str
    first: Tries
    all: Tries
    abandoned: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the opponent picker."""

    spec: str
    label: str


@dataclass(frozen=True, slots=True)
class Home:
    """The home page."""

    champion: Champion
    duel: SmallView
    duel_id: int | None
    rounds_played: int
    open_round: RoundRow | None
    entered: int
    running: RoundRow | None
    best: tuple[Thumb, ...]
    best_round: int | None


def champion(storage: Storage, opponents: Opponents) -> Champion:
    """Return the reigning champion and how people fare against it."""
    reigning = opponents.champion()
    record = storage.human_record(reigning.sha256)
    return Champion(
        name=reigning.name,
        label=reigning.label.capitalize(),
        first=first_tries(record),
        all=all_tries(record),
        abandoned=record.abandoned,
    )


def choices(storage: Storage, opponents: Opponents) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Return the groups of the opponent picker, a ladder from its top: the reigning champion first.

    Below it the champions of every round, latest first, and the shipped models as training levels,
    the highest first, as the latest finished round rated them.
    """
    every = opponents.all()
    former = tuple(
        Choice(each.spec, f"{each.name} (round {each.round})")
        for each in every
        if each.round is not None
    )
    models = _by_strength(storage, [each for each in every if each.round is None])
    training = tuple(
        Choice(model.spec, f"Level {len(models) - place}: {model.name}")
        for place, model in enumerate(models)
    )
    top = Choice("champion", opponents.champion().name)
    groups = (("Reigning champion", (top,)), ("Time machine", former), ("Training", training))
    return tuple(group for group in groups if group[1])


def _by_strength(storage: Storage, models: Sequence[Opponent]) -> list[Opponent]:
    """Return the models, strongest first; those that no round has rated come last."""
    done = storage.latest_done_round()
    entries = () if done is None else storage.entries(done.number)
    ratings = {entry.sha256: entry.standing.rating for entry in entries if entry.standing}
    return sorted(models, key=lambda model: -ratings.get(model.sha256, -inf))


def home(storage: Storage, opponents: Opponents) -> Home:
    """Gather the home page."""
    rounds = storage.rounds()
    done = [row for row in rounds if row.status is RoundStatus.DONE]
    running = [row for row in rounds if row.status is RoundStatus.RUNNING]
    opened = [row for row in rounds if row.status is RoundStatus.OPEN]
    best_round = done[0].number if done else None
    best = () if best_round is None else thumbs(storage, _showcase(storage, best_round))
    return Home(
        champion=champion(storage, opponents),
        duel=best[0].view if best else small_view(*demo_replay(), ("model", "model")),
        duel_id=best[0].id if best else None,
        rounds_played=len(done),
        open_round=opened[0] if opened else None,
        entered=len(storage.live_submissions(opened[0].number)) if opened else 0,
        running=running[0] if running else None,
        best=best,
        best_round=best_round,
    )


def _showcase(storage: Storage, round_number: int) -> list[GameRow]:
    """Pick the longest decisive game of each of the best-placed pairs that met."""
    ranks = {
        entry.id: entry.standing.rank
        for entry in storage.entries(round_number)
        if entry.standing is not None
    }
    duels = [duel for duel in storage.duels(round_number) if duel.done and duel.games]
    duels.sort(key=lambda duel: sum(ranks.get(entry, len(ranks)) for entry in duel.entries))
    return [max(storage.games(duel.id), key=_appeal) for duel in duels[:SHOWCASE]]


def _appeal(game: GameRow) -> tuple[bool, bool, int]:
    return game.ending is Ending.RULES, game.outcome.winner is not None, game.plies
