"""Stored analyses: summaries of all games, deep passes of some, the queue for them, and checks."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from arena.database import Database, packed, unpacked
from arena.records import RoundStatus
from arena.schema import analyses, checks, deep_analyses, deep_requests, entries, game_tags, games
from arena.schema import rounds as rounds_table
from arena.search_conditions import UNRATED, gap_band
from replays.deep import DEEP_VERSION, DeepView
from replays.format import Ending
from replays.interest import rarity_points, surprise_of, upset_points
from replays.report import MarkView
from replays.summary import ANALYSIS_VERSION, Summary
from tron_env.types import Outcome

DAY_SECONDS: Final = 86_400
CLAIM_SECONDS: Final = 120
"""A deep pass that takes longer was lost with its worker, and is begun again."""
MOST_REQUESTS: Final = 1000
"""Deep passes that may wait; more are refused."""


class DeepState(StrEnum):
    """How far a game's deep pass is."""

    DONE = "done"
    WAITING = "waiting"
    REFUSED = "refused"
    """Too many wait; ask again later."""


@dataclass(frozen=True, slots=True)
class Unanalysed:
    """A game that the territory pass has not seen."""

    id: int
    names: tuple[str, str]
    replay: bytes


class Judged(TypedDict):
    """A stored deep pass."""

    judges: str
    """What judged, and what confirmed: two SPECs of evaluators."""
    deep: DeepView
    blunders: list[MarkView]


@dataclass(frozen=True, slots=True)
class Check:
    """What running both models again showed."""

    checked_at: datetime
    riders: int
    """How many of the two riders were models that could be asked; 0 verifies nothing."""
    ply: int | None
    """The first ply at which a decision differed; None where none did."""
    seat: int | None
    """Whose decision that was."""

    @property
    def verified(self) -> bool:
        """Whether the game's models play it again exactly."""
        return self.riders > 0 and self.ply is None


