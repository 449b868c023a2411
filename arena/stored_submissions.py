"""Stored submissions: reading them, and what admission found."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, func, select

from arena.database import Database
from arena.records import SubmissionRow, SubmissionStatus
from arena.schema import findings, submissions, trials, uploads

WAITING: Final = (SubmissionStatus.RECEIVED, SubmissionStatus.CHECKING)
COUNTING: Final = (
    SubmissionStatus.ACCEPTED,
    SubmissionStatus.ENTERED,
    SubmissionStatus.FORFEITED,
)
"""What counts in its round, or did; the files of these must be there."""


class StoredSubmissions(Database):
    """The part of ``Storage`` about submissions; ``StoredQueue`` takes and settles them."""

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
        return tuple(row for row in self.submissions(round_number) if row.status in COUNTING)

    def miner_submissions(self, miner_id: int, limit: int) -> tuple[SubmissionRow, ...]:
        """Return a miner's submissions, newest first."""
        query = select(submissions).where(submissions.c.miner_id == miner_id)
        query = query.order_by(submissions.c.id.desc()).limit(limit)
        with self.reading() as connection:
            return tuple(map(submission_row, connection.execute(query)))

    def submissions_of_model(self, sha256: str) -> tuple[SubmissionRow, ...]:
        """Return every submission of one file."""
        query = select(submissions).where(submissions.c.sha256 == sha256)
        with self.reading() as connection:
            return tuple(map(submission_row, connection.execute(query.order_by(submissions.c.id))))

    def place(self, submission_id: int) -> int | None:
        """Return a waiting submission's place in the queue, from 1; None for any other."""
        ahead = (
            select(func.count())
            .select_from(uploads)
            .where(uploads.c.submission_id <= submission_id)
        )
        mine = select(uploads.c.submission_id).where(uploads.c.submission_id == submission_id)
        with self.reading() as connection:
            if connection.scalar(mine) is None:
                return None
            return connection.scalar(ahead) or 1

    def findings(self, submission_id: int) -> str | None:
        """Return what admission found of a submission, as JSON, or None before its verdict."""
        return self.findings_of([submission_id]).get(submission_id)

    def findings_of(self, submission_ids: Collection[int]) -> dict[int, str]:
        """Return what admission found of these that have a verdict, as JSON, by their IDs."""
        query = select(findings).where(findings.c.submission_id.in_(submission_ids))
        with self.reading() as connection:
            return {row.submission_id: row.body for row in connection.execute(query)}

    def trial_replays(self, submission_id: int) -> dict[int, bytes]:
        """Return the encoded replays of a submission's trial, by number."""
        query = select(trials.c.number, trials.c.replay)
        query = query.where(trials.c.submission_id == submission_id)
        with self.reading() as connection:
            return {row.number: row.replay for row in connection.execute(query)}

    def trial(self, submission_id: int, number: int) -> bytes | None:
        """Return the encoded replay of one of a submission's trial games, or None."""
        query = select(trials.c.replay).where(
            trials.c.submission_id == submission_id, trials.c.number == number
        )
        with self.reading() as connection:
            found: bytes | None = connection.scalar(query)
        return found


def submission_row(row: Row[Any]) -> SubmissionRow:
    """Return a row of ``submissions`` as a value."""
    values = dict(row._mapping)
    return SubmissionRow(status=SubmissionStatus(values.pop("status")), **values)
