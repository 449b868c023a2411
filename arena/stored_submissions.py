"""Stored submissions."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from arena.database import Database
from arena.errors import StorageError
from arena.records import RoundStatus, SubmissionRow, SubmissionStatus
from arena.schema import rounds, submissions


class StoredSubmissions(Database):
    """The part of ``Storage`` about submissions."""

    def add_submission(
        self, name: str, sha256: str, *, alone: bool = False, reason: str = ""
    ) -> SubmissionRow:
        """Store a submission to the open round: accepted, or rejected where ``reason`` says why.

        An accepted one supersedes the name's earlier one.

        Raises:
            StorageError: no round is open.
        """
        status = SubmissionStatus.REJECTED if reason else SubmissionStatus.ACCEPTED
        with self.writing() as connection:
            number = connection.scalar(
                select(rounds.c.number).where(rounds.c.status == RoundStatus.OPEN).with_for_update()
            )
            if number is None:
                raise StorageError("no round is open")
            if status is SubmissionStatus.ACCEPTED:
                earlier = (
                    submissions.c.round == number,
                    submissions.c.name == name,
                    submissions.c.status == SubmissionStatus.ACCEPTED,
                )
                connection.execute(
                    update(submissions).where(*earlier).values(status=SubmissionStatus.SUPERSEDED)
                )
            values = {
                "round": number,
                "name": name,
                "sha256": sha256,
                "status": status,
                "alone": alone,
                "reason": reason,
                "submitted_at": datetime.now(UTC),
            }
            key = connection.execute(insert(submissions).values(values)).inserted_primary_key
            if key is None:
                raise StorageError("the database gave a submission no ID")
            row = connection.execute(select(submissions).where(submissions.c.id == key[0])).one()
        return submission_row(row)

    def submission(self, submission_id: int) -> SubmissionRow | None:
        """Return one submission, or None."""
        query = select(submissions).where(submissions.c.id == submission_id)
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else submission_row(row)

    def submissions(self, round_number: int) -> tuple[SubmissionRow, ...]:
        """Return all submissions to a round, oldest first."""
        query = select(submissions).where(submissions.c.round == round_number)
        with self.reading() as connection:
            return tuple(map(submission_row, connection.execute(query.order_by(submissions.c.id))))

    def live_submissions(self, round_number: int) -> tuple[SubmissionRow, ...]:
        """Return the submissions that count: the latest accepted one of each name, oldest first."""
        counting = {SubmissionStatus.ACCEPTED, SubmissionStatus.ENTERED}
        return tuple(row for row in self.submissions(round_number) if row.status in counting)


def submission_row(row: Row[Any]) -> SubmissionRow:
    """Return a row of ``submissions`` as a value."""
    values = dict(row._mapping)
    return SubmissionRow(status=SubmissionStatus(values.pop("status")), **values)
