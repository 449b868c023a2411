"""What the pages show: rows of the arena turned into words, numbers and boards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf
from typing import Final

from arena.records import GameRow, RoundRow, RoundStatus
from arena.storage import Storage
from replays.format import Ending
from replays.report import SentenceView
from web.crowns import crowns, latest_ratings
from web.demo import demo_replay
from web.human import Tries, all_tries, first_tries
from web.lines import Line
from web.opponents import Opponents
from web.texts import tell
from web.thumbs import SmallView, Thumb, small_view, thumbs
from web.tickets import Opponent
from web.viewer import analysis_of, stored_replay

PICTURED: Final = 8
"""Rounds of the list that carry a picture."""
SHOWCASE: Final = 4
"""Duels on the home page."""
SHOWN_RANKS: Final = 6
"""Between which ranks they are."""
ROUNDS_KEPT: Final = 4
"""Whose duels are kept; the home page shows those of one."""


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

    specs: tuple[str, ...]
    """All that name it; the first is asked for."""
    label: str
    beaten: bool
    """Whether this browser has beaten it."""

    @property
    def spec(self) -> str:
        """What is asked for."""
        return self.specs[0]


@dataclass(frozen=True, slots=True)
class Home:
    """The home page."""

    champion: Champion
    duel: SmallView
    story: list[SentenceView]
    """The duel's commentary."""
    duel_id: int | None
    rounds_played: int
    open_round: RoundRow | None
    entered: int
    running: RoundRow | None
    best: tuple[Thumb, ...]
    best_round: int | None
    line: Line | None
    """The champions' ratings, once there are two."""


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


def choices(
    storage: Storage, opponents: Opponents, session: str
) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Return the groups of the opponent picker, a ladder from its top: the reigning champion first.

    Below it both champions of every round, latest first, and the shipped models as training levels,
    the highest first, as rounds rated them. Who reigns is there once. What this browser has beaten
    is marked.
    """
    beaten = storage.beaten_by(session) if session else frozenset()
    champion = opponents.champion()
    every: list[Opponent] = []
    same: list[Opponent] = []
    for each in opponents.all():
        reigns = each.sha256 == champion.sha256 and each.round in (None, champion.round)
        (same if reigns else every).append(each)

    def choice(each: Opponent, label: str, *specs: str) -> Choice:
        return Choice(specs or (each.spec,), label, each.sha256 in beaten)

    top = choice(champion, champion.name, "champion", *(each.spec for each in same))
    former = tuple(
        choice(
            each,
            tell(
                "opponents.former_light" if each.light else "opponents.former",
                name=each.name,
                round=each.round,
            ),
        )
        for each in every
        if each.round is not None
    )
    models = _by_strength(storage, opponents, [each for each in every if each.round is None])
    training = tuple(
        choice(model, tell("opponents.level", level=len(models) - place, name=model.name))
        for place, model in enumerate(models)
    )
    groups = (
        (tell("opponents.reigning"), (top,)),
        (tell("opponents.time_machine"), former),
        (tell("opponents.training"), training),
    )
    return tuple(group for group in groups if group[1])


def _by_strength(
    storage: Storage, opponents: Opponents, models: Sequence[Opponent]
) -> list[Opponent]:
    """Return the models, strongest first.

    No round rates those that are too slow for every round, which are shipped for their strength:
    they come first. Others come last until a round has rated them.
    """
    ratings = latest_ratings(storage, frozenset(model.sha256 for model in models))

    def strength(model: Opponent) -> float:
        unrated = -inf if opponents.rides_in_rounds(model) else inf
        return ratings.get(model.sha256, unrated)

    return sorted(models, key=strength, reverse=True)


def home(storage: Storage, opponents: Opponents) -> Home:
    """Gather the home page."""
    rounds = storage.rounds()
    done = [row for row in rounds if row.status is RoundStatus.DONE]
    running = [row for row in rounds if row.status is RoundStatus.RUNNING]
    opened = [row for row in rounds if row.status is RoundStatus.OPEN]
    best_round = done[0].number if done else None
    games = list(_showcase(storage, best_round, done[0].finished_at)) if best_round else []
    featured = None if best_round is None else storage.featured_of_round(best_round)
    if featured is not None and featured not in {game.id for game in games}:
        found = storage.game(featured)
        games = games if found is None else [found, *games[: SHOWCASE - 1]]
    games.sort(key=lambda game: game.id != featured)
    best = thumbs(storage, games)
    if games:
        encoded, names = stored_replay(storage, games[0]), games[0].names
    else:
        encoded, names = demo_replay()
    return Home(
        champion=champion(storage, opponents),
        duel=best[0].view if best else small_view(encoded, names, ("model", "model")),
        story=analysis_of(encoded, names)["sentences"],
        duel_id=best[0].id if best else None,
        rounds_played=len(done),
        open_round=opened[0] if opened else None,
        entered=storage.count_live_submissions(opened[0].number) if opened else 0,
        running=running[0] if running else None,
        best=best,
        best_round=best_round,
        line=crowns(storage).line,
    )


def featured(storage: Storage) -> dict[int, Thumb]:
    """Return the most interesting game of each of the latest finished rounds, by round."""
    done = [row.number for row in storage.rounds() if row.status is RoundStatus.DONE]
    found = storage.featured_of_rounds(done[:PICTURED])
    items = thumbs(storage, list(storage.games_by_id(found.values()).values()))
    by_id = {item.id: item for item in items}
    return {number: by_id[game] for number, game in found.items()}


@lru_cache(maxsize=ROUNDS_KEPT)
def _showcase(
    storage: Storage, round_number: int, finished_at: datetime | None
) -> tuple[GameRow, ...]:
    """Pick the longest decisive game of each of the best-placed pairs that met.

    ``finished_at`` tells runs of a round apart.
    """
    ranks = {
        entry.id: entry.standing.rank
        for entry in storage.entries(round_number, best=SHOWN_RANKS)
        if entry.standing is not None
    }
    pairs = [pair for pair in storage.scores_among(list(ranks)) if pair.games]
    pairs.sort(key=lambda pair: sum(ranks[entry] for entry in pair.entries))
    return tuple(max(storage.games(pair.duel_id), key=_appeal) for pair in pairs[:SHOWCASE])


def _appeal(game: GameRow) -> tuple[bool, bool, int]:
    return game.ending is Ending.RULES, game.outcome.winner is not None, game.plies
