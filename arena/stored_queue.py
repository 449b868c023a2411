"""The queue of submissions: taking files in, handing them to checkers, storing their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from arena.database import database_time
from arena.errors import StorageError
from arena.records import SubmissionRow, SubmissionStatus
from arena.schema import findings, submissions, trials, uploads
from arena.stored_miners import DAY, MinerRow, hold_miner
from arena.stored_progress import hold_open_round
from arena.stored_submissions import WAITING, StoredSubmissions, submission_row
from arena.submission import SubmissionError

ANOTHER: Final = "by another miner"
"""Which one stays hidden: until the round ends nobody is told what others have entered."""
NO_OTHER: Final = "names and notes make no other model"
LIVE: Final = (*WAITING, SubmissionStatus.ACCEPTED)


class QuotaError(SubmissionError):
    """A miner has submitted as often as is allowed in a day."""


class ClaimLostError(StorageError):
    """A claim was not renewed in time, and another checker has the submission."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A submission that is one checker's to check."""

    submission: SubmissionRow
    model: bytes
    attempts: int
    """How often it was begun and not given back, this time included."""
    checker: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a check comes to."""

    reason: str
    """Why it is rejected; empty if it is not."""
    alone: bool
    graph_sha256: str | None
    body: str
    """What was found, as JSON."""
    trials: Sequence[bytes] = ()
    """Encoded replays."""


class StoredQueue(StoredSubmissions):
    """The part of ``Storage`` that moves submissions on; every method is one transaction."""

    def receive(
        self, miner: MinerRow, sha256: str, model: bytes, *, quota: int | None = None
    ) -> SubmissionRow:
        """Put a file into the queue, in place of one of the same miner that still waits.

        Args:
            miner: whose it is; it may have been hidden or shown since it was looked up.
            sha256: of the file.
            model: the file.
            quota: how many a miner may submit in a day.

        Raises:
            SubmissionError: the file is there already.
            QuotaError: the quota is used up.
            StorageError: no round is open.
        """
        now = datetime.now(UTC)
        with self.writing() as connection:
            # Holds back another submission of the same miner, and hiding it, until this is stored.
            miner = hold_miner(connection, miner.id)
            if quota is not None:
                _check_quota(connection, miner.id, quota, now - DAY)
            number = hold_open_round(connection)
            _refuse_known(connection, submissions.c.sha256 == sha256, miner, "file")
            _drop_waiting(connection, miner.id)
            values = {
                "round": number,
                "name": miner.shown,
                "miner_id": miner.id,
                "sha256": sha256,
                "status": SubmissionStatus.RECEIVED,
                "alone": False,
                "reason": "",
                "submitted_at": now,
            }
            key = connection.execute(insert(submissions).values(values)).inserted_primary_key
            if key is None:
                raise StorageError("the database gave a submission no ID")
            connection.execute(
                insert(uploads).values(submission_id=key[0], model=model, attempts=0)
            )
            return _read(connection, int(key[0]))

    def left_today(self, miner_id: int, quota: int) -> int:
        """Return how many more a miner may submit now."""
        with self.reading() as connection:
            return max(0, quota - _count_since(connection, miner_id, datetime.now(UTC) - DAY))

    def claim(self, checker: str, seconds: float, only: int | None = None) -> Claim | None:
        """Take the submission that waits longest, or one whose checker has gone; None if none does.

        Args:
            checker: who takes it.
            seconds: until the claim ends, by the database's clock, if it is not renewed.
            only: take this submission or none.
        """
        with self.writing() as connection:
            free = _unclaimed(_now(connection))
            query = select(uploads).where(free if only is None else uploads.c.submission_id == only)
            query = query.order_by(uploads.c.submission_id).limit(1)
            # One that is asked for by its number is waited for, not passed over.
            row = connection.execute(query.with_for_update(skip_locked=only is None)).first()
            if row is None:
                return None
            mine = uploads.c.submission_id == row.submission_id
            # Asked again, as another's transaction may have been waited for.
            until = _now(connection) + timedelta(seconds=seconds)
            claimed = {"claimed_by": checker, "claimed_until": until, "attempts": row.attempts + 1}
            connection.execute(update(uploads).where(mine).values(claimed))
            connection.execute(
                update(submissions)
                .where(submissions.c.id == row.submission_id)
                .values(status=SubmissionStatus.CHECKING)
            )
            submission = _read(connection, row.submission_id)
        return Claim(submission, row.model, row.attempts + 1, checker)

    def renew(self, claim: Claim, seconds: float) -> None:
        """Keep a claim so much longer.

        Raises:
            ClaimLostError: another checker has it.
        """
        with self.writing() as connection:
            until = _now(connection) + timedelta(seconds=seconds)
            _change_claim(connection, claim, claim.checker, until)

    def give_back(self, claim: Claim, seconds: float) -> None:
        """Let another try at a claimed submission be made, and this one not be counted.

        Args:
            claim: the claim.
            seconds: how long nobody is to try, by the database's clock.

        Raises:
            ClaimLostError: another checker has it.
        """
        with self.writing() as connection:
            until = _now(connection) + timedelta(seconds=seconds)
            _change_claim(connection, claim, None, until)
            connection.execute(
                update(uploads)
                .where(uploads.c.submission_id == claim.submission.id)
                .values(attempts=claim.attempts - 1)
            )
            connection.execute(
                update(submissions)
                .where(submissions.c.id == claim.submission.id)
                .values(status=SubmissionStatus.RECEIVED)
            )

    def withdraw(self, submission_id: int, checker: str) -> bool:
        """Remove a submission as if it had never come, unless another checker has it.

        Returns:
            Whether it is gone; one that is settled stays.
        """
        free = or_(uploads.c.claimed_by.is_(None), uploads.c.claimed_by == checker)
        with self.writing() as connection:
            waiting = delete(uploads).where(uploads.c.submission_id == submission_id, free)
            if connection.execute(waiting).rowcount != 1:
                return False
            connection.execute(delete(submissions).where(submissions.c.id == submission_id))
        return True

    def settle(self, claim: Claim, found: Settlement) -> SubmissionRow:
        """Store the verdict on a claimed submission, and let go of its file.

        An accepted one counts in the round that is open now, in place of the miner's earlier one,
        unless a later one of the miner's was settled before it. It is rejected after all where its
        graph is another miner's, or that of the one that counts already.

        Raises:
            ClaimLostError: another checker has it.
            StorageError: no round is open.
        """
        own = claim.submission.id
        with self.writing() as connection:
            _change_claim(connection, claim, None, None)
            number = hold_open_round(connection)
            row = _read(connection, own)
            reason = found.reason or _same_graph(connection, row, found.graph_sha256)
            status = SubmissionStatus.REJECTED if reason else _accept(connection, row, number)
            values = {
                "round": number,
                "status": status,
                "reason": reason,
                "alone": found.alone,
                "graph_sha256": found.graph_sha256,
                "checked_at": datetime.now(UTC),
            }
            connection.execute(update(submissions).where(submissions.c.id == own).values(values))
            connection.execute(delete(uploads).where(uploads.c.submission_id == own))
            connection.execute(insert(findings).values(submission_id=own, body=found.body))
            games = [
                {"submission_id": own, "number": number, "replay": replay}
                for number, replay in enumerate(found.trials)
            ]
            if games:
                connection.execute(insert(trials), games)
            return _read(connection, own)


def _read(connection: Connection, submission_id: int) -> SubmissionRow:
    query = select(submissions).where(submissions.c.id == submission_id)
    return submission_row(connection.execute(query).one())


def _accept(connection: Connection, row: SubmissionRow, round_number: int) -> SubmissionStatus:
    """Supersede the miner's earlier submission to a round; return what this one is then."""
    # Those of before miners had names of their own belong to whoever has the name.
    unowned = and_(submissions.c.miner_id.is_(None), submissions.c.name == row.name)
    counting = (
        submissions.c.round == round_number,
        or_(submissions.c.miner_id == row.miner_id, unowned),
        submissions.c.status == SubmissionStatus.ACCEPTED,
    )
    later = connection.scalar(select(submissions.c.id).where(*counting, submissions.c.id > row.id))
    if later is not None:
        return SubmissionStatus.SUPERSEDED
    connection.execute(
        update(submissions).where(*counting).values(status=SubmissionStatus.SUPERSEDED)
    )
    return SubmissionStatus.ACCEPTED


