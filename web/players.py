"""The players' own ladder: ratings from first tries against models of known rating.

Only first tries count, one for each browser and model, so that nobody climbs by trying again. Nor
does anybody climb by leaving or by breaking the line off where it goes badly: what is left is lost,
and a game that waited for its player counts where it was lost (``arena.stored_people``). A name
belongs to the browser that uses it: two browsers of one name are two players.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from arena.sprt import expected_score
from arena.storage import Storage
from arena.stored_people import FirstTry

MIN_TRIES: Final = 3
"""A player with fewer first tries against rated models is not on the ladder yet."""
_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Player:
    """One line of the ladder."""

    rank: int
    name: str
    rating: int
    points: float
    tries: int
    left: int
    """How many of these were left, and so lost."""


def rating_of(results: Iterable[tuple[float, float]]) -> float:
    """Return the rating at which a player would expect the points that were made.

    A half point against a model of the mean rating is added twice, once won and once lost, which
    keeps those who won or lost everything finite.

    Args:
        results: each opponent's rating on the Elo scale, and the points made, 0 to 1; at least one.

    >>> round(rating_of([(1500.0, 1.0), (1500.0, 0.0)]))
    1500
    """
    games = list(results)
    mean = sum(rating for rating, _ in games) / len(games)
    games += [(mean, 1.0), (mean, 0.0)]
    points = sum(made for _, made in games)
    low, high = mean - 2000.0, mean + 2000.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        expected = sum(expected_score(middle - rating) for rating, _ in games)
        low, high = (middle, high) if expected < points else (low, middle)
    return (low + high) / 2


def ladder(tries: Iterable[FirstTry], ratings: Mapping[str, float]) -> tuple[Player, ...]:
    """Return the players' ladder, the best first.

    Args:
        tries: first tries, oldest first; a player is called as in the latest.
        ratings: of models, by hash; tries against others do not count.
    """
    made: dict[str, list[tuple[float, float]]] = defaultdict(list)
    left: Counter[str] = Counter()
    names: dict[str, str] = {}
    for each in tries:
        if each.model_sha256 not in ratings:
            continue
        names[each.session] = each.player_name
        left[each.session] += each.left
        made[each.session].append((ratings[each.model_sha256], each.points))
    rated = [
        (_rated(tuple(results)), names[session], session)
        for session, results in made.items()
        if len(results) >= MIN_TRIES
    ]
    rated.sort(key=lambda row: (-row[0], row[1]))
    return tuple(
        Player(
            rank=rank,
            name=name,
            rating=round(rating),
            points=sum(points for _, points in made[session]),
            tries=len(made[session]),
            left=left[session],
        )
        for rank, (rating, name, session) in enumerate(rated, 1)
    )


@lru_cache(maxsize=1 << 15)
def _rated(results: tuple[tuple[float, float], ...]) -> float:
    """Rate a player, once for the same results: a new game changes one player's."""
    return rating_of(results)


class Ladder:
    """The ladder of one database, rated anew whenever that may have changed it.

    Args:
        storage: where first tries and the models' ratings are.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._stands_at: object = None
        self._players: tuple[Player, ...] = ()

    def players(self) -> tuple[Player, ...]:
        """Return the ladder as it is now."""
        with self._lock:
            # Ratings of models come from rounds.
            now = self._storage.newest_named_game(), self._storage.rounds_stand_at()
            if now != self._stands_at:
                tries = self._storage.first_tries()
                models = {each.model_sha256 for each in tries}
                self._players = ladder(tries, self._storage.latest_ratings(models))
                self._stands_at = now
            return self._players
