"""Spawn layouts: a start is a pure function of its ruleset and its 64-bit seed.

Randomness is SplitMix64 used as a counter (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
number generators"), so that a seed names the same start on every machine and library version.
"""

from typing import Final

import numpy as np

from tron_env.compiling import njit
from tron_env.errors import RulesetError
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.types import Action, Spawn

MIN_SPAWN_DISTANCE: Final = 6
"""Manhattan distance in cells between the two riders of a mirrored start."""

GOLDEN_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
MIX_2: Final = np.uint64(0x94D049BB133111EB)


@njit()
def random_u64(seed: np.uint64, counter: np.uint64) -> np.uint64:
    """Return draw number ``counter`` of the stream named by ``seed``, both uint64."""
    z = seed + (counter + np.uint64(1)) * GOLDEN_GAMMA
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    return z ^ (z >> np.uint64(31))


@njit()
def random_below(seed: np.uint64, counter: np.uint64, bound: int) -> int:
    """Return a draw from 0 to ``bound`` - 1; ``bound`` below 2**31 (bias under 2**-32)."""
    high = random_u64(seed, counter) >> np.uint64(32)
    # Not int(): Numba keeps that unsigned, and unsigned with signed makes float64.
    return np.int64((high * np.uint64(bound)) >> np.uint64(32))  # type: ignore[return-value]


@njit()
def mirrored_spawns(
    height: int, width: int, seed: np.uint64
) -> tuple[int, int, int, int, int, int]:
    """Draw a mirrored start: row, col and heading of seat 0, then of seat 1."""
    counter = np.uint64(0)
    while True:
        row = 1 + random_below(seed, counter, height - 2)
        col = 1 + random_below(seed, counter + np.uint64(1), width - 2)
        heading = random_below(seed, counter + np.uint64(2), 4)
        counter += np.uint64(3)
        far_row = row + 2 * ROW_STEP[heading]
        far_col = col + 2 * COL_STEP[heading]
        if far_row < 1 or far_row > height - 2 or far_col < 1 or far_col > width - 2:
            continue
        distance = abs(height - 1 - 2 * row) + abs(width - 1 - 2 * col)
        if distance < MIN_SPAWN_DISTANCE:
            continue
        return row, col, heading, height - 1 - row, width - 1 - col, heading ^ 2


@njit()
def corner_spawns(height: int, width: int) -> tuple[int, int, int, int, int, int]:
    """Return the fixed start of the ``corners`` layout, as ``mirrored_spawns`` does."""
    return 1, 1, 2, height - 2, width - 2, 0


def spawns_for(ruleset: Ruleset, seed: int) -> tuple[Spawn, Spawn]:
    """Return the start that ``seed`` (0 to 2**64 - 1) names; ``corners`` ignores it.

    Raises:
        RulesetError: the seed is out of range.
    """
    if not 0 <= seed < 2**64:
        raise RulesetError(f"seed is {seed}; allowed are 0 to 2**64 - 1")
    height, width = ruleset.height, ruleset.width
    row_0, col_0, heading_0, row_1, col_1, heading_1 = (
        corner_spawns(height, width)
        if ruleset.spawn is SpawnLayout.CORNERS
        else mirrored_spawns(height, width, np.uint64(seed))
    )
    first = Spawn(int(row_0), int(col_0), Action(heading_0))
    return first, Spawn(int(row_1), int(col_1), Action(heading_1))


def check_spawns(ruleset: Ruleset, spawns: tuple[Spawn, Spawn]) -> None:
    """Check that a game can start from two explicit spawns.

    Raises:
        RulesetError: it cannot; the message names the spawn and what is allowed. Spawns that a
            ``mirrored`` layout would give one cell behind both are refused: it can be one rider's
            trail only, and the other's heading would no longer follow from the planes.
    """
    for seat, (row, col, heading) in enumerate(spawns):
        if not ruleset.inside(row, col):
            raise RulesetError(
                f"spawn of seat {seat} is ({row}, {col}); allowed are rows 1 to "
                f"{ruleset.height - 2} and columns 1 to {ruleset.width - 2}"
            )
        if heading not in (0, 1, 2, 3):
            raise RulesetError(f"heading of seat {seat} is {heading}; allowed are 0 to 3")
    if spawns[0][:2] == spawns[1][:2]:
        raise RulesetError(f"both spawns are on cell {tuple(spawns[0][:2])}")
    behind = cell_behind(spawns[0])
    if ruleset.spawn is SpawnLayout.MIRRORED and behind == cell_behind(spawns[1]):
        raise RulesetError(
            f"both spawns have cell {behind} behind them; it can be the trail of one"
        )


def cell_behind(spawn: Spawn) -> tuple[int, int]:
    """Return the cell that a rider comes from; where it is free it is trail from the start.

    >>> cell_behind(Spawn(3, 5, Action.UP))
    (4, 5)
    """
    row, col, heading = spawn
    return int(row - ROW_STEP[heading]), int(col - COL_STEP[heading])
