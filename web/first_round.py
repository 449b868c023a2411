"""The round that `tron up` plays behind the site on an empty home, in a process of its own.

Run as a module it plays that round for the home that the environment names, and ends when its
standard input does: so it never outlives the site, however that ends. A later start resumes it.
"""

import sys

from arena.background import BackgroundProcess, end_with_input
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.rounds import play_first_round
from arena.settings import Settings, load_settings
from arena.storage import open_storage
from tron_env.errors import TronArenaError


class FirstRound(BackgroundProcess):
    """The child process, seen from the site."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(__name__, settings)


def main() -> int:
    """Play the round and return the exit status."""
    end_with_input()
    try:
        settings = load_settings()
        models = ModelStore(settings.models)
        with open_storage(settings) as storage:
            executor = LocalExecutor(models, settings.workers)
            play_first_round(storage, models, executor)
    except TronArenaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
