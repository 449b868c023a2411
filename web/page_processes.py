"""The processes that answer pages, so that rendering takes nothing from live play but its core.

Each is the site without its clock (``web.page_process``), spawned, not forked, as the process of
live play has threads. The first is the desk as well (``web.routing``). One that ends is replaced,
and meanwhile the others answer; where there is no other, live play's process does.
"""

import logging
import pickle
import select
import subprocess
import sys
import threading
import time
from typing import IO, Final

from web.config import WebConfig
from web.doors import Door
from web.routing import Side

logger = logging.getLogger(__name__)

MODULE: Final = "web.page_process"
AGAIN_SECONDS: Final = 10.0
"""One that ends sooner is not replaced at once: what breaks at once is not worth a busy loop."""
STOP_SECONDS: Final = 15.0
SILENT_SECONDS: Final = 30.0
"""One that says for so long not once that it is well has hung, and is replaced."""
LOOKS: Final = 6
MOST_BEATS: Final = 64


class _Child:
    """A page process."""

    def __init__(self, config: WebConfig, sides: list[Side], doors: dict[Side, Door]) -> None:
        files = {side: door.files for side, door in doors.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[number for pair in files.values() for number in pair],
            # Ctrl-C is for the site, which then ends its children. A session of its own would do
            # as well, but Linux weighs sessions alike, however nice what runs in them is.
            process_group=0,
        )
        self._heard = select.poll()
        self._heard.register(_pipe(self._process.stdout), select.POLLIN)
        self._say(pickle.dumps((config, sides, files)))

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._process.pid

    def begin(self) -> None:
        """Have it serve."""
        self._say(b"!")

    def serves(self) -> bool:
        """Wait until it says that it serves; False once it has ended."""
        return bool(_pipe(self._process.stdout).read(MOST_BEATS))

    def hangs(self) -> bool:
        """Wait while it serves; return False once it ends, True where it has fallen silent."""
        silent = 0
        # Several looks, as this process may have been the one that stood still for a while.
        while silent < LOOKS:
            if not self._heard.poll(SILENT_SECONDS / LOOKS * 1000):
                silent += 1
            elif self.serves():
                silent = 0
            else:
                return False
        return True

    def wait(self) -> int:
        """Return its status once it has ended."""
        status = self._process.wait()
        self.end()
        _pipe(self._process.stdout).close()
        return status

    def end(self) -> None:
        """Have it finish what it is answering, and end."""
        _pipe(self._process.stdin).close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def _say(self, data: bytes) -> None:
        try:
            _pipe(self._process.stdin).write(data)
        except BrokenPipeError:
            logger.debug("page process %d has ended already", self.pid)


class PageProcesses:
    """The page processes of one site; none where its settings say so.

    Args:
        config: the site's.

    Attributes:
        doors: through which connections get to them and back; empty where there are none.
    """

    def __init__(self, config: WebConfig) -> None:
        count = config.page_processes
        self.doors = {side: Door.new() for side in Side} if count else {}
        self._config = config
        self._children: list[_Child | None] = [None] * count
        self._ready = [False] * count
        self._lock = threading.Lock()
        self._begun = threading.Event()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(place,), name=f"pages-{place}", daemon=True)
            for place in range(count)
        ]

    @property
    def ready(self) -> int:
        """How many serve."""
        return sum(self._ready)

    def start(self) -> None:
        """Start them; they load, and serve after ``begin``."""
        for thread in self._threads:
            thread.start()

    def begin(self) -> None:
        """Have them serve: what they compile has been compiled by now, and is only loaded."""
        self._begun.set()

    def close(self) -> None:
        """End them, once each has finished what it is answering."""
        with self._lock:
            self._closing.set()
            children = [child for child in self._children if child is not None]
        self._begun.set()
        for child in children:
            child.end()
        deadline = time.monotonic() + STOP_SECONDS
        started = [thread for thread in self._threads if thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        for child in children:
            child.kill()
        for thread in started:
            thread.join()
        for door in self.doors.values():
            door.close()

    def _keep(self, place: int) -> None:
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._run(place)
            except OSError as error:
                logger.warning("no page process can be started: %s", error)
            if time.monotonic() - began < AGAIN_SECONDS:
                self._closing.wait(AGAIN_SECONDS)

    def _run(self, place: int) -> None:
        """Have a process serve until it ends.

        Raises:
            OSError: there is no memory for it, or no room for its files.
        """
        sides = [Side.DESK, Side.PAGES] if place == 0 else [Side.PAGES]
        with self._lock:
            if self._closing.is_set():
                return
            child = self._children[place] = _Child(self._config, sides, self.doors)
        self._begun.wait()
        with self._lock:
            if not self._closing.is_set():
                child.begin()
        self._ready[place] = child.serves()
        if self._ready[place] and child.hangs():
            logger.error("page process %d has hung for %.0f s", child.pid, SILENT_SECONDS)
            child.kill()
        self._ready[place] = False
        status = child.wait()
        if not self._closing.is_set():
            logger.warning(
                "page process %d ended with status %d: another starts", child.pid, status
            )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
