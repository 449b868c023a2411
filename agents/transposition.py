"""The transposition table of the joint search: what is known of positions seen before.

A position is hashed by A. Zobrist's method (1970): one random number for each taken cell, each
head, and a first rider's move that the second has not answered yet; their exclusive or changes
with a few operations a half-ply. Entries are two int64: the hash, and everything else packed.
"""

from typing import Final

import numpy as np

from tron_env.compiling import part
from tron_env.types import Int64Array

TABLE_BITS: Final = 19
"""Of the default size: 8 MiB."""

EXACT, AT_LEAST, AT_MOST = 1, 2, 3
"""What an entry's value is of the position's value."""

MAX_AGE: Final = 2**21

TAKEN, HEAD_0, HEAD_1, PENDING = range(4)
ROW_KEYS = 64
"""Keys are int64 ``(4, 64, 64)``: by kind, row and column."""

# Packed from the lowest bit: action + 1, bound, depth, age, value.
_BOUND, _DEPTH, _AGE, _VALUE = 4, 8, 16, 38


def zobrist_keys() -> Int64Array:
    """Return int64 ``(4, 64, 64)``, always the same."""
    rng = np.random.default_rng(20101)
    keys: Int64Array = rng.integers(-(2**63), 2**63, (4, ROW_KEYS, ROW_KEYS), dtype=np.int64)
    return keys


def new_table(bits: int = TABLE_BITS) -> Int64Array:
    """Return an empty table of ``2 ** bits`` entries."""
    table: Int64Array = np.zeros((2**bits, 2), dtype=np.int64)
    return table


@part
def find(table: Int64Array, key: int, oldest: int) -> int:
    """Return the packed entry of a position, or 0 where there is none of that age or younger."""
    place = key & (table.shape[0] - 1)
    if table[place, 0] != key:
        return 0
    entry: int = table[place, 1]
    return entry if age_of(entry) >= oldest else 0


@part
def put(
    table: Int64Array, key: int, value: int, bound: int, depth: int, action: int, age: int
) -> None:
    """Keep an entry, unless a deeper one of the same age has its place.

    Args:
        table: int64 ``(2 ** bits, 2)``.
        key: hash of the position.
        value: below ``2 ** 25``, either sign.
        bound: ``EXACT``, ``AT_LEAST`` or ``AT_MOST``.
        depth: half-plies searched below, up to 255.
        action: the best one, or -1.
        age: number of the search, 1 to ``MAX_AGE``.
    """
    place = key & (table.shape[0] - 1)
    old = table[place, 1]
    if age_of(old) == age and table[place, 0] != key and depth_of(old) > depth:
        return
    table[place, 0] = key
    table[place, 1] = (
        (value << _VALUE) | (age << _AGE) | (depth << _DEPTH) | (bound << _BOUND) | (action + 1)
    )


@part
def value_of(entry: int) -> int:
    """Return the value of an entry."""
    return entry >> _VALUE


@part
def age_of(entry: int) -> int:
    """Return the age of an entry; 0 only of an empty one."""
    return (entry >> _AGE) & (2 * MAX_AGE - 1)


@part
def depth_of(entry: int) -> int:
    """Return how many half-plies below an entry were searched."""
    return (entry >> _DEPTH) & 255


@part
def bound_of(entry: int) -> int:
    """Return what an entry's value is."""
    return (entry >> _BOUND) & 15


@part
def action_of(entry: int) -> int:
    """Return the best action of an entry, or -1."""
    return (entry & 15) - 1
