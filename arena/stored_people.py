"""Stored games as they tell of people: how models fare against them, and how players do."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, case, func, not_, or_, select, true

from arena.database import Database
from arena.people_tallies import ABANDONED, MODEL, OWN, RESULT, counted, tally_anew
from arena.records import HumanRecord
from arena.schema import games, people_tallies
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
_SUMS = tuple(
    func.sum(
        case((and_(people_tallies.c.result == result, which), people_tallies.c.games), else_=0)
    )
    for which, results in (
        (true(), ("win", "loss", "draw", "abandoned")),
        (people_tallies.c.first_try, ("win", "loss", "draw")),
    )
    for result in results
)
"""The fields of a ``HumanRecord``, in its order."""


class StoredPeople(Database):
    """The part of ``Storage`` about people."""

    def has_played(self, session: str, sha256: str, by: datetime) -> bool:
        """Whether this browser had a stored game against this model by a time."""
        earlier = (games.c.session == session, games.c.played_at < by)
        query = select(games.c.id).where(*earlier, rode(sha256)).limit(1)
        with self.reading() as connection:
            return connection.scalar(query) is not None

    def stored_as(self, session: str, played_at: datetime, replay: bytes) -> int | None:
        """Return the ID of this browser's game that ended then and has this replay, or None."""
        same = (games.c.played_at == played_at, games.c.replay == replay)
        query = select(games.c.id).where(games.c.session == session, *same).limit(1)
        with self.reading() as connection:
            found: int | None = connection.scalar(query)
        return found

    def human_record(self, sha256: str) -> HumanRecord:
        """Return a model's results against people, from the model's side.

        Games that a person took over from a replay count for nobody.
        """
        query = select(*_SUMS).where(people_tallies.c.sha256 == sha256)
        with self.reading() as connection:
            return _record(connection.execute(query).one())

    def human_records(self, models: Collection[str]) -> dict[str, dict[int, HumanRecord]]:
        """Return the same of several models by speed, in plies a second; only what was ridden."""
        key = (people_tallies.c.sha256, people_tallies.c.speed)
        query = select(*key, *_SUMS).where(people_tallies.c.sha256.in_(models))
        found: dict[str, dict[int, HumanRecord]] = defaultdict(dict)
        with self.reading() as connection:
            for sha256, speed, *sums in connection.execute(query.group_by(*key).order_by(*key)):
                found[sha256][speed] = _record(sums)
        return dict(found)

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
        # Only people's games have a session; asked for their kind too, SQLite reads all of them.
        own = (games.c.session == session, games.c.takeover_ply.is_(None))
        query = select(MODEL).where(*own, RESULT == "loss").distinct()
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

    def newest_named_game(self) -> int:
        """Return the ID of the newest game that may count for the players' ladder; 0 for none."""
        with self.reading() as connection:
            return connection.scalar(select(func.max(games.c.id)).where(*_NAMED)) or 0


def _record(sums: Iterable[int | None]) -> HumanRecord:
    """Read what was selected as ``_SUMS``; those over nothing are null."""
    return HumanRecord(*(int(games or 0) for games in sums))
