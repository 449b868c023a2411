"""The entrant's branch of the error tree: what goes wrong here is scored against the entrant.

AgentError
InvalidModelError       the file cannot be a policy (not ONNX, wrong shapes, ...)
InvalidLogitsError      NaN or +inf among accepted actions
InferenceTimeoutError   a call overran its limit
MemoryLimitError        more memory asked for than allowed
ModelCrashedError       the process running the model died

ZooError stands beside that branch: a shipped model that is missing or broken is no entrant's fault;
so does SearchDescriptionError: a search that cannot be compiled has not been entered yet; and
PlayedFileError: a file of games that is none.
"""

from tron_env.errors import TronArenaError


class AgentError(TronArenaError):
    """An entrant's fault. Faults of ours are ``ArenaFault`` and never scored."""


class InvalidModelError(AgentError, ValueError):
    """The file cannot be a policy under the contract; the message says why."""


class InvalidLogitsError(AgentError, ValueError):
    """A policy gave NaN or +inf for an accepted action.

    Attributes:
        rows: indices of the faulty rows of the batch.
    """

    def __init__(self, rows: tuple[int, ...]) -> None:
        super().__init__(rows)
        self.rows = rows

    def __str__(self) -> str:
        listed = ", ".join(map(str, self.rows[:8])) + (", ..." if len(self.rows) > 8 else "")
        return f"NaN or +inf among the accepted actions of row {listed}"


class InferenceTimeoutError(AgentError, TimeoutError):
    """A model's call overran its limit."""


class MemoryLimitError(AgentError, MemoryError):
    """A model asked for more memory than it is allowed."""


class ModelCrashedError(AgentError):
    """The process that runs a model died during a call."""


class ZooError(TronArenaError, LookupError):
    """No shipped model has the name, or its card cannot be read."""


class PlayedFileError(TronArenaError, ValueError):
    """A line of a file of games cannot be read; the message names it."""


class SearchDescriptionError(TronArenaError, ValueError):
    """A search is described with a value out of range; the message names it."""
