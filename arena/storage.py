"""The arena's storage: one class over one database.

The parts are ``StoredRounds``, ``StoredProgress``, ``StoredGames``, ``StoredMiners``,
``StoredSubmissions``, ``StoredQueue``, ``StoredCosts`` and ``StoredTables``; the values they take
and give are in ``arena.records`` and beside them. Any number of processes may open one database.
"""

from arena.settings import Settings
from arena.stored_costs import StoredCosts
from arena.stored_games import StoredGames
from arena.stored_miners import StoredMiners
from arena.stored_progress import StoredProgress
from arena.stored_queue import StoredQueue
from arena.stored_tables import StoredTables


class Storage(StoredProgress, StoredGames, StoredMiners, StoredQueue, StoredCosts, StoredTables):
    """Everything the arena and the site keep, except model files (``arena.models``)."""


def open_storage(settings: Settings) -> Storage:
    """Open the database that the settings name, bringing it up to date.

    Raises:
        StorageError: it cannot be opened.
    """
    return Storage(settings.database_url)
