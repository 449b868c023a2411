"""Keeps what works behind the site running beside it: analyst, checker of submissions, scheduler.

Several web processes on one database each start all of them: of the analysts and of the schedulers
one works at a time, and any number of checkers share the queue.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Final

from arena import analyst, checker, scheduler
from arena.background import BackgroundProcess
from arena.settings import Settings

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 10.0
"""Between one that ended and the next: what breaks at once is not worth a busy loop."""

logger = logging.getLogger(__name__)


@contextmanager
def behind(settings: Settings, *, checks: bool, accept_unsandboxed: bool) -> Iterator[None]:
    """Have games analysed while the block runs, and where ``checks`` submissions checked."""
    with ExitStack() as running:
        running.enter_context(_kept(analyst.__name__, settings, "games are not analysed"))
        if checks:
            running.enter_context(checking(settings, accept_unsandboxed=accept_unsandboxed))
        yield


@contextmanager
def checking(settings: Settings, *, accept_unsandboxed: bool) -> Iterator[None]:
    """Check submissions while the block runs."""
    arguments = (checker.ACCEPT,) if accept_unsandboxed else ()
    with _kept(checker.__name__, settings, "submissions are not checked", *arguments):
        yield


@contextmanager
def scheduling(settings: Settings, every: timedelta | None) -> Iterator[None]:
    """Close and play a round so often while the block runs; never where ``every`` is None."""
    if every is None:
        yield
        return
    span = f"{every.total_seconds():.0f}s"
    with _kept(scheduler.__name__, settings, "no rounds are closed by the clock", span):
        yield


@contextmanager
def _kept(module: str, settings: Settings, without: str, *arguments: str) -> Iterator[None]:
    """Run a module behind the block; one that ends is replaced, and the log says what is lost."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            child = BackgroundProcess(module, settings, *arguments)
            while child.running and not stop.wait(LOOK_SECONDS):
                pass
            if not stop.is_set():
                logger.warning("%s for now: %s", without, child.failure)
                stop.wait(AGAIN_SECONDS)
            child.stop()

    thread = threading.Thread(target=watch, name=module)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
