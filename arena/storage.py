"""The arena's storage: one class over one database.

Each part is a class of its own, about rounds, games, searches, miners and so on; the values they
take and give are in ``arena.records`` and beside them. Any number of processes may open one
database.
"""

from arena.settings import Settings
from arena.stored_analyses import StoredAnalyses
from arena.stored_games import StoredGames
from arena.stored_insights import StoredInsights
from arena.stored_interventions import StoredInterventions
from arena.stored_leases import StoredLeases
from arena.stored_miners import StoredMiners
from arena.stored_models import StoredModels
from arena.stored_people import StoredPeople
from arena.stored_progress import StoredProgress
from arena.stored_queue import StoredQueue
from arena.stored_search import StoredSearch
from arena.stored_tables import StoredTables


class Storage(
    StoredProgress,
    StoredInterventions,
    StoredGames,
    StoredSearch,
    StoredAnalyses,
    StoredInsights,
    StoredPeople,
    StoredMiners,
    StoredQueue,
    StoredModels,
    StoredLeases,
    StoredTables,
):
    """Everything the arena and the site keep, except model files (``arena.models``)."""


def open_storage(settings: Settings) -> Storage:
    """Open the database that the settings name, bringing it up to date.

    Raises:
        StorageError: it cannot be opened.
    """
    return Storage(settings.database_url)
