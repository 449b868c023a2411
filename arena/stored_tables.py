"""Stored rounds as tables need them: few columns, and never more rows than a page shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, union_all

from arena.database import Database
from arena.records import RoundStatus
from arena.schema import duels, entries, rounds, submissions
from arena.stored_submissions import COUNTING


@dataclass(frozen=True, slots=True)
class PairScore:
    """What one pair of a round made of its games."""

    duel_id: int
    entries: tuple[int, int]
    """Entry IDs."""
    points: tuple[float, float]
    games: int


@dataclass(frozen=True, slots=True)
class CrownedRating:
    """How a round rated its champion."""

    round: int
    name: str
    sha256: str
    rating: float
    rating_low: float
    rating_high: float
    anchor_points: float = 0.0
    """What it scored against the round's anchors."""
    anchor_games: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """What the entrants of a finished round lie between."""

    rating_low: float
    """The lowest end of an interval; ``rating_high`` the highest."""
    rating_high: float
    costs_known: bool
    """Whether any entrant's cost was measured."""


class StoredTables(Database):
    """The part of ``Storage`` about tables of whole rounds."""

    def rounds_stand_at(self) -> tuple[int, datetime | None]:
        """Return what changes whenever a round is finished, or is none of the finished any more.

        That is how many are, and when the last of them was. Whatever finished rounds tell of
        champions and ratings holds until then.
        """
        query = select(func.count(), func.max(rounds.c.finished_at))
        with self.reading() as connection:
            row = connection.execute(query.where(rounds.c.status == RoundStatus.DONE)).one()
        return row[0], row[1]

    def ranking(self, round_number: int) -> tuple[tuple[int, str], ...]:
        """Return entry IDs and names of a finished round, best first; nobody before it is done."""
        query = select(entries.c.id, entries.c.name).where(
            entries.c.round == round_number, entries.c.rank.is_not(None)
        )
        with self.reading() as connection:
            return tuple(
                (row[0], row[1]) for row in connection.execute(query.order_by(entries.c.rank))
            )

    def spread(self, round_number: int) -> Spread:
        """Return what the entrants of a finished round lie between; zeros where there are none."""
        query = select(
            func.min(entries.c.rating_low),
            func.max(entries.c.rating_high),
            func.count(entries.c.single_ms),
        ).where(entries.c.round == round_number)
        with self.reading() as connection:
            low, high, costs = connection.execute(query).one()
        return Spread(low or 0.0, high or 0.0, costs > 0)

    def scores_among(self, entry_ids: Sequence[int]) -> tuple[PairScore, ...]:
        """Return the played duels between these entrants."""
        return self._scores(
            duels.c.first_entry_id.in_(entry_ids) & duels.c.second_entry_id.in_(entry_ids)
        )

    def scores_of(self, entry_ids: Sequence[int]) -> tuple[PairScore, ...]:
        """Return all played duels of these entrants."""
        return self._scores(
            or_(duels.c.first_entry_id.in_(entry_ids), duels.c.second_entry_id.in_(entry_ids))
        )

    def duel_between(self, first: int, second: int) -> int | None:
        """Return the ID of the latest duel of two entrants, or None."""
        pair = (first, second)
        query = select(func.max(duels.c.id)).where(
            duels.c.first_entry_id.in_(pair), duels.c.second_entry_id.in_(pair)
        )
        with self.reading() as connection:
            found: int | None = connection.scalar(query)
        return found

    def count_live_submissions(self, round_number: int) -> int:
        """Return how many names have a submission that counts."""
        query = (
            select(func.count())
            .select_from(submissions)
            .where(submissions.c.round == round_number, submissions.c.status.in_(COUNTING))
        )
        with self.reading() as connection:
            return connection.scalar(query) or 0

    def champion_line(self) -> tuple[CrownedRating, ...]:
        """Return how each finished round rated its champion, oldest first.

        Ratings of different rounds compare, since anchors keep theirs; what the champion scored
        against the anchors stands beside it. Two queries, however many rounds there are.
        """
        query = (
            select(
                rounds.c.number,
                entries.c.name,
                entries.c.sha256,
                entries.c.rating,
                entries.c.rating_low,
                entries.c.rating_high,
            )
            .join(entries, rounds.c.champion_entry_id == entries.c.id)
            .where(rounds.c.status == RoundStatus.DONE)
            .order_by(rounds.c.number)
        )
        sides = [
            (duels.c.first_entry_id, duels.c.first_points, duels.c.second_entry_id),
            (duels.c.second_entry_id, duels.c.second_points, duels.c.first_entry_id),
        ]
        met = union_all(
            *(
                select(rounds.c.number, points.label("points"), duels.c.games)
                .join(duels, own == rounds.c.champion_entry_id)
                .join(entries, other == entries.c.id)
                .where(rounds.c.status == RoundStatus.DONE, entries.c.anchor)
                for own, points, other in sides
            )
        ).subquery()
        scored = select(met.c.number, func.sum(met.c.points), func.sum(met.c.games))
        with self.reading() as connection:
            against = {
                number: (float(points), int(games))
                for number, points, games in connection.execute(scored.group_by(met.c.number))
            }
            return tuple(
                CrownedRating(*row, *against.get(row.number, (0.0, 0)))
                for row in connection.execute(query)
            )

    def latest_ratings(self, models: Collection[str]) -> dict[str, float]:
        """Return these models' ratings by hash, each from the newest finished round it rode in."""
        query = (
            select(entries.c.sha256, entries.c.rating)
            .join(rounds, rounds.c.number == entries.c.round)
            .where(entries.c.sha256.in_(models), rounds.c.status == RoundStatus.DONE)
            .order_by(rounds.c.number)
        )
        with self.reading() as connection:
            return {row.sha256: row.rating for row in connection.execute(query)}

    def _scores(self, condition: ColumnElement[bool]) -> tuple[PairScore, ...]:
        query = select(
            duels.c.id,
            duels.c.first_entry_id,
            duels.c.second_entry_id,
            duels.c.first_points,
            duels.c.second_points,
            duels.c.games,
        ).where(duels.c.done, condition)
        with self.reading() as connection:
            return tuple(
                PairScore(row[0], (row[1], row[2]), (row[3], row[4]), row[5])
                for row in connection.execute(query)
            )


def shares(scores: Collection[PairScore]) -> dict[tuple[int, int], tuple[float, int]]:
    """Return each ordered pair's share of the points and its games, over all of its duels."""
    points: dict[tuple[int, int], float] = {}
    games: dict[tuple[int, int], int] = {}
    for score in scores:
        for pair, own in zip((score.entries, score.entries[::-1]), score.points, strict=True):
            points[pair] = points.get(pair, 0.0) + own
            games[pair] = games.get(pair, 0) + score.games
    return {pair: (points[pair] / games[pair], games[pair]) for pair in points if games[pair]}
