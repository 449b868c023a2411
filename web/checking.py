"""Keeps the process that checks submissions running beside the site."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from arena import checker
from arena.background import BackgroundProcess
from arena.settings import Settings

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 10.0
"""Between one that ended and the next: what breaks at once is not worth a busy loop."""

logger = logging.getLogger(__name__)


@contextmanager
def checking(settings: Settings, *, accept_unsandboxed: bool) -> Iterator[None]:
    """Check submissions while the block runs; a checker that ends is replaced."""
    arguments = (checker.ACCEPT,) if accept_unsandboxed else ()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            child = BackgroundProcess(checker.__name__, settings, *arguments)
            while child.running and not stop.wait(LOOK_SECONDS):
                pass
            if not stop.is_set():
                logger.warning("submissions are not checked for now: %s", child.failure)
                stop.wait(AGAIN_SECONDS)
            child.stop()

    thread = threading.Thread(target=watch, name="checking")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
