"""Work behind the site, in a process of its own that never outlives the site.

A module that is run so calls ``end_with_input`` first: its standard input ends when the site does,
however that ends.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from arena.settings import Settings

NICENESS: Final = 19
"""Live games come first where both want a core."""
STOP_SECONDS: Final = 10.0


class BackgroundProcess:
    """A module running as a child process, for the home and database of some settings.

    Args:
        module: is run as ``python -m MODULE``.
        settings: what the child loads too.
        arguments: what it is told besides.

    Attributes:
        log: what the child wrote.
    """

    def __init__(self, module: str, settings: Settings, *arguments: str) -> None:
        self.log: Path = settings.home / f"{module.rpartition('.')[2].replace('_', '-')}.log"
        environ = os.environ | {
            "TRON_HOME": str(settings.home),
            "TRON_DATABASE_URL": settings.database_url,
        }
        # Several web processes of one home write to the same one.
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environ,
                # Ctrl-C is for the site, which then ends its child. A session of its own would do
                # as well, but Linux weighs sessions alike, however nice what runs in them is.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._process.poll() is None

    @property
    def failure(self) -> str | None:
        """The last thing it said, if it ended badly."""
        if self._process.poll() in (None, 0):
            return None
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with status {self._process.returncode}"

    def stop(self) -> None:
        """End it; what it has stored is kept."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def end_with_input(niceness: int = NICENESS) -> None:
    """Have this process end when its standard input does, and give way to others."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    os.nice(niceness)


def _end_with_input() -> None:
    # Not through sys.stdin, whose lock a waiting thread would hold while the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(1)
