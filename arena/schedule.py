"""Round-robin schedules: every pair once, in blocks that follow from the field's size alone."""

import hashlib
import struct
from dataclasses import dataclass
from itertools import count
from typing import Final

from tron_env.types import Seat

GROUP: Final = 8
GROUPS: Final = 4
"""A field is cut into at least this many groups where it is large enough."""
MAX_GROUP: Final = 16
MANY_GROUPS: Final = 16
"""Groups grow beyond ``GROUP`` only as long as there are so many: 136 blocks keep cores busy."""


@dataclass(frozen=True, slots=True)
class ScheduledDuel:
    """One pair, by the entrants' numbers in the frozen field; ``first`` < ``second``."""

    number: int
    block: int
    first: int
    second: int


def round_robin(entrants: int) -> tuple[ScheduledDuel, ...]:
    """Return every pair of ``entrants`` once, numbered block by block.

    The field is cut into groups of neighbours. A block holds all pairs between two groups, or
    within one, so that each of its models is called once a ply with many positions, and the work
    waiting to be stored stays small however large the field is.

    >>> [(duel.first, duel.second) for duel in round_robin(3)]
    [(0, 1), (0, 2), (1, 2)]
    """
    size = group_size(entrants)
    groups = [range(low, min(low + size, entrants)) for low in range(0, entrants, size)]
    blocks = [
        [(i, j) for i in one for j in other if i < j]
        for place, one in enumerate(groups)
        for other in groups[place:]
    ]
    numbers = count()
    return tuple(
        ScheduledDuel(next(numbers), block, i, j)
        for block, pairs in enumerate(filter(None, blocks))
        for i, j in pairs
    )


def group_size(entrants: int) -> int:
    """Return how many neighbours of a field meet others together.

    The larger it is, the more positions has a call, and the less often is a model loaded.

    >>> [group_size(entrants) for entrants in (5, 16, 32, 100, 200, 400)]
    [2, 4, 8, 8, 12, 16]
    """
    small = min(GROUP, max(2, -(-entrants // GROUPS)))
    return max(small, min(MAX_GROUP, entrants // MANY_GROUPS))


def first_seat(game_number: int) -> Seat:
    """Return where a duel's first entrant sits in its game of this number."""
    return Seat(game_number % 2)


def game_seeds(round_seed: str, duel_number: int, starts: int) -> tuple[int, ...]:
    """Return the starts of a duel's games, by game number: games 2k and 2k + 1 share start k.

    A start's seed is the first 8 bytes, little-endian, of the SHA-256 of the round's seed, the
    duel's number and the start's number (both 32 bits, little-endian).

    Args:
        round_seed: hexadecimal.
        duel_number: the duel's place in the schedule.
        starts: at least 1.
    """
    seeds: list[int] = []
    for start in range(starts):
        text = bytes.fromhex(round_seed) + struct.pack("<II", duel_number, start)
        seeds += struct.unpack_from("<Q", hashlib.sha256(text).digest()) * 2
    return tuple(seeds)
