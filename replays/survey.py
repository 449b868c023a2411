"""The territory pass: what can be counted about every ply of a game, as one Numba kernel."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from replays.filling import FillScratch, UInt64Rows, longest_fill
from replays.playback import Playback
from tron_env import territory
from tron_env.chambers import room
from tron_env.compiling import njit
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.territory import ZERO
from tron_env.types import (
    ACTIONS,
    SEATS,
    BoolArray,
    DeathCause,
    Int16Array,
    Int32Array,
    Int64Array,
    UInt8Array,
)

BOUNDS_A_SEARCH: Final = 500
"""Budget of one search for a longest path, in chamber bounds of about a microsecond; a search goes
beyond it only to come down once to the end of a path."""

BOUNDS_A_RIDER: Final = 10_000
"""About what all of one rider's searches may take: where it has much room, searches are rarer."""

WIDE_GAP: Final = 8
"""Plies between both limits that are worth a search out of turn, ``URGENT`` times a rider."""
URGENT: Final = 6

NO_WAY: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Counts for each ply; ply 0 is the start, the last ply is the end.

    ``n`` is the number of plies plus 1. A dead rider has no territory, no reach and no room.
    """

    territory: Int32Array
    """``(n, 2)``: free cells that each rider reaches strictly first."""
    contested: Int32Array
    """``(n,)``: free cells that both reach at once."""
    reach: Int32Array
    """``(n, 2)``: free cells that each rider could reach if the other stood still."""
    ways: Int32Array
    """``(n, 2, 4)``: how much of ``reach`` each action keeps, its target included; ``NO_WAY``
    where the target is taken."""
    separation: int | None
    """The first ply at which no free cell can be reached by both."""
    room_low: Int32Array
    """``(n, 2)``: plies that each rider can certainly still make, from the separation on; before
    it 0."""
    room_high: Int32Array
    """``(n, 2)``: plies that no way of riding exceeds; before the separation the number of cells
    within reach."""


def survey(playback: Playback) -> Survey:
    """Count what there is to count about every ply of a game."""
    n = playback.plies + 1
    height = playback.replay.ruleset.height
    dead = np.array([cause is not DeathCause.NONE for cause in playback.replay.causes])
    counts: Int32Array = np.zeros((n, 2 * SEATS + 1), dtype=np.int32)
    ways: Int32Array = np.full((n, SEATS, ACTIONS), NO_WAY, dtype=np.int32)
    low: Int32Array = np.zeros((n, SEATS), dtype=np.int32)
    high: Int32Array = np.zeros((n, SEATS), dtype=np.int32)
    free: UInt64Rows = np.zeros(height, dtype=np.uint64)
    territory.pack_free(0, playback.state(0).cells[None], free)
    scratch = FillScratch()
    separation = _survey(
        free,
        playback.heads,
        dead,
        counts,
        ways,
        low,
        high,
        np.zeros((6, height), dtype=np.uint64),
        scratch.stack,
        scratch.control,
        scratch.numbers,
        scratch.path,
    )
    return Survey(
        territory=counts[:, :SEATS],
        contested=counts[:, SEATS],
        reach=counts[:, SEATS + 1 :],
        ways=ways,
        separation=None if separation < 0 else separation,
        room_low=low,
        room_high=high,
    )


@njit()
def _look_around(
    free: UInt64Rows, row: int, col: int, boards: UInt64Rows, out_ways: Int32Array
) -> int:
    """Write one rider's ``ways``; return its reach."""
    total = 0
    boards[:5] = ZERO
    for action in range(4):
        to_row, to_col = row + ROW_STEP[action], col + COL_STEP[action]
        here = territory.bit(to_col)
        if not free[to_row] & here:
            continue
        if boards[0, to_row] & here:
            # Joined to an earlier target, whose flood this one shares.
            for earlier in range(action):
                if boards[1 + earlier, to_row] & here:
                    out_ways[action] = out_ways[earlier]
            continue
        area = boards[1 + action]
        area[to_row] = here
        territory.flood(free, area, boards[5])
        for i in range(free.shape[0]):
            boards[0, i] |= area[i]
        out_ways[action] = territory.count(area)
        total += out_ways[action]
    return total


