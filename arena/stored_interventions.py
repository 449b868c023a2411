"""The transactions that step in: plan, cancel, run again; each leaves a line in the audit log."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Select, delete, func, null, select, update

from arena.divisions import Usage
from arena.errors import StorageError
from arena.records import Deed, RoundStatus, Standing, SubmissionRow, SubmissionStatus
from arena.schedule import ScheduledDuel
from arena.schema import duels, entries, games, insights, metadata, rounds, submissions
from arena.stored_audit import StoredAudit, record
from arena.stored_progress import (
    change_round,
    check_played,
    hold_open_round,
    insert_duels,
    take_out,
)
from arena.stored_rounds import UNFINISHED, StoredRounds
from arena.stored_submissions import COUNTING, submission_row

UNPLAYED: Final = {
    "done": False,
    "first_points": 0.0,
    "second_points": 0.0,
    "games": 0,
    "first_forfeits": 0,
    "second_forfeits": 0,
    "finished_at": null(),
}
PLAYED: Final = (RoundStatus.DONE, RoundStatus.RUNNING)
REPLAYS_AT_ONCE: Final = 1000


class StoredInterventions(StoredRounds, StoredAudit):
    """The part of ``Storage`` that steps in; every method is one transaction."""

    def plan_closing(self, round_number: int, at: datetime | None, reason: str = "") -> None:
        """Say when the open round closes; None where nothing is planned any more.

        Raises:
            StorageError: the round is not open.
        """
        with self.writing() as connection:
            change_round(connection, round_number, (RoundStatus.OPEN,), {"closes_at": at})
            if reason:
                detail = {"reason": reason, "closes_at": None if at is None else at.isoformat()}
                record(connection, Deed.POSTPONED, round_number, detail)

    def add_stage(self, round_number: int, stage: int, schedule: Sequence[ScheduledDuel]) -> bool:
        """Add the duels of a stage to a round that is being played, unless they are there.

        Returns:
            Whether they were new.

        Raises:
            StorageError: the round is not running, or its earlier stages are not played.
        """
        with self.writing() as connection:
            change_round(connection, round_number, (RoundStatus.RUNNING,), {})
            of_round = duels.c.round == round_number
            latest = connection.scalar(select(func.max(duels.c.stage)).where(of_round))
            if latest is not None and latest >= stage:
                return False
            check_played(connection, round_number)
            insert_duels(connection, round_number, schedule, stage)
        return True

    def cancel(self, round_number: int, reason: str) -> int:
        """Give up a round that is closed and not done.

        What was played is kept and counts for nothing. Its submissions go on to the open round,
        except those whose author has a newer one there.

        Returns:
            How many submissions went on.

        Raises:
            StorageError: the round is open, done, cancelled or missing, or no round is open.
        """
        with self.writing() as connection:
            values = {"status": RoundStatus.CANCELLED, "finished_at": datetime.now(UTC)}
            change_round(connection, round_number, UNFINISHED, values)
            moved = _hand_on(connection, round_number)
            record(connection, Deed.CANCELLED, round_number, {"reason": reason, "handed_on": moved})
        return moved

    def take_out(self, submission_id: int, reason: str) -> SubmissionRow:
        """Reject a submission that counts, or that did: it rides in no round from now on.

        Nothing of a round that was played changes, but a champion does not defend its crown.

        Raises:
            StorageError: there is no such submission, it does not count, or it is in a round that
                is being played.
        """
        with self.writing() as connection:
            hold_open_round(connection)  # a closing that is under way has chosen its field
            query = select(submissions).where(submissions.c.id == submission_id)
            row = connection.execute(query.with_for_update()).first()
            if row is None or row.status not in COUNTING:
                state = "is not there" if row is None else f"is {SubmissionStatus(row.status)}"
                raise StorageError(f"submission {submission_id} {state}; it cannot be withdrawn")
            status = connection.scalar(select(rounds.c.status).where(rounds.c.number == row.round))
            if status in UNFINISHED:
                raise StorageError(
                    f"submission {submission_id} is in round {row.round}, which is being played; "
                    f"wait for its end, or `tron round cancel {row.round}` first"
                )
            told = f"withdrawn by the operator: {reason}"
            take_out(connection, submission_row(row), told, reason)
            return submission_row(connection.execute(query).one())

    def reset(self, round_number: int, reason: str) -> str:
        """Take a round back to its closing, to be run again from its frozen field and seed.

        Its duels, standings and champions are removed; what they were is told by the audit log,
        with one hash over all replays, which a run that gives the same records gives again.

        Returns:
            That hash, 64 hexadecimal digits.

        Raises:
            StorageError: nothing of the round was played, or it was cancelled and its submissions
                went on.
        """
        with self.writing() as connection:
            old = connection.execute(select(rounds).where(rounds.c.number == round_number)).first()
            values = {
                "status": RoundStatus.CLOSED,
                "started_at": None,
                "finished_at": None,
                "duels_done": 0,
                "champion_entry_id": None,
                "light_champion_entry_id": None,
            }
            change_round(connection, round_number, PLAYED, values)
            assert old is not None
            records = _replays_digest(connection, round_number)
            table = connection.execute(
                select(entries.c.name, entries.c.points)
                .where(entries.c.round == round_number, entries.c.rank.is_not(None))
                .order_by(entries.c.rank)
            )
            detail = {
                "reason": reason,
                "was": old.status,
                "duels_done": old.duels_done,
                "replays_sha256": records,
                "standings": [[row.name, row.points] for row in table],
            }
            record(connection, Deed.RERUN, round_number, detail)
            of_round = duels.c.round == round_number
            played = select(duels.c.id).where(of_round)
            _forget_games(connection, select(games.c.id).where(games.c.duel_id.in_(played)))
            entered = select(entries.c.id).where(entries.c.round == round_number)
            connection.execute(delete(insights).where(insights.c.entry_id.in_(entered)))
            connection.execute(delete(duels).where(of_round, duels.c.stage > 0))
            connection.execute(update(duels).where(of_round).values(UNPLAYED))
            connection.execute(
                update(submissions)
                .where(
                    submissions.c.round == round_number,
                    submissions.c.status == SubmissionStatus.FORFEITED,
                )
                .values(status=SubmissionStatus.ENTERED)
            )
            clean: dict[str, object] = dict.fromkeys(Standing.__slots__)
            clean |= dict.fromkeys(Usage.__slots__, 0)
            connection.execute(update(entries).where(entries.c.round == round_number).values(clean))
        return records

    def replays_digest(self, round_number: int) -> str:
        """Return one SHA-256 over all replays of a round, in the order of its schedule."""
        with self.reading() as connection:
            return _replays_digest(connection, round_number)


def _forget_games(connection: Connection, ids: Select[tuple[int]]) -> None:
    """Remove games, and what was found out about them; games that began from one stay."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if not column.references(games.c.id):
                continue
            if table is games:
                connection.execute(update(games).where(column.in_(ids)).values({column: None}))
            else:
                connection.execute(delete(table).where(column.in_(ids)))
    connection.execute(delete(games).where(games.c.id.in_(ids)))


