"""The process that checks submissions beside the site; any number may work on one database.

Run as a module it works for the home that the environment names, and ends when its standard input
does. One that is killed leaves its submission to whoever asks next, once its claim has run out.
"""

import logging
import secrets
import sys
import threading
from typing import Final

from arena.admission import check_next, shipped_graphs
from arena.background import end_with_input
from arena.confinement import available_layers, lacking_for_strangers
from arena.errors import ArenaFault
from arena.models import ModelStore
from arena.settings import Settings, load_settings
from arena.storage import open_storage
from tron_env.errors import TronArenaError
from tron_env.warming import compile_kernels

IDLE_SECONDS: Final = 0.5
FAULT_SECONDS: Final = (5.0, 300.0)
"""The wait after a fault of ours, and the longest, as it doubles from fault to fault."""
ACCEPT: Final = "--i-accept-unsandboxed"

logger = logging.getLogger(__name__)


def work(settings: Settings, stop: threading.Event) -> None:
    """Check submissions as they come, until ``stop`` is set.

    Raises:
        StorageError: the database cannot be opened.
    """
    models = ModelStore(settings.models)
    checker = secrets.token_hex(8)
    with open_storage(settings) as storage:
        compile_kernels()
        shipped_graphs()
        pause, longest = FAULT_SECONDS
        while not stop.is_set():
            try:
                done = check_next(storage, models, checker)
            except ArenaFault as fault:
                logger.warning("a check failed: %s", fault)
                stop.wait(pause)
                pause = min(2 * pause, longest)
            else:
                pause = FAULT_SECONDS[0]
                if done is None:
                    stop.wait(IDLE_SECONDS)


def main() -> int:
    """Work and return the exit status."""
    end_with_input()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    lacking = lacking_for_strangers(available_layers())
    if lacking and ACCEPT not in sys.argv[1:]:
        sys.stderr.write(f"submissions are not checked: this machine lacks {lacking}\n")
        return 1
    try:
        work(load_settings(), threading.Event())
    except TronArenaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
