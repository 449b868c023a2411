"""What the site does for miners: registers them, knows them again, takes their models."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from arena.admission import decode_findings, receive
from arena.limits import Limits
from arena.miners import known_by, new_token, register
from arena.models import ModelStore
from arena.policy import REGISTRATIONS_ALTOGETHER, Policy, Publishing, Registration
from arena.records import RoundStatus, SubmissionRow, SubmissionStatus
from arena.rounds import ensure_open
from arena.storage import Storage
from arena.stored_miners import MinerRow, RegistrationLimits
from arena.stored_submissions import WAITING
from web.errors import WebError
from web.households import connection_of
from web.payloads import MinerPayload, SubmissionPayload
from web.texts import tell

LISTED = 50
ROUND_OVER = (SubmissionStatus.ENTERED, SubmissionStatus.FORFEITED)


class ClosedError(WebError):
    """The operator, or the machine, does not allow it; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MinerDesk:
    """Everything that the pages and the interface for miners need."""

    storage: Storage
    models: ModelStore
    policy: Policy
    secret_key: str
    lacking: str
    """Sandbox layers that are missing before models can be taken; empty where none is."""
    limits: Limits = field(default_factory=Limits)

    def register(self, name: str, address: str) -> tuple[MinerRow, str]:
        """Register a name by self-service; return the miner and its token.

        Raises:
            ClosedError: only the operator registers miners.
            NameRefusedError: the name cannot be used, or is taken.
            RegistrationLimitError: too many were registered.
        """
        if self.policy.registration is not Registration.OPEN:
            raise ClosedError(tell("submit.by_invitation"))
        limits = RegistrationLimits(
            self._origin(address), self.policy.registrations_per_day, REGISTRATIONS_ALTOGETHER
        )
        return register(self.storage, name, limits)

    def known_by(self, token: str) -> MinerRow:
        """Return whose a token is.

        Raises:
            TokenRefusedError: nobody's.
        """
        return known_by(self.storage, token)

    def new_token(self, miner: MinerRow) -> str:
        """Give a miner a token in place of those it had."""
        return new_token(self.storage, miner)

    def submit(self, miner: MinerRow, model: bytes) -> SubmissionRow:
        """Take a model into the queue.

        Raises:
            ClosedError: this machine cannot confine models of strangers.
            QuotaError: the miner's quota is used up.
            SubmissionError: the file cannot be taken.
        """
        self.check_open()
        ensure_open(self.storage)
        quota = self.policy.submissions_per_day
        return receive(self.storage, miner, model, limits=self.limits, quota=quota)

    def check_open(self) -> None:
        """Do nothing where models are taken.

        Raises:
            ClosedError: this machine cannot confine models of strangers.
        """
        if self.lacking:
            raise ClosedError(tell("submit.closed", lacking=self.lacking))

    def miner(self, row: MinerRow) -> MinerPayload:
        """Present a miner to itself."""
        left = self.storage.left_today(row.id, self.policy.submissions_per_day)
        return MinerPayload(
            id=row.id,
            name=row.name,
            hidden=row.hidden,
            created_at=row.created_at,
            submissions_a_day=self.policy.submissions_per_day,
            submissions_left=left,
        )

    def own(self, miner: MinerRow, submission_id: int) -> SubmissionRow | None:
        """Return a submission of this miner's, or None."""
        row = self.storage.submission(submission_id)
        return row if row is not None and row.miner_id == miner.id else None

    def submission(self, row: SubmissionRow) -> SubmissionPayload:
        """Present a submission to its miner."""
        return self.presented([row])[0]

    def presented(self, rows: Sequence[SubmissionRow]) -> list[SubmissionPayload]:
        """Present submissions to their miner, in few queries however many there are."""
        bodies = self.storage.findings_of([row.id for row in rows])
        return [self._presented(row, bodies.get(row.id)) for row in rows]

    def _presented(self, row: SubmissionRow, body: str | None) -> SubmissionPayload:
        found = decode_findings(body) if body else None
        return SubmissionPayload(
            id=row.id,
            round=row.round,
            name=row.name,
            sha256=row.sha256,
            state=row.status.value,
            reason=row.reason,
            place=self.storage.place(row.id) if row.status in WAITING else None,
            submitted_at=row.submitted_at,
            checked_at=row.checked_at,
            light=found is not None and found.verdict.light,
            verdict=found.verdict if found else None,
            trial=found.trial if found else None,
        )

    def submissions(self, miner: MinerRow) -> list[SubmissionRow]:
        """Return a miner's latest submissions, newest first."""
        return list(self.storage.miner_submissions(miner.id, LISTED))

    def published(self, sha256: str) -> bool:
        """Whether anybody may download a model: its round is done, and the operator allows it."""
        if self.policy.publishing is Publishing.NONE:
            return False
        entered = [
            row for row in self.storage.submissions_of_model(sha256) if row.status in ROUND_OVER
        ]
        done = [
            row.number
            for row in map(self.storage.round, {row.round for row in entered})
            if row is not None and row.status is RoundStatus.DONE
        ]
        if self.policy.publishing is Publishing.ALL:
            return bool(done)
        crowned = (
            champion
            for number in done
            for champion in (self.storage.champion(number), self.storage.light_champion(number))
        )
        return any(champion and champion.sha256 == sha256 for champion in crowned)

    def _origin(self, address: str) -> str:
        """Return an identity of an address from which the address cannot be told."""
        key, origin = self.secret_key.encode(), connection_of(address)
        return hmac.new(key, f"origin:{origin}".encode(), hashlib.sha256).hexdigest()
