"""Stored games as they tell of people: how models fare against them, and how players do."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from arena.database import Database
from arena.records import GameKind, HumanRecord
from arena.schema import games
from arena.stored_games import rode
from replays.format import Ending
from tron_env.types import Outcome

_ABANDONED = games.c.ending == int(Ending.ABANDONED)
_PERSON_WON = games.c.outcome == games.c.human_seat + int(Outcome.FIRST_WINS)
_DRAWN = games.c.outcome.in_([int(Outcome.DRAW), int(Outcome.TRUNCATED)])
RESULT = case((_ABANDONED, "abandoned"), (_DRAWN, "draw"), (_PERSON_WON, "loss"), else_="win")
"""Of a person's game, from the model's side."""
MODEL = case((games.c.human_seat == 0, games.c.second_sha256), else_=games.c.first_sha256)
OWN = (games.c.kind == GameKind.HUMAN, games.c.takeover_ply.is_(None))
"""Games that people rode from the start."""


@dataclass(frozen=True, slots=True)
class FirstTry:
    """A player's first game against a model; ``points`` are the player's: 1, 1/2 or 0."""

    session: str
    player_name: str
    model_sha256: str
    points: float


class StoredPeople(Database):
    """The part of ``Storage`` about people."""

    def has_played(self, session: str, sha256: str) -> bool:
        """Whether this browser has a stored game against this model."""
        query = select(games.c.id).where(games.c.session == session, rode(sha256)).limit(1)
        with self.reading() as connection:
            return connection.scalar(query) is not None

    def human_record(self, sha256: str) -> HumanRecord:
        """Return a model's results against people, from the model's side.

        Games that a person took over from a replay count for nobody.
        """
        return _record(self._counts(sha256), None)

    def human_records(self, sha256: str) -> dict[int, HumanRecord]:
        """Return the same by speed, in plies a second; only those that were ridden."""
        counts = self._counts(sha256)
        return {speed: _record(counts, speed) for speed in sorted({key[2] for key in counts})}

    def beaten_by(self, session: str) -> frozenset[str]:
        """Return the models that this browser has beaten in a game of its own."""
        query = select(MODEL).where(*OWN, games.c.session == session, RESULT == "loss").distinct()
        with self.reading() as connection:
            return frozenset(connection.scalars(query))

    def first_tries(self) -> tuple[FirstTry, ...]:
        """Return the first tries of players who have a name, oldest first."""
        result = RESULT.label("result")
        query = (
            select(games.c.session, games.c.player_name, MODEL, result)
            .where(*OWN, games.c.first_try, games.c.player_name.is_not(None), ~_ABANDONED)
            .order_by(games.c.id)
        )
        points = {"loss": 1.0, "draw": 0.5, "win": 0.0}
        with self.reading() as connection:
            return tuple(
                FirstTry(row[0], row[1], row[2], points[row[3]])
                for row in connection.execute(query)
            )

    def _counts(self, sha256: str) -> dict[tuple[str, bool, int], int]:
        result = RESULT.label("result")
        query = (
            select(result, games.c.first_try, games.c.speed, func.count())
            .where(*OWN, rode(sha256))
            .group_by(result, games.c.first_try, games.c.speed)
        )
        with self.reading() as connection:
            return {
                (row[0], bool(row[1]), int(row[2])): int(row[3])
                for row in connection.execute(query)
            }


def _record(counts: dict[tuple[str, bool, int], int], speed: int | None) -> HumanRecord:
    every: dict[Any, int] = defaultdict(int)
    first: dict[Any, int] = defaultdict(int)
    for (result, first_try, each), count in counts.items():
        if speed in (None, each):
            every[result] += count
            first[result] += count * first_try
    return HumanRecord(
        wins=every["win"],
        losses=every["loss"],
        draws=every["draw"],
        abandoned=every["abandoned"],
        first_wins=first["win"],
        first_losses=first["loss"],
        first_draws=first["draw"],
    )
