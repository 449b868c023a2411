"""Who watches which live game."""

from collections.abc import Collection
from typing import Final

from web.errors import Refusal, RefusedError

MAX_WATCHERS: Final = 64
"""Of one game: each costs as much as a player."""


class Audience:
    """Clients that watch, each one game at most."""

    def __init__(self) -> None:
        self._watchers: dict[int, dict[str, None]] = {}
        self._watching: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many watch."""
        return len(self._watching)

    def enter(self, client: str, game: int) -> None:
        """Have a client watch a game, and no other.

        Raises:
            RefusedError: FULL, many watch it already.
        """
        if len(self.of(game)) >= MAX_WATCHERS:
            raise RefusedError(Refusal.FULL, "watched_by_many")
        self.leave(client)
        self._watchers.setdefault(game, {})[client] = None
        self._watching[client] = game

    def leave(self, client: str) -> None:
        """Have a client watch nothing."""
        game = self._watching.pop(client, None)
        if game is None:
            return
        watchers = self._watchers[game]
        del watchers[client]
        if not watchers:
            del self._watchers[game]

    def of(self, game: int) -> Collection[str]:
        """Return who watches a game."""
        return self._watchers.get(game, {})

    def watched_by(self, client: str) -> int | None:
        """Return what a client watches."""
        return self._watching.get(client)

    def dismiss(self, game: int) -> None:
        """Have nobody watch a game any more."""
        for client in self._watchers.pop(game, ()):
            del self._watching[client]