def _count_since(connection: Connection, miner_id: int, since: datetime) -> int:
    lately = (submissions.c.miner_id == miner_id, submissions.c.submitted_at > since)
    return connection.scalar(select(func.count()).select_from(submissions).where(*lately)) or 0


def _check_quota(connection: Connection, miner_id: int, quota: int, since: datetime) -> None:
    used = _count_since(connection, miner_id, since)
    if used >= quota:
        raise QuotaError(
            f"you have submitted {used} times within a day, and {quota} are allowed; "
            "try again when a day has passed since the first of them"
        )


def _refuse_known(connection: Connection, same: object, miner: MinerRow, what: str) -> None:
    known = select(submissions).where(
        same,  # type: ignore[arg-type]
        submissions.c.status != SubmissionStatus.REJECTED,
    )
    for row in connection.execute(known.order_by(submissions.c.id)):
        # Those of before miners had names of their own belong to whoever has the name.
        unowned = row.miner_id is None and row.name == miner.shown
        if row.miner_id != miner.id and not unowned:
            raise SubmissionError(f"the same {what} was submitted already, {ANOTHER}")
        if row.status in LIVE and row.round == hold_open_round(connection):
            raise SubmissionError(
                f"the same {what} is your submission {row.id} already, which is {row.status}"
            )


