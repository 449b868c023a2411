"""The round that `tron up` plays behind the site on an empty home, in a process of its own.

Run as a module it plays that round for the home that the environment names, and ends when its
standard input does: so it never outlives the site, however that ends. A later start resumes it.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.rounds import play_first_round
from arena.settings import Settings, load_settings
from arena.storage import open_storage
from tron_env.errors import TronArenaError

NICENESS: Final = 10
"""Live games come first where both want a core."""
STOP_SECONDS: Final = 10.0
LOG_FILE: Final = "first-round.log"


class FirstRound:
    """The child process, seen from the site.

    Attributes:
        log: what the child wrote.
    """

    def __init__(self, settings: Settings) -> None:
        self.log: Path = settings.home / LOG_FILE
        environ = os.environ | {
            "TRON_HOME": str(settings.home),
            "TRON_DATABASE_URL": settings.database_url,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environ,
                start_new_session=True,  # Ctrl-C is for the site, which then ends its child
            )

    @property
    def running(self) -> bool:
        """Whether it is still playing."""
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


def main() -> int:
    """Play the round and return the exit status."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    os.nice(NICENESS)
    try:
        settings = load_settings()
        models = ModelStore(settings.models)
        with open_storage(settings) as storage:
            executor = LocalExecutor(models, settings.workers)
            play_first_round(storage, models, executor, settings.home)
    except TronArenaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _end_with_input() -> None:
    # Not through sys.stdin, whose lock a waiting thread would hold while the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
