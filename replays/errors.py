"""The replays' branch of the error tree.

ReplayError
ReplayFormatError     bytes or fields that are no replay
ReplayDesyncError     a replay that the rules play differently
ReplayNotFoundError   nobody has the replay that was asked for
ReplayExportError     a replay cannot be written in the form that was asked for
"""

from tron_env.errors import TronArenaError


class ReplayError(TronArenaError):
    """Something is wrong with a recorded game."""


class ReplayFormatError(ReplayError, ValueError):
    """Bytes or fields that cannot be a replay; the message names the field."""


class ReplayNotFoundError(ReplayError, LookupError):
    """There is no replay of that name."""


class ReplayExportError(ReplayError, ValueError):
    """A replay cannot be written in this form, or not by this installation."""


class ReplayDesyncError(ReplayError):
    """The rules play a replay differently from what it records.

    Attributes:
        ply: the first wrong ply, 0 for the start.
        field: what differs there, such as ``outcome``.
    """

    def __init__(self, ply: int, field: str, recorded: str, replayed: str) -> None:
        super().__init__(ply, field, recorded, replayed)
        self.ply = ply
        self.field = field
        self.recorded = recorded
        self.replayed = replayed

    def __str__(self) -> str:
        return (
            f"ply {self.ply}: {self.field} is recorded as {self.recorded}, "
            f"but the rules give {self.replayed}"
        )