@njit()
def _survey(
    free: UInt64Rows,
    heads: Int16Array,
    dead: BoolArray,
    out_counts: Int32Array,
    out_ways: Int32Array,
    out_low: Int32Array,
    out_high: Int32Array,
    boards: UInt64Rows,
    stack: Int32Array,
    control: Int64Array,
    numbers: Int32Array,
    path: UInt8Array,
) -> int:
    """Fill the arrays of a ``Survey``; return the ply of the separation, or -1.

    ``free`` is that of the start, and is changed to that of the end.
    """
    n, last = heads.shape[0], heads.shape[0] - 1
    separation = -1
    for ply in range(n):
        boards[:] = ZERO
        for seat in range(2):
            if not (dead[seat] and ply == last):
                row, here = heads[ply, seat, 0], territory.bit(heads[ply, seat, 1])
                free[row] &= ~here
                boards[seat, row] = here
        territory.split(free, boards[0], boards[1], boards[2], boards[3])
        for i in range(free.shape[0]):
            for seat in range(2):
                first = boards[seat, i] & ~boards[1 - seat, i] & free[i]
                out_counts[ply, seat] += territory.popcount(first)
            out_counts[ply, 2] += territory.popcount(boards[0, i] & boards[1, i] & free[i])
        over = ply == last and (dead[0] or dead[1])
        if separation < 0 and not over and territory.separated(boards[0], boards[1], free):
            separation = ply
        for seat in range(2):
            if dead[seat] and ply == last:
                continue
            row, col = heads[ply, seat, 0], heads[ply, seat, 1]
            within = _look_around(free, row, col, boards, out_ways[ply, seat])
            out_counts[ply, 3 + seat] = within
            out_high[ply, seat] = within
            if separation >= 0:
                out_high[ply, seat] = room(free, row, col, numbers)
    if separation < 0:
        return separation
    for seat in range(2):
        _limit_fills(
            free,
            heads[:, seat],
            dead[seat],
            separation,
            out_low[:, seat],
            out_high[:, seat],
            stack,
            control,
            numbers,
            path,
        )
    return separation


@njit()
def _limit_fills(
    free: UInt64Rows,
    heads: Int16Array,
    dies: bool,
    separation: int,
    low: Int32Array,
    high: Int32Array,
    stack: Int32Array,
    control: Int64Array,
    numbers: Int32Array,
    path: UInt8Array,
) -> None:
    """Narrow one rider's ``room_low`` and ``room_high`` from the separation on.

    ``free`` is that of the end; what the other rider took since does not matter, as the rider
    could not reach it.
    """
    last = heads.shape[0] - 1
    for ply in range(separation + 1, last + 1):
        free[heads[ply, 0]] |= territory.bit(heads[ply, 1])
    # What the rider did is certainly possible.
    end = last - 1 if dies else last
    for ply in range(separation, end):
        low[ply] = end - ply
    # A search takes about two bounds a ply of its path, so that all of them take the room squared.
    interval = 1 + high[separation] * high[separation] // BOUNDS_A_RIDER
    known, at = 0, 0
    due, urgent = separation, URGENT
    for ply in range(separation, end + 1):
        row, col = heads[ply, 0], heads[ply, 1]
        free[row] &= ~territory.bit(col)
        if ply > separation:
            # One ply later nothing is possible but one ply less.
            high[ply] = min(high[ply], high[ply - 1] - 1)
            before_row, before_col = heads[ply - 1, 0], heads[ply - 1, 1]
            on_path = (
                at < known
                and before_row + ROW_STEP[path[at]] == row
                and before_col + COL_STEP[path[at]] == col
            )
            at += 1
            if not on_path:
                known = at = 0
        low[ply] = max(low[ply], known - at)
        wide = urgent > 0 and low[ply] + WIDE_GAP < high[ply]
        if low[ply] < high[ply] and known == 0 and (ply >= due or ply == end or wide):
            if ply < due:
                urgent -= 1
            found, limit, _ = longest_fill(
                free, row, col, BOUNDS_A_SEARCH, stack, control, numbers, path
            )
            known, at = found, 0
            due = ply + interval
            low[ply] = max(low[ply], found)
            high[ply] = min(high[ply], limit)
    for ply in range(end - 1, separation - 1, -1):
        low[ply] = max(low[ply], low[ply + 1] + 1)
    for ply in range(separation, end + 1):
        free[heads[ply, 0]] &= ~territory.bit(heads[ply, 1])
