"""Who wants a game, and the lines of those who wait for one: one line for each model."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from replays.format import TakeOver
from tron_env.types import Seat
from web.tickets import Opponent


@dataclass(frozen=True, slots=True)
class Taken:
    """Where to ride on from a replay: its start, what was played, and against whom.

    ``stands_in`` says that the opponent is not the rider of the replay, who cannot be played.
    """

    seed: int
    seat: Seat
    prefix: bytes
    takeover: TakeOver
    source_id: int
    opponent: Opponent
    stands_in: bool


@dataclass(frozen=True, slots=True)
class Start:
    """A game that somebody wants."""

    client: str
    opponent: Opponent
    speed: int
    taken: Taken | None = None


@dataclass(slots=True)
class _Line:
    waiting: deque[Start] = field(default_factory=deque)
    told: dict[str, int] = field(default_factory=dict)
    """The place that each client was last told."""


class WaitingLines:
    """The lines, by the key of the model; not thread-safe, but for ``len``."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def __len__(self) -> int:
        """Return how many wait."""
        return sum(len(line.waiting) for line in list(self._lines.values()))

    def __contains__(self, key: str) -> bool:
        """Whether there is a line for a model."""
        return key in self._lines

    @property
    def keys(self) -> list[str]:
        """The models that have one."""
        return list(self._lines)

    def count(self, of: Callable[[str], bool]) -> int:
        """Return how many of the clients that wait are such."""
        return sum(of(each.client) for line in self._lines.values() for each in line.waiting)

    def add(self, start: Start) -> None:
        """Have somebody wait behind all others."""
        self._lines.setdefault(start.opponent.sha256, _Line()).waiting.append(start)

    def put_back(self, start: Start) -> None:
        """Have somebody wait before all others."""
        self._lines.setdefault(start.opponent.sha256, _Line()).waiting.appendleft(start)

    def drop(self, client: str) -> None:
        """Have a client wait no longer, wherever it does."""
        for line in self._lines.values():
            if client in line.told or any(start.client == client for start in line.waiting):
                line.waiting = deque(each for each in line.waiting if each.client != client)
                line.told.pop(client, None)

    def next_in(self, key: str, fits: Callable[[Start], bool]) -> Start | None:
        """Take the first of a line out of it if it fits; a line that is empty is closed."""
        line = self._lines.get(key)
        if line is None:
            return None
        if not line.waiting:
            del self._lines[key]
            return None
        if not fits(line.waiting[0]):
            return None
        start = line.waiting.popleft()
        line.told.pop(start.client, None)
        return start

    def news(self, key: str) -> list[tuple[int, Start]]:
        """Return whose place in a line has changed, with the place, and take them for told."""
        line = self._lines.get(key)
        news = []
        for place, start in enumerate(line.waiting if line else (), 1):
            if line and line.told.get(start.client) != place:
                line.told[start.client] = place
                news.append((place, start))
        return news