class StoredAnalyses(Database):
    """The part of ``Storage`` about what is known of games beyond their results."""

    def unanalysed(self, *, after_id: int = 0, limit: int = 256) -> tuple[Unanalysed, ...]:
        """Return games above an ID that the newest territory pass has not seen, oldest first."""
        query = (
            select(games.c.id, games.c.first_name, games.c.second_name, games.c.replay)
            .outerjoin(analyses, analyses.c.game_id == games.c.id)
            .where(games.c.id > after_id, _outdated())
            .order_by(games.c.id)
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(
                Unanalysed(row[0], (row[1], row[2]), row[3]) for row in connection.execute(query)
            )

    def newest_game(self) -> int:
        """Return the greatest ID of a game, 0 where there is none."""
        with self.reading() as connection:
            return connection.scalar(select(func.max(games.c.id))) or 0

    def count_unanalysed(self, *, after_id: int = 0) -> int:
        """Return how many games ``unanalysed`` would give in all."""
        query = (
            select(func.count())
            .select_from(games)
            .outerjoin(analyses, analyses.c.game_id == games.c.id)
            .where(games.c.id > after_id, _outdated())
        )
        with self.reading() as connection:
            return connection.scalar(query) or 0

    def save_summaries(self, summaries: Mapping[int, Summary]) -> None:
        """Store what the territory pass found, by the games' IDs; older results are replaced."""
        ids = list(summaries)
        with self.writing() as connection:
            query = select(games.c.id, games.c.round, games.c.duel_id, games.c.played_at)
            about = {row.id: row for row in connection.execute(query.where(games.c.id.in_(ids)))}
            connection.execute(delete(analyses).where(analyses.c.game_id.in_(ids)))
            connection.execute(delete(game_tags).where(game_tags.c.game_id.in_(ids)))
            rows = [_values(about[each], summary) for each, summary in summaries.items()]
            if rows:
                connection.execute(insert(analyses), rows)
            tags = [
                {"tag": tag, "game_id": each}
                for each, summary in summaries.items()
                for tag in summary.tags
            ]
            if tags:
                connection.execute(insert(game_tags), tags)

    def rate_interest(self) -> tuple[int, ...]:
        """Add upset and rarity to the interest of the games of finished rounds that lack them.

        Returns:
            the rounds that were rated.
        """
        with self.reading() as connection:
            waiting: Sequence[int] = connection.scalars(
                select(analyses.c.round)
                .join(rounds_table, rounds_table.c.number == analyses.c.round)
                .where(analyses.c.gap_band == UNRATED, rounds_table.c.status == RoundStatus.DONE)
                .distinct()
            ).all()
        for number in waiting:
            with self.writing() as connection:
                _rate(connection, number)
        return tuple(waiting)

    def featured_of_round(self, round_number: int) -> int | None:
        """Return the ID of the round's most interesting game, None before any was analysed."""
        return self._most_interesting(analyses.c.round == round_number)

    def featured_of_rounds(self, numbers: Collection[int]) -> dict[int, int]:
        """Return the same of several rounds, without those of which no game was analysed."""
        best = (
            select(analyses.c.game_id)
            .where(analyses.c.round == rounds_table.c.number)
            .order_by(analyses.c.interest.desc(), analyses.c.game_id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(rounds_table.c.number, best).where(rounds_table.c.number.in_(numbers))
        with self.reading() as connection:
            found = connection.execute(query)
            return {number: game for number, game in found if game is not None}

    def featured_of_day(self, now: datetime) -> int | None:
        """Return the ID of the most interesting game of the newest day, in UTC, that has one.

        Days behind ``now`` have none.
        """
        today = int(now.timestamp()) // DAY_SECONDS
        with self.reading() as connection:
            day = connection.scalar(select(func.max(analyses.c.day)).where(analyses.c.day <= today))
        return None if day is None else self._most_interesting(analyses.c.day == day)

    def _most_interesting(self, condition: Any) -> int | None:
        query = (
            select(analyses.c.game_id)
            .where(condition)
            .order_by(analyses.c.interest.desc(), analyses.c.game_id.desc())
            .limit(1)
        )
        with self.reading() as connection:
            return connection.scalar(query)

    def deep(self, game_id: int) -> Judged | None:
        """Return the stored deep pass of a game, or None."""
        query = select(deep_analyses.c.judges, deep_analyses.c.judged).where(
            deep_analyses.c.game_id == game_id, deep_analyses.c.version == DEEP_VERSION
        )
        with self.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        told = unpacked(row.judged)
        return Judged(judges=row.judges, deep=told["deep"], blunders=told["blunders"])

    def request_deep(self, game_id: int, *, featured: bool = False) -> DeepState:
        """Ask for a game's deep pass; a worker takes it from the queue (``arena.analyst``).

        Asking again changes nothing, so that a page may ask at every view. Featured games come
        first.
        """
        with self.writing() as connection:
            done = select(deep_analyses.c.game_id).where(
                deep_analyses.c.game_id == game_id, deep_analyses.c.version == DEEP_VERSION
            )
            if connection.scalar(done) is not None:
                return DeepState.DONE
            asked = select(deep_requests.c.game_id).where(deep_requests.c.game_id == game_id)
            if connection.scalar(asked) is not None:
                return DeepState.WAITING
            waiting = connection.scalar(select(func.count()).select_from(deep_requests)) or 0
            exists = select(games.c.id).where(games.c.id == game_id)
            if waiting >= MOST_REQUESTS or connection.scalar(exists) is None:
                return DeepState.REFUSED
            values = {
                "game_id": game_id,
                "priority": 0 if featured else 1,
                "requested_at": datetime.now(UTC),
            }
            connection.execute(insert(deep_requests).values(values))
        return DeepState.WAITING

    def claim_deep(self) -> Unanalysed | None:
        """Take the next waiting deep pass for ``CLAIM_SECONDS``, or None where none waits."""
        now = datetime.now(UTC)
        free = or_(deep_requests.c.claimed_until.is_(None), deep_requests.c.claimed_until < now)
        with self.writing() as connection:
            first = connection.scalar(
                select(deep_requests.c.game_id)
                .where(free)
                .order_by(deep_requests.c.priority, deep_requests.c.requested_at)
                .limit(1)
            )
            if first is None:
                return None
            claimed = connection.execute(
                update(deep_requests)
                .where(deep_requests.c.game_id == first, free)
                .values(claimed_until=now + timedelta(seconds=CLAIM_SECONDS))
            )
            if claimed.rowcount != 1:
                return None
            row = connection.execute(
                select(games.c.first_name, games.c.second_name, games.c.replay).where(
                    games.c.id == first
                )
            ).one()
        return Unanalysed(first, (row[0], row[1]), row[2])

    def save_deep(self, game_id: int, judged: Judged) -> None:
        """Store a game's deep pass and take it off the queue."""
        told = {"deep": judged["deep"], "blunders": judged["blunders"]}
        seats = Counter(mark["seat"] for mark in judged["blunders"])
        values = {
            "game_id": game_id,
            "version": DEEP_VERSION,
            "judges": judged["judges"],
            "first_blunders": seats[0],
            "second_blunders": seats[1],
            "plies": len(judged["deep"]["losses"][0]),
            "judged": packed(told),
        }
        with self.writing() as connection:
            connection.execute(delete(deep_analyses).where(deep_analyses.c.game_id == game_id))
            connection.execute(insert(deep_analyses).values(values))
            connection.execute(delete(deep_requests).where(deep_requests.c.game_id == game_id))

    def drop_deep_request(self, game_id: int) -> None:
        """Take a game off the queue whose deep pass cannot be made."""
        with self.writing() as connection:
            connection.execute(delete(deep_requests).where(deep_requests.c.game_id == game_id))

    def check(self, game_id: int) -> Check | None:
        """Return what running a game's models again showed, or None where nobody did."""
        query = select(checks).where(checks.c.game_id == game_id)
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Check(row.checked_at, row.riders, row.ply, row.seat)

    def save_check(self, game_id: int, check: Check) -> None:
        """Store what running a game's models again showed, in place of what was known."""
        with self.writing() as connection:
            connection.execute(delete(checks).where(checks.c.game_id == game_id))
            connection.execute(
                insert(checks).values(
                    game_id=game_id,
                    checked_at=check.checked_at,
                    riders=check.riders,
                    ply=check.ply,
                    seat=check.seat,
                )
            )


def _outdated() -> Any:
    return or_(analyses.c.version.is_(None), analyses.c.version < ANALYSIS_VERSION)


def _values(game: Any, summary: Summary) -> dict[str, object]:
    return {
        "game_id": game.id,
        "version": ANALYSIS_VERSION,
        "round": game.round if game.duel_id is not None else None,
        "day": int(game.played_at.timestamp()) // DAY_SECONDS,
        "title": summary.title,
        "tags": " ".join(summary.tags),
        "appeal": summary.appeal,
        "interest": summary.appeal,
        "separation": summary.separation,
        "decided": summary.decided,
        "lead_changes": summary.lead_changes,
        "first_territory": summary.territory[0],
        "second_territory": summary.territory[1],
        "rating_gap": None,
        "gap_band": UNRATED if game.duel_id is not None else None,
    }


def _rate(connection: Connection, round_number: int) -> None:
    """Give all games of one finished round their ratings' difference and their whole interest."""
    named = select(entries.c.name, entries.c.rating).where(entries.c.round == round_number)
    ratings = {row.name: row.rating for row in connection.execute(named)}
    query = (
        select(
            *(games.c.id, games.c.first_name, games.c.second_name, games.c.outcome),
            *(games.c.ending, analyses.c.appeal, analyses.c.tags),
        )
        .join(analyses, analyses.c.game_id == games.c.id)
        .where(and_(games.c.round == round_number, games.c.duel_id.is_not(None)))
    )
    rows = connection.execute(query).all()
    counts = Counter(tag for row in rows for tag in row.tags.split())
    values = []
    for row in rows:
        gap = ratings[row.first_name] - ratings[row.second_name]
        interest = row.appeal
        if row.ending == int(Ending.RULES):
            shares = [counts[tag] / len(rows) for tag in row.tags.split()]
            interest += upset_points(surprise_of(Outcome(row.outcome), gap))
            interest += rarity_points(min(shares, default=1.0))
        values.append({"key": row.id, "interest": interest, "gap": gap, "band": gap_band(gap)})
    _update_interest(connection, values)


def _update_interest(connection: Connection, values: Sequence[Mapping[str, object]]) -> None:
    connection.execute(
        update(analyses)
        .where(analyses.c.game_id == bindparam("key"))
        .values(
            interest=bindparam("interest"), rating_gap=bindparam("gap"), gap_band=bindparam("band")
        ),
        list(values),
    )
