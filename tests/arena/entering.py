"""Submissions put into a database as if they had been checked."""

from arena.admission import Findings, encode_findings
from arena.miners import local_miner
from arena.records import SubmissionRow
from arena.storage import Storage
from arena.stored_queue import Settlement
from arena.validation import Verdict


def submitted(
    storage: Storage,
    name: str,
    sha256: str,
    *,
    alone: bool = False,
    reason: str = "",
    graph: str | None = None,
) -> SubmissionRow:
    """Enter a model into the open round unchecked; ``reason`` says why it is rejected instead."""
    row = storage.receive(local_miner(storage, name), sha256, b"")
    found = Findings(Verdict(accepted=not reason, checks=()))
    claim = storage.claim("tests", 60.0, row.id)
    return storage.settle(claim, Settlement(reason, alone, graph, encode_findings(found)))
