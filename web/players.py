"""The players' own ladder: ratings from first tries against models of known rating.

Only first tries count, one for each browser and model, so that nobody climbs by trying again; games
that stood still or were taken over are no first tries. A name belongs to the browser that uses it:
two browsers of one name are two players.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from arena.sprt import expected_score
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
    names: dict[str, str] = {}
    for each in tries:
        if each.model_sha256 in ratings:
            made[each.session].append((ratings[each.model_sha256], each.points))
            names[each.session] = each.player_name
    rated = [
        (rating_of(results), names[session], results)
        for session, results in made.items()
        if len(results) >= MIN_TRIES
    ]
    rated.sort(key=lambda row: (-row[0], row[1]))
    return tuple(
        Player(rank, name, round(rating), sum(points for _, points in results), len(results))
        for rank, (rating, name, results) in enumerate(rated, 1)
    )
