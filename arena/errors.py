"""The arena's branch of the error tree: faults of ours, which are retried and never scored.

ArenaFault
SandboxLostError    the sandbox broke, through no doing of the model in it
ClusterError        no cluster answers where one was named
StorageError        the database or the model store cannot do what was asked
  DatabaseAwayError   the database does not answer; what was asked may be asked again

SearchError         a search that means nothing; nobody's fault but who asked
"""

from tron_env.errors import TronArenaError


class ArenaFault(TronArenaError):  # noqa: N818  (named against AgentError: not an error of theirs)
    """A fault of ours. An entrant's faults are ``agents.errors.AgentError``."""


class SandboxLostError(ArenaFault):
    """A sandbox process could not be started, or was lost from outside."""


class ClusterError(ArenaFault):
    """There is no cluster to play on at the given address."""


class StorageError(ArenaFault):
    """Stored records are missing, damaged or of another version."""


class DatabaseAwayError(StorageError):
    """The database does not answer, is busy or has no room; nothing is wrong with its records."""


class SearchError(TronArenaError, ValueError):
    """A search for games contradicts itself, or names a page that there is not."""
