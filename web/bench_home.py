"""What `tron bench live` serves, and its reader of pages.

A home holds a season of full rounds, or the round between the shipped models that `tron up` plays.
"""

import os
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from arena.bench_season import Season, populate
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.rounds import play_first_round
from arena.settings import load_settings
from arena.storage import open_storage

SEASON: Final = Season(rounds=5, submissions=2000, games=20_000, replays=25)
"""Of four hundred entrants a round, as many as a whole season has."""
PAGES_OF_A_SEASON: Final = (
    *("/rounds/5", "/rounds/5/cross?first=200", "/replays?kind=human&tag=cut-off&min_plies=100"),
    *("/replays/1", "/rounds", "/"),
)
"""The heaviest: its last round, part of the cross table, a search through all games, a viewer."""
PAGES_OF_A_ROUND: Final = ("/rounds/1", "/replays/1", "/replays", "/rounds", "/")
READ_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 10.0


def with_season(home: Path) -> None:
    """Fill an empty home with ``SEASON``."""
    with open_storage(load_settings({"TRON_HOME": str(home)})) as storage:
        populate(storage, SEASON)


def with_shipped_round(home: Path) -> dict[str, str]:
    """Play the round of the shipped models in an empty home.

    Returns:
        Name of whom it crowns, each once, by what names the crown in a `join`.
    """
    settings = load_settings({"TRON_HOME": str(home)})
    models = ModelStore(settings.models)
    with open_storage(settings) as storage:
        play_first_round(storage, models, LocalExecutor(models, settings.workers))
        champion, light = storage.champion(), storage.light_champion()
    crowned = {"light": light, "champion": champion}
    by_model = {row.sha256: (spec, row.name) for spec, row in crowned.items() if row is not None}
    return dict(by_model.values())


class PageReader:
    """Asks for pages, one a second.

    Args:
        url: of the site.
        pages: asked for in turn.
        cores: that it is kept on, joined by commas; "" for any.

    Attributes:
        failed: how many did not come, or not as they should.
    """

    def __init__(self, url: str, pages: Sequence[str], cores: str) -> None:
        self.failed = 0
        self._url = url
        self._pages = pages
        self._cores = cores
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        if self._cores:
            # Whoever reads pages is a client as well; this is the thread's own affinity.
            os.sched_setaffinity(0, {int(core) for core in self._cores.split(",")})
        count = 0
        while not self._stop.wait(READ_SECONDS):
            address = self._url + self._pages[count % len(self._pages)]
            try:
                with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as page:
                    page.read()
            except OSError:  # HTTP's errors are such, too
                self.failed += 1
            count += 1
