"""What a round says beyond its table: how sure the order is, and who beats whom in a circle."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, TypeAlias

import numpy as np

from arena.pairs import Pairs, superiority
from arena.records import RoundResult
from arena.schedule import first_seat
from arena.tally import tally_of, total

MAX_CYCLES: Final = 5

Meetings: TypeAlias = Mapping[tuple[int, int], Pairs]
"""What the first entry scored against the second, both ways round."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Three entries, each of which beat the next, the last of which beat the first."""

    entries: tuple[int, int, int]
    """Entry IDs."""
    margin: float
    """Points a game above 1/2 in the closest of the three duels."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How sure a round's order is, and its clearest circles."""

    better_than_next: tuple[float | None, ...]
    """In the order asked about: the likelihood of being better than the next; None for the last."""
    cycles: tuple[Cycle, ...]


def compare(order: Sequence[int], results: Sequence[RoundResult]) -> Comparison:
    """Return what a round's games say about the order of its entries.

    Args:
        order: entry IDs, best first.
        results: all games, in the order of the schedule.
    """
    met = meetings(results)
    return Comparison(
        order_certainty(order, met),
        cycles(order, {pair: pairs.score for pair, pairs in met.items()}),
    )


def meetings(results: Sequence[RoundResult]) -> Meetings:
    """Return the starts of every pair that met.

    Starts in which both sides forfeited a game say nothing about strength and are left out.

    Args:
        results: all games, in the order of the schedule.
    """
    found: dict[tuple[int, int], Pairs] = defaultdict(Pairs)
    for _, games in groupby(results, key=lambda result: (result.duel, result.number // 2)):
        both = list(games)
        tally = total(tally_of(game.outcome, game.ending, first_seat(game.number)) for game in both)
        start = Pairs.of_tally(tally)
        if not start.starts:
            continue
        first, second = both[0].entries
        found[first, second] += start
        found[second, first] += start.flip()
    return dict(found)


def order_certainty(order: Sequence[int], met: Meetings) -> tuple[float | None, ...]:
    """Return, for each entry of ``order``, the likelihood that it is better than the next one.

    Args:
        order: entry IDs, best first.
        met: who scored what against whom.
    """
    others: dict[int, dict[int, Pairs]] = defaultdict(dict)
    for (one, other), pairs in met.items():
        others[one][other] = pairs

    def against_all_but(entry: int, left_out: int) -> Pairs:
        return sum((p for other, p in others[entry].items() if other != left_out), Pairs())

    found: list[float | None] = [
        superiority(
            against_all_but(one, following),
            against_all_but(following, one),
            met.get((one, following), Pairs()),
        )
        for one, following in pairwise(order)
    ]
    return (*found, None) if order else ()


def cycles(
    order: Sequence[int], scores: Mapping[tuple[int, int], float], limit: int = MAX_CYCLES
) -> tuple[Cycle, ...]:
    """Return circles of three, the clearest first.

    Args:
        order: entry IDs, best first; a circle begins with its best.
        scores: points a game of the first against the second, for every pair of these that met.
        limit: at most this many.
    """
    place = {entry: index for index, entry in enumerate(order)}
    margins = np.zeros((len(order), len(order)))
    for (one, other), score in scores.items():
        margins[place[one], place[other]] = score - 0.5
    found: list[Cycle] = []
    for best in range(len(order)):
        # Over [second, third], both after the first: how clearly is the circle closed?
        closest = np.minimum(np.minimum(margins[best, :, None], margins[None, :, best]), margins)
        closest[: best + 1] = closest[:, : best + 1] = 0.0
        found += [
            Cycle((order[best], order[second], order[third]), float(closest[second, third]))
            for second, third in np.argwhere(closest > 0.0).tolist()
        ]
        found.sort(key=lambda cycle: (-cycle.margin, [place[entry] for entry in cycle.entries]))
        del found[limit:]
    return tuple(found)
