"""A season in a database: rounds with their fields and duels, games, and what is known of them.

Rows are written in bulk, past ``Storage``, as no season could be played for a benchmark. The games
are a few real ones, each stored many times under other riders' names.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from math import ceil
from typing import Final

import numpy as np
from sqlalchemy import Connection, insert

from agents.zoo import baselines, shipped_model
from arena.bench_games import PoolGame, pool_of
from arena.bench_rows import (
    INSIGHT_GAMES,
    Entrant,
    Row,
    analysis_row,
    bench_insight,
    entry_row,
    game_row,
    submission_row,
)
from arena.database import packed
from arena.records import GameKind, RoundStatus
from arena.schedule import first_seat
from arena.schema import analyses, duels, entries, game_tags, games, insights, rounds, submissions
from arena.storage import Storage
from arena.stored_insights import INSIGHT_VERSION
from tron_env.types import Seat

BEGAN: Final = datetime(2025, 10, 1, tzinfo=UTC)
HOUSE: Final = shipped_model("wall-hugger").sha256
"""Wins the last rounds, so that the reigning champion is a model that is at hand."""
HOUSE_ROUNDS: Final = 5
TOP: Final = 32
"""Entrants of each round that all meet each other; others meet by chance."""
LONG_NAMED: Final = 7
"""The place in its round of the entrant with the longest name there may be."""
PERSON_NAME: Final = "A player"
TAKEN_OVER: Final = 0.02
"""The share of people's games that go on from another replay."""


@dataclass(frozen=True, slots=True)
class Season:
    """How large a season is."""

    rounds: int = 57
    submissions: int = 22_967
    games: int = 1_000_000
    starts: int = 4
    human: float = 0.05
    """The share of the games that people rode."""
    sessions: int = 3000
    """Browsers of these people; every other has a name."""
    replays: int = 120
    """Different games, see ``pool_of``."""

    def submitted(self, number: int) -> int:
        """Return how many submissions a round has."""
        return self.submissions // self.rounds + (number <= self.submissions % self.rounds)

    def entrants(self, number: int) -> int:
        """Return how many entrants a round has: its submissions and the baselines."""
        return self.submitted(number) + len(baselines())

    @property
    def duels_a_round(self) -> int:
        """How many pairs meet in a round."""
        return ceil(self.games * (1 - self.human) / (2 * self.starts * self.rounds))


WHOLE: Final = Season()
"""As large as the season of the sister competition, with a million replays."""


def populate(storage: Storage, season: Season, pool: Sequence[PoolGame] | None = None) -> None:
    """Write a season into an empty database, and an open round after it.

    Args:
        storage: the database.
        season: how large.
        pool: the games to store; by default as many as the season says.
    """
    stored = pool or pool_of(season.replays)
    writer = _Writer(season, stored, np.random.default_rng(11))
    indexes = [index for table in (games, analyses) for index in table.indexes]
    with storage.writing() as connection:
        # Faster made anew than kept up while rows come in.
        for index in indexes:
            index.drop(connection)
    for number in range(1, season.rounds + 1):
        with storage.writing() as connection:
            writer.round(connection, number)
    with storage.writing() as connection:
        opened = _round_values(season, season.rounds + 1)
        opened |= {"status": RoundStatus.OPEN, "entrants": 0, "duels_done": 0, "duels_total": 0}
        connection.execute(insert(rounds).values(opened | {"closed_at": None}))
        for index in indexes:
            index.create(connection)
    storage.recount_people()