def _same_graph(connection: Connection, row: SubmissionRow, graph_sha256: str | None) -> str:
    """Return why a graph may not be entered again, or nothing."""
    if graph_sha256 is None:
        return ""
    known = select(submissions.c.id).where(
        submissions.c.graph_sha256 == graph_sha256,
        submissions.c.status != SubmissionStatus.REJECTED,
        submissions.c.id != row.id,
    )
    others = known.where(submissions.c.miner_id.is_distinct_from(row.miner_id))
    if connection.scalar(others.limit(1)) is not None:
        return f"the same network was submitted already, {ANOTHER}; {NO_OTHER}"
    own = known.where(
        submissions.c.round == hold_open_round(connection),
        submissions.c.status == SubmissionStatus.ACCEPTED,
    )
    live = connection.scalar(own.limit(1))
    if live is not None:
        return f"the same network is your submission {live} already, which still counts; {NO_OTHER}"
    return ""


def _now(connection: Connection) -> datetime:
    """Return the time by which claims end."""
    return datetime.fromtimestamp(database_time(connection), UTC)


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(uploads.c.claimed_until.is_(None), uploads.c.claimed_until < now)


def _drop_waiting(connection: Connection, miner_id: int) -> None:
    """Supersede what waits of a miner and nobody is checking."""
    unclaimed = or_(uploads.c.claimed_by.is_(None), _unclaimed(_now(connection)))
    waiting = (
        select(submissions.c.id)
        .join(uploads, uploads.c.submission_id == submissions.c.id)
        .where(submissions.c.miner_id == miner_id, unclaimed)
    )
    ids = list(connection.scalars(waiting))
    connection.execute(delete(uploads).where(uploads.c.submission_id.in_(ids)))
    connection.execute(
        update(submissions)
        .where(submissions.c.id.in_(ids))
        .values(status=SubmissionStatus.SUPERSEDED)
    )


def _change_claim(
    connection: Connection, claim: Claim, checker: str | None, until: datetime | None
) -> None:
    held = (uploads.c.submission_id == claim.submission.id, uploads.c.claimed_by == claim.checker)
    values = {"claimed_by": checker, "claimed_until": until}
    if connection.execute(update(uploads).where(*held).values(values)).rowcount != 1:
        raise ClaimLostError(f"submission {claim.submission.id} is another checker's by now")