def _replays_digest(connection: Connection, round_number: int) -> str:
    query = (
        select(games.c.replay)
        .join(duels, games.c.duel_id == duels.c.id)
        .where(duels.c.round == round_number)
        .order_by(duels.c.number, games.c.number)
    )
    total = hashlib.sha256()
    for blob in connection.scalars(query.execution_options(yield_per=REPLAYS_AT_ONCE)):
        total.update(hashlib.sha256(blob).digest())
    return total.hexdigest()


def _hand_on(connection: Connection, round_number: int) -> int:
    """Move a cancelled round's submissions to the open one; return how many."""
    opened = hold_open_round(connection)
    live = select(submissions.c.name, submissions.c.sha256).where(
        submissions.c.round == opened, submissions.c.status == SubmissionStatus.ACCEPTED
    )
    there = connection.execute(live).all()
    names, models = {row.name for row in there}, {row.sha256 for row in there}
    entered = (
        submissions.c.round == round_number,
        submissions.c.status == SubmissionStatus.ENTERED,
    )
    moved = 0
    for row in connection.execute(select(submissions).where(*entered).order_by(submissions.c.id)):
        free = row.name not in names and row.sha256 not in models
        values = {
            "round": opened if free else round_number,
            "status": SubmissionStatus.ACCEPTED if free else SubmissionStatus.SUPERSEDED,
        }
        connection.execute(update(submissions).where(submissions.c.id == row.id).values(values))
        names.add(row.name)
        models.add(row.sha256)
        moved += free
    return moved
