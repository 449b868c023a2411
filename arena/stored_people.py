"""Stored games as they tell of people: how models fare against them, and how players do."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, not_, or_, select

from arena.database import Database
from arena.people_tallies import ABANDONED, MODEL, OWN, RESULT, counted, tally_anew
from arena.records import HumanRecord, RoundStatus
from arena.schema import games, people_tallies, rounds
from arena.stored_games import rode


@dataclass(frozen=True, slots=True)
class FirstTry:
    """A player's first game against a model, as the players' ladder counts it.

    ``points`` are the player's: 1, 1/2 or 0, the last also where the game was ``left``.
    """

    session: str
    player_name: str
    model_sha256: str
    points: float
    left: bool = False


LOOK_SECONDS: Final = 3
"""Who leaves a game so early has only looked at it."""
_POINTS: Final = {"loss": 1.0, "draw": 0.5, "win": 0.0, "abandoned": 0.0}
_NAMED = (or_(games.c.first_try, games.c.stood_still), games.c.player_name.is_not(None))
"""What the index of first tries holds."""
_LOOKED = and_(ABANDONED, games.c.plies < LOOK_SECONDS * games.c.speed)
_THOUGHT_OVER = and_(games.c.stood_still, RESULT.in_(["loss", "draw"]))
"""What standing still may have helped its person to."""


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
        query = select(people_tallies).where(people_tallies.c.sha256 == sha256)
        with self.reading() as connection:
            return _record(connection.execute(query).all())

    def human_records(self, models: Collection[str]) -> dict[str, dict[int, HumanRecord]]:
        """Return the same of several models by speed, in plies a second; only what was ridden."""
        found: dict[str, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
        query = select(people_tallies).where(people_tallies.c.sha256.in_(models))
        query = query.order_by(people_tallies.c.sha256, people_tallies.c.speed)
        with self.reading() as connection:
            for row in connection.execute(query):
                found[row.sha256][row.speed].append(row)
        return {
            model: {speed: _record(rows) for speed, rows in by_speed.items()}
            for model, by_speed in found.items()
        }

    def recount_people(self) -> None:
        """Count all games of people's anew."""
        with self.writing() as connection:
            tally_anew(connection)

    def tallies_agree(self) -> bool:
        """Whether what was counted as games came in is what counting them all gives."""
        with self.reading() as connection:
            kept = set(map(tuple, connection.execute(select(people_tallies))))
            return kept == set(map(tuple, connection.execute(counted())))

    def beaten_by(self, session: str) -> frozenset[str]:
        """Return the models that this browser has beaten in a game of its own."""
        query = select(MODEL).where(*OWN, games.c.session == session, RESULT == "loss").distinct()
        with self.reading() as connection:
            return frozenset(connection.scalars(query))

    def first_tries(self) -> tuple[FirstTry, ...]:
        """Return the first tries of players who have a name, oldest first.

        Nothing that a player can do makes a bad one good: one that was left is lost, unless that
        was within ``LOOK_SECONDS``, and one that stood still counts where it was lost.
        """
        query = (
            select(games.c.session, games.c.player_name, MODEL, RESULT.label("result"))
            .where(*OWN, *_NAMED, not_(_LOOKED), not_(_THOUGHT_OVER))
            .order_by(games.c.id)
        )
        with self.reading() as connection:
            return tuple(
                FirstTry(row[0], row[1], row[2], _POINTS[row[3]], row[3] == "abandoned")
                for row in connection.execute(query)
            )

    def ladder_stands_at(self) -> tuple[int, int]:
        """Return what changes whenever the players' ladder may: its newest game, its newest round.

        Ratings of models come from rounds.
        """
        newest = select(func.max(games.c.id)).where(*_NAMED)
        rated = select(func.max(rounds.c.number)).where(rounds.c.status == RoundStatus.DONE)
        with self.reading() as connection:
            return connection.scalar(newest) or 0, connection.scalar(rated) or 0


def _record(rows: Iterable[Any]) -> HumanRecord:
    every: dict[str, int] = defaultdict(int)
    first: dict[str, int] = defaultdict(int)
    for row in rows:
        every[row.result] += row.games
        first[row.result] += row.games * row.first_try
    return HumanRecord(
        wins=every["win"],
        losses=every["loss"],
        draws=every["draw"],
        abandoned=every["abandoned"],
        first_wins=first["win"],
        first_losses=first["loss"],
        first_draws=first["draw"],
    )