class _Writer:
    def __init__(self, season: Season, pool: Sequence[PoolGame], rng: np.random.Generator) -> None:
        self._season = season
        self._rng = rng
        self._duelled = [game for game in pool if not (game.abandoned or game.taken_over)]
        self._ridden = [game for game in pool if not (game.forfeit or game.taken_over)]
        self._taken = [game for game in pool if game.taken_over]
        self._insight = packed(asdict(bench_insight(self._duelled)))
        self._tried: set[tuple[int, str]] = set()
        self._entries = self._submissions = self._duels = self._games = 0

    def round(self, connection: Connection, number: int) -> None:
        season, at = self._season, BEGAN + timedelta(days=7 * number)
        field = self._field(number)
        crowned = {"champion_entry_id": field[0].id, "light_champion_entry_id": field[0].id}
        connection.execute(
            insert(rounds).values(_round_values(season, number) | crowned | {"finished_at": at})
        )
        taken = [entrant for entrant in field if entrant.submission_id is not None]
        connection.execute(
            insert(submissions), [submission_row(each, number, at) for each in taken]
        )
        connection.execute(
            insert(entries),
            [
                entry_row(each, number, place, len(field), champion=each.sha256 == HOUSE)
                for place, each in enumerate(field)
            ],
        )
        told = {"version": INSIGHT_VERSION, "games": INSIGHT_GAMES, "told": self._insight}
        connection.execute(insert(insights), [{"entry_id": each.id} | told for each in field])
        pairs = self._pairs(len(field))
        made = 2 * season.starts * self._rng.integers(0, 9, len(pairs)) / 8
        first = self._duels + 1
        self._duels += len(pairs)
        connection.execute(
            insert(duels),
            [
                {
                    "id": first + place,
                    "round": number,
                    "number": place,
                    "block": 0,
                    "first_entry_id": field[one].id,
                    "second_entry_id": field[other].id,
                    "done": True,
                    "first_points": float(made[place]),
                    "second_points": float(2 * season.starts - made[place]),
                    "games": 2 * season.starts,
                    "finished_at": at,
                }
                for place, (one, other) in enumerate(pairs)
            ],
        )
        rows = [*self._of_duels(number, field, pairs, first, at), *self._of_people(field, at)]
        connection.execute(insert(games), [row for row, _, _ in rows])
        connection.execute(insert(analyses), [analysis_row(*each) for each in rows])
        tags = [
            {"tag": tag, "game_id": row["id"]} for row, game, _ in rows for tag in game.summary.tags
        ]
        connection.execute(insert(game_tags), tags)

    def _field(self, number: int) -> list[Entrant]:
        """Return a round's entrants, best first; the baselines are in its middle."""
        season = self._season
        size = season.entrants(number)
        house = [model for model in baselines() if model.sha256 != HOUSE]
        reigns = number > season.rounds - HOUSE_ROUNDS
        places = {1 - reigns: shipped_model("wall-hugger")}
        places |= dict(enumerate(house, size // 2))
        field = []
        for place in range(size):
            self._entries += 1
            rating = 1600.0 - 1200 * place / size + number
            own = places.get(place)
            if own is not None:
                field.append(Entrant(self._entries, own.name, own.sha256, None, rating))
                continue
            self._submissions += 1
            name = f"rider-{place}"
            if place == LONG_NAMED:
                name = "a-name-as-long-as-they-get-" * 2 + name
            sha256 = hashlib.sha256(f"{number}/{place}".encode()).hexdigest()
            field.append(Entrant(self._entries, name, sha256, self._submissions, rating))
        return field

    def _pairs(self, size: int) -> list[tuple[int, int]]:
        wanted = min(self._season.duels_a_round, size * (size - 1) // 2)
        pairs = list(islice(combinations(range(min(TOP, size)), 2), wanted))
        taken = set(pairs)
        while len(pairs) < wanted:
            drawn = self._rng.integers(0, size, (wanted, 2))
            for first, second in np.sort(drawn, axis=1).tolist():
                if first != second and (first, second) not in taken and len(pairs) < wanted:
                    taken.add((first, second))
                    pairs.append((first, second))
        return pairs

    def _of_duels(
        self,
        number: int,
        field: Sequence[Entrant],
        pairs: Sequence[tuple[int, int]],
        first_duel: int,
        at: datetime,
    ) -> Iterator[tuple[Row, PoolGame, float | None]]:
        each = 2 * self._season.starts
        drawn = iter(self._rng.integers(0, len(self._duelled), len(pairs) * each).tolist())
        for place, (one, other) in enumerate(pairs):
            for game in range(each):
                seats = (field[one], field[other])
                if first_seat(game) is not Seat.FIRST:
                    seats = seats[::-1]
                chosen = self._duelled[next(drawn)]
                models = (seats[0].sha256, seats[1].sha256)
                row = self._next(chosen, (seats[0].name, seats[1].name), models, at)
                row |= {
                    "kind": GameKind.DUEL,
                    "round": number,
                    "duel_id": first_duel + place,
                    "number": game,
                }
                yield row, chosen, seats[0].rating - seats[1].rating

    def _of_people(
        self, field: Sequence[Entrant], at: datetime
    ) -> Iterator[tuple[Row, PoolGame, float | None]]:
        """Yield the games of the week of the round's champion; most are against it."""
        season, rng = self._season, self._rng
        count = ceil(season.games * season.human / season.rounds)
        against = np.minimum(rng.geometric(0.6, count) - 1, len(field) - 1).tolist()
        browsers = rng.integers(0, season.sessions, count).tolist()
        drawn = rng.integers(0, len(self._ridden), count).tolist()
        taken = (rng.random(count) < TAKEN_OVER * bool(self._taken)).tolist()
        for model, browser, game, over in zip(against, browsers, drawn, taken, strict=True):
            rival = field[model]
            chosen = self._taken[game % len(self._taken)] if over else self._ridden[game]
            row = self._next(chosen, (PERSON_NAME, rival.name), (None, rival.sha256), at)
            first = not over and (browser, rival.sha256) not in self._tried
            if first:
                self._tried.add((browser, rival.sha256))
            takeover = chosen.replay.takeover
            source = {"takeover_ply": takeover.ply, "source_id": 1} if takeover else {}
            yield (
                row
                | {
                    "kind": GameKind.HUMAN,
                    "human_seat": 0,
                    "speed": (8, 10, 14)[browser % 3],
                    "first_try": first,
                    "session": f"browser {browser}",
                    "player_name": f"player {browser}" if browser % 2 else None,
                }
                | source,
                chosen,
                None,
            )

    def _next(
        self,
        game: PoolGame,
        names: tuple[str, str],
        models: tuple[str | None, str],
        at: datetime,
    ) -> Row:
        self._games += 1
        return game_row(self._games, game, names, models, at)


def _round_values(season: Season, number: int) -> Row:
    at = BEGAN + timedelta(days=7 * number)
    return {
        "number": number,
        "status": RoundStatus.DONE,
        "ruleset": "arena",
        "starts": season.starts,
        "seed": hashlib.sha256(str(number).encode()).hexdigest(),
        "opened_at": at - timedelta(days=7),
        "closed_at": at,
        "entrants": season.entrants(number),
        "duels_done": season.duels_a_round,
        "duels_total": season.duels_a_round,
    }
