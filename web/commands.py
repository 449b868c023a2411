"""What the referee is told to do, and through what it speaks to clients."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from web.inference import Reply
from web.live_types import FinishedGame, Ticks
from web.messages import GamePayload, Message
from web.tickets import Ticket


class Outlet(Protocol):
    """Sends messages to clients; must not block."""

    def __call__(self, client: str, event: str, payload: object) -> None:
        """Send ``event`` to one client; any thread may."""

    def spread(self, clients: Iterable[str], event: str, payload: object) -> None:
        """Send ``event`` to several clients, from the clock's thread."""

    def ticks(
        self, sockets: NDArray[np.int32], ticks: Ticks, client_of: Callable[[int], str]
    ) -> None:
        """Send each client the tick of its row, from the clock's thread.

        Args:
            sockets: ``(k,)``, what ``socket_of`` says of each.
            ticks: ``(k, 8)``.
            client_of: tells whose a row is.
        """

    def socket_of(self, client: str) -> int:
        """Return the number of the socket that ticks may be written to, else -1."""


class Keeper(Protocol):
    """Keeps what becomes of games, and tells of it; must not block."""

    def opened(self, ticket: Ticket) -> None:
        """Take note of a game that was opened."""

    def finish(self, ticket: Ticket, record: FinishedGame, watchers: tuple[str, ...]) -> None:
        """Take a game that ended and the clients that watched it."""

    def resume(self, ticket: Ticket, record: FinishedGame, countdown_ms: int) -> None:
        """Take a game that goes on in so many ms, as it stands."""

    def tell_again(self, client: str, game: int, key: str) -> bool:
        """Tell a client how a game ended that it comes back to; False where none is just over."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open a game; the client's running one, if any, is left. The countdown is filled in."""

    ticket: Ticket
    payload: GamePayload


@dataclass(frozen=True, slots=True)
class Said:
    """A client says something about a game."""

    client: str
    message: Message


@dataclass(frozen=True, slots=True)
class Gone:
    """A client's connection ended; its game, if it has begun, waits for it, once."""

    client: str


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A client that was left out of ticks can take them again; it needs to be shown the board."""

    client: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Abandon everything and end the thread."""


Command: TypeAlias = Open | Said | Gone | CaughtUp | Stop | Reply
