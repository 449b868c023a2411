"""Swiss pairings: in every stage each entrant meets one that stands near it and is new to it.

For fields too large for every pair to meet. Pairings follow from the field, the seed and the
results of the stages before alone. From the top of the table so far, each entrant is paired with
the next one below that it has not met; those left over at the end have all met each other, and are
let in by taking another pair apart. That always works out while nobody has met more than about
half of the field (the argument is Ore's, "Note on Hamilton circuits", 1960: of two left over, each
has enough possible opponents that some pair holds one for each), so ``MOST`` bounds the stages.
"""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from arena.records import DuelRow
from arena.schedule import ScheduledDuel

EXTRA_STAGES: Final = 2
"""Beyond the number that tells one best entrant from all others."""
PAIRS_A_BLOCK: Final = 16


@dataclass(frozen=True, slots=True)
class Score:
    """What an entrant has scored over the stages so far."""

    points: float
    games: int

    @property
    def mean(self) -> float:
        """Points a game; of nothing played, half of them."""
        return self.points / self.games if self.games else 0.5


def most_stages(entrants: int) -> int:
    """Return how many stages a field can play without anybody meeting another twice.

    >>> [most_stages(n) for n in (2, 3, 4, 8, 9)]
    [1, 1, 2, 4, 4]
    """
    return max(1, entrants // 2)


def usual_stages(entrants: int) -> int:
    """Return how many stages suit a field: enough to tell the best from all others, and two more.

    >>> [usual_stages(n) for n in (4, 16, 400)]
    [2, 6, 11]
    """
    needed = math.ceil(math.log2(max(entrants, 2)))
    return min(needed + EXTRA_STAGES, most_stages(entrants))


def duels_of(entrants: int, stages: int) -> int:
    """Return how many duels are played in all; in an odd field one entrant rests each stage."""
    return entrants // 2 * stages


def pair_stage(
    stage: int,
    scores: Sequence[Score],
    met: Collection[tuple[int, int]],
    round_seed: str,
) -> tuple[ScheduledDuel, ...]:
    """Return the duels of the next stage.

    Args:
        stage: from 0.
        scores: of every entrant, by its number in the field.
        met: pairs that have met, the lower number first.
        round_seed: hexadecimal; orders entrants of equal scores.
    """
    entrants = len(scores)
    table = sorted(range(entrants), key=lambda one: (-scores[one].mean, _lot(round_seed, one)))
    seen: list[set[int]] = [set() for _ in scores]
    for one, other in met:
        seen[one].add(other)
        seen[other].add(one)
    if entrants % 2:
        table.remove(_resting(table, scores))
    pairs = _matched(table, seen)
    ordered = sorted((min(pair), max(pair)) for pair in pairs)
    numbers = count(stage * (entrants // 2))
    blocks = -(-(entrants // 2) // PAIRS_A_BLOCK)
    return tuple(
        ScheduledDuel(next(numbers), stage * blocks + place // PAIRS_A_BLOCK, one, other)
        for place, (one, other) in enumerate(ordered)
    )


def pairings(
    duels: Sequence[DuelRow], numbers: Mapping[int, int], stage: int, round_seed: str
) -> tuple[ScheduledDuel, ...]:
    """Return the pairings of a stage as they follow from what is stored of those before.

    Args:
        duels: of the round; those of this stage and later ones are not looked at.
        numbers: the entrants' numbers in the field, by entry ID.
        stage: from 0.
        round_seed: hexadecimal.
    """
    scores = [Score(0.0, 0)] * len(numbers)
    met = set()
    for duel in duels:
        if duel.stage >= stage:
            continue
        pair = [numbers[entry] for entry in duel.entries]
        met.add((min(pair), max(pair)))
        for one, points in zip(pair, duel.points, strict=True):
            scores[one] = Score(scores[one].points + points, scores[one].games + duel.games)
    return pair_stage(stage, scores, met, round_seed)


def _resting(table: Sequence[int], scores: Sequence[Score]) -> int:
    """Return who rests in an odd field: of those who played the most, the last of the table."""
    most = max(score.games for score in scores)
    return next(one for one in reversed(table) if scores[one].games == most)


def _matched(table: Sequence[int], seen: Sequence[set[int]]) -> list[tuple[int, int]]:
    waiting = list(table)
    pairs: list[tuple[int, int]] = []
    left: list[int] = []
    while waiting:
        one = waiting.pop(0)
        other = next((candidate for candidate in waiting if candidate not in seen[one]), None)
        if other is None:
            left.append(one)
        else:
            waiting.remove(other)
            pairs.append((one, other))
    for one, other in zip(left[::2], left[1::2], strict=True):
        _let_in(one, other, pairs, seen)
    return pairs


def _let_in(one: int, other: int, pairs: list[tuple[int, int]], seen: Sequence[set[int]]) -> None:
    """Pair two who have met by taking apart the lowest pair that allows it."""
    for place in reversed(range(len(pairs))):
        for first, second in (pairs[place], pairs[place][::-1]):
            if first not in seen[one] and second not in seen[other]:
                pairs[place] = (one, first)
                pairs.append((other, second))
                return
    raise ValueError("too many stages: two entrants can meet nobody new")


def _lot(round_seed: str, one: int) -> bytes:
    return hashlib.sha256(bytes.fromhex(round_seed) + one.to_bytes(4, "little")).digest()
