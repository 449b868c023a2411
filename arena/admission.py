"""A submission's way into a round: received, checked in the sandbox, tried, settled."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import msgspec

from agents.errors import InvalidModelError
from agents.zoo import shipped
from arena.errors import ArenaFault, StorageError
from arena.estimate import UNKNOWN
from arena.limits import Limits, check_size
from arena.models import ModelStore, digest
from arena.records import SubmissionRow
from arena.sandbox import SandboxedModel
from arena.storage import Storage
from arena.stored_miners import MinerRow
from arena.stored_queue import Claim, ClaimLostError, Settlement
from arena.submission import SubmissionError
from arena.trial import PlayedTrial, Trial, play_trial
from arena.validation import Verdict, after_trial, trial_ms, validate_model

CLAIM_SECONDS: Final = 30.0
RENEW_SECONDS: Final = 5.0
MAX_ATTEMPTS: Final = 3
"""How many checkers may die at one file."""
PUT_OFF_SECONDS: Final = (10.0, 900.0)
"""The shortest and the longest wait after a fault of ours."""
PUT_OFF_SHARE: Final = 0.25
"""Of the time that a file has been there it waits again: ever longer, however often it is tried."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found out about a submission."""

    verdict: Verdict
    trial: Trial | None = None


def receive(
    storage: Storage,
    miner: MinerRow,
    model: bytes,
    *,
    limits: Limits | None = None,
    quota: int | None = None,
) -> SubmissionRow:
    """Put a file into the queue; nothing but its length and hash is looked at.

    Args:
        storage: the database; a round is open.
        miner: whose it is.
        model: the file.
        limits: what it may use.
        quota: how many a miner may submit in a day.

    Raises:
        SubmissionError: it cannot be taken.
        StorageError: no round is open.
    """
    try:
        check_size(model, limits or Limits())
    except InvalidModelError as error:
        raise SubmissionError(str(error)) from error
    sha256 = digest(model)
    for own in shipped():
        if own.sha256 == sha256:
            raise SubmissionError(f"this file is the shipped model {own.name}; enter one of yours")
    return storage.receive(miner, sha256, model, quota=quota)


def check_next(
    storage: Storage,
    models: ModelStore,
    checker: str,
    *,
    limits: Limits | None = None,
    only: int | None = None,
    with_trial: bool = True,
    progress: Callable[[str], None] | None = None,
) -> tuple[SubmissionRow, Findings] | None:
    """Check the submission that waits longest, and store the verdict.

    Args:
        storage: the database.
        models: gets the file of an accepted one.
        checker: who checks, unlike any other.
        limits: what a model may use.
        only: check this submission or none.
        with_trial: whether an accepted one plays its trial.
        progress: told the name of each step before it is taken.

    Returns:
        The submission as it is now, and what was found; None where nothing waits. One whose
        checkers died ``MAX_ATTEMPTS`` times is given up, and keeps nobody waiting any more.

    Raises:
        ClaimLostError: it took so long that another checker began as well.
        ArenaFault: a fault of ours; the submission waits again, a while behind all others.
    """
    claim = storage.claim(checker, CLAIM_SECONDS, only)
    if claim is None:
        return None
    if claim.attempts > MAX_ATTEMPTS:
        given_up = _given_up()
        return storage.settle(claim, given_up), decode_findings(given_up.body)
    try:
        with _renewed(storage, claim):
            found, replays = _examine(storage, models, claim, limits, with_trial, progress)
        settlement = Settlement(
            reason=found.verdict.reason or shipped_under_other_names(found.verdict),
            alone=found.verdict.alone,
            graph_sha256=found.verdict.graph_sha256,
            body=encode_findings(found),
            trials=replays,
        )
        return storage.settle(claim, settlement), found
    except ClaimLostError:
        raise
    except ArenaFault:
        storage.give_back(claim, put_off_seconds(claim.submission.submitted_at))
        raise


def encode_findings(found: Findings) -> str:
    """Return findings as they are stored."""
    return json.dumps(asdict(found))


def decode_findings(body: str) -> Findings:
    """Return stored findings.

    Raises:
        StorageError: they are none.
    """
    try:
        return msgspec.json.decode(body, type=Findings)
    except msgspec.DecodeError as error:
        raise StorageError(f"stored findings are damaged: {error}") from error


def _examine(
    storage: Storage,
    models: ModelStore,
    claim: Claim,
    limits: Limits | None,
    with_trial: bool,
    progress: Callable[[str], None] | None,
) -> tuple[Findings, tuple[bytes, ...]]:
    verdict = validate_model(claim.model, limits=limits, progress=progress)
    if not verdict.accepted or shipped_under_other_names(verdict):
        return Findings(verdict), ()
    played = None
    if with_trial:
        if progress is not None:
            progress("trial games")
        verdict, played = tried(storage, claim.model, verdict, limits)
        if not verdict.accepted:
            return Findings(verdict), ()
    models.put(claim.model)
    if verdict.cost is not None:
        storage.save_cost(claim.submission.sha256, verdict.cost)
    return (Findings(verdict, played.trial), played.replays) if played else (Findings(verdict), ())


def tried(
    storage: Storage,
    model: bytes,
    verdict: Verdict,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Verdict, PlayedTrial]:
    """Play an accepted model's trial, and compare it with the newest finished round.

    Returns:
        The verdict with what the trial told, and the trial.
    """
    limits = limits or Limits()
    done = storage.latest_done_round()
    field = () if done is None else storage.entries(done.number)
    allowed = limits.latency_ms if verdict.cost is None else trial_ms(verdict.cost, limits)
    played = play_trial(
        model,
        alone=verdict.alone,
        limits=limits,
        position_ms=allowed,
        cost=verdict.cost or UNKNOWN,
        field=field,
        progress=progress,
    )
    return after_trial(verdict, played.usage, limits), played


def shipped_under_other_names(verdict: Verdict) -> str:
    """Return why a model may not enter that is a shipped one but for names, or nothing."""
    name = shipped_graphs().get(verdict.graph_sha256 or "") if verdict.accepted else None
    return f"this is the shipped model {name} under other names; enter one of yours" if name else ""


@cache
def shipped_graphs() -> dict[str, str]:
    """Return the shipped models' names by their graphs' hashes.

    Raises:
        ArenaFault: a fault of ours.
    """
    found = {}
    for own in shipped():
        with SandboxedModel(own.path.read_bytes(), max_batch=1) as model:
            model.start()
            found[model.inspected.graph_sha256 or ""] = own.name
    return found


def put_off_seconds(submitted_at: datetime) -> float:
    """Return how long a file waits after a fault of ours that kept it from being checked."""
    shortest, longest = PUT_OFF_SECONDS
    age = (datetime.now(UTC) - submitted_at).total_seconds()
    return min(max(shortest, PUT_OFF_SHARE * age), longest)


def _given_up() -> Settlement:
    reason = "could not be checked: it ended whoever checked it; submit it again"
    body = encode_findings(Findings(Verdict(accepted=False, checks=())))
    return Settlement(reason, alone=False, graph_sha256=None, body=body)


@contextmanager
def _renewed(storage: Storage, claim: Claim) -> Iterator[None]:
    """Keep the claim while the block runs."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                storage.renew(claim, CLAIM_SECONDS)
            except ClaimLostError:
                return  # storing the verdict will say so
            except StorageError as fault:  # the claim is longer than one turn
                logger.warning("a claim was not renewed: %s", fault)

    thread = threading.Thread(target=renew, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
