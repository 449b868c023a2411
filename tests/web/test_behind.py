"""The processes that work behind the site."""

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from arena import checker
from arena.admission import receive
from arena.background import BackgroundProcess
from arena.miners import local_miner
from arena.records import SubmissionStatus
from arena.rounds import ensure_open
from arena.scheduler import LEADING
from arena.schema import uploads
from arena.settings import load_settings
from arena.storage import open_storage
from tests.arena.rivals import rival
from web.behind import checking, scheduling

PATIENCE_SECONDS = 120.0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_check_that_is_killed_is_taken_up_again(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    with open_storage(settings) as storage:
        ensure_open(storage)
        row = receive(storage, local_miner(storage, "ann"), rival(1))

        def status() -> SubmissionStatus:
            found = storage.submission(row.id)
            assert found is not None
            return found.status

        first = BackgroundProcess(checker.__name__, settings)
        until(lambda: status() is SubmissionStatus.CHECKING)
        os.kill(first.pid, signal.SIGKILL)
        first.stop()
        assert status() is SubmissionStatus.CHECKING
        with storage.writing() as connection:  # as if the time had passed after which it is free
            connection.execute(update(uploads).values(claimed_until=datetime.now(UTC)))
        with checking(settings, accept_unsandboxed=False):
            until(lambda: status() is SubmissionStatus.ACCEPTED)
        assert storage.findings(row.id)
        assert storage.trial(row.id, 0)
        assert storage.place(row.id) is None


def test_the_scheduler_plans_the_closing_of_the_open_round(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    with open_storage(settings) as storage:
        opened = ensure_open(storage)

        def closes_at() -> datetime | None:
            found = storage.round(opened.number)
            assert found is not None
            return found.closes_at

        with scheduling(settings, timedelta(hours=3)):
            until(lambda: closes_at() is not None)
        planned = closes_at()
        assert planned is not None
        assert abs(planned - datetime.now(UTC) - timedelta(hours=3)) < timedelta(minutes=5)
        assert f"round {opened.number} closes at" in (tmp_path / "scheduler.log").read_text()
        assert storage.lease_holder(LEADING) is None, "it ended with the block"
