"""The batch loops: many games a call, each ply touching only the cells that change.

All functions take the block of ``tron_env.memory`` and flat indices into it. Indices are unsigned
and results are written once known: Numba then checks no index for its sign, and the compiler need
not load again what a store might have changed. One pass does rules, planes and masks, so that a
game's cache lines are asked for together; both matter threefold.
"""

from typing import Any

import numpy as np
from numba import prange

from tron_env.compiling import kernel, njit, part
from tron_env.kernel import ALIVE, EMPTY, ONGOING, effective_heading, fates, outcome_of
from tron_env.memory import views
from tron_env.places import (
    EIGHT,
    FOUR,
    ONE,
    TEN,
    THREE,
    TWO,
    ZERO,
    Index,
    close_exits,
    col_step,
    mark_trail,
    row_step,
    show_head,
    write_exits,
)
from tron_env.prefetch import AHEAD, WORTH_IT, fetch_game
from tron_env.types import IntArray, UInt8Array


@part
def play_ply(
    state: Any, i: Any, height: Any, width: Any, action_0: int, action_1: int, max_plies: int
) -> None:
    """Play one ply of game ``i``, unless it is finished, and bring planes and masks up to date."""
    _, plies, heads, headings, causes, outcomes, masks, cells, planes = state
    if outcomes[i] != ONGOING:
        return
    pair, quad, eight = i * TWO, i * FOUR, i * EIGHT
    area = height * width
    board = i * area
    heading_0 = effective_heading(np.int64(headings[pair]), action_0)
    heading_1 = effective_heading(np.int64(headings[pair + ONE]), action_1)
    row_0, col_0 = np.int64(heads[quad]), np.int64(heads[quad + ONE])
    row_1, col_1 = np.int64(heads[quad + TWO]), np.int64(heads[quad + THREE])
    old_0 = Index(row_0) * width + Index(col_0)
    old_1 = Index(row_1) * width + Index(col_1)
    row_0 += row_step(heading_0)
    col_0 += col_step(heading_0)
    row_1 += row_step(heading_1)
    col_1 += col_step(heading_1)
    new_0 = Index(row_0) * width + Index(col_0)
    new_1 = Index(row_1) * width + Index(col_1)
    kind_0, kind_1 = cells[board + new_0], cells[board + new_1]
    ply = plies[i] + 1

    plies[i] = ply
    headings[pair] = heading_0
    headings[pair + ONE] = heading_1
    sight = board * TEN
    show_head(planes, sight, area, ZERO, old_0, 0)
    show_head(planes, sight, area, ONE, old_1, 0)
    if kind_0 == EMPTY and kind_1 == EMPTY and new_0 != new_1:
        move(state, i, ZERO, row_0, col_0, new_0, area)
        move(state, i, ONE, row_1, col_1, new_1, area)
        write_exits(cells, board + new_0, width, masks, eight)
        write_exits(cells, board + new_1, width, masks, eight + FOUR)
        if ply >= max_plies:
            outcomes[i] = outcome_of(ALIVE, ALIVE, ply, max_plies)
        return
    cause_0, cause_1 = fates(kind_0, kind_1, new_0 == new_1)
    causes[pair] = cause_0
    causes[pair + ONE] = cause_1
    outcomes[i] = outcome_of(cause_0, cause_1, ply, max_plies)
    close_exits(masks, eight)
    close_exits(masks, eight + FOUR)
    if cause_0 == ALIVE:
        move(state, i, ZERO, row_0, col_0, new_0, area)
        write_exits(cells, board + new_0, width, masks, eight)
    if cause_1 == ALIVE:
        move(state, i, ONE, row_1, col_1, new_1, area)
        write_exits(cells, board + new_1, width, masks, eight + FOUR)


@part
def move(state: Any, i: Any, seat: Any, row: int, col: int, spot: Any, area: Any) -> None:
    """Put a rider of game ``i`` on a free cell."""
    _, _, heads, _, _, _, _, cells, planes = state
    board, sight = i * area, i * area * TEN
    heads[i * FOUR + seat * TWO] = row
    heads[i * FOUR + seat * TWO + ONE] = col
    mark_trail(cells, planes, board, sight, area, seat, spot)
    show_head(planes, sight, area, seat, spot, 1)


@kernel
def any_invalid(actions: UInt8Array) -> bool:
    """Whether a number of uint8 ``(k, 2)`` is above 3."""
    bits = np.uint8(0)
    for k in range(actions.shape[0]):
        bits |= actions[k, 0] | actions[k, 1]
    return bits > 3  # type: ignore[return-value]


@kernel
def step_range(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    games: IntArray,
    actions: UInt8Array,
    first: int,
    past: int,
) -> None:
    """Do what ``step_games`` does for ``games[first:past]``, without checking their actions."""
    state = views(memory, n, height * width)
    fetched = past - AHEAD if memory.size > WORTH_IT else first
    for k in range(first, past):
        if k < fetched:
            action_0, action_1 = np.int64(actions[k + AHEAD, 0]), np.int64(actions[k + AHEAD, 1])
            i = Index(games[k + AHEAD])
            fetch_game(state, i, Index(height), Index(width), action_0, action_1)
        action_0, action_1 = np.int64(actions[k, 0]), np.int64(actions[k, 1])
        i = Index(games[k])
        play_ply(state, i, Index(height), Index(width), action_0, action_1, max_plies)


@kernel
def step_games(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    games: IntArray,
    actions: UInt8Array,
) -> bool:
    """Play one ply of ``games``, ``(k,)``, with ``actions``, uint8 ``(k, 2)``.

    Returns:
        Whether all are actions; otherwise nothing is played.
    """
    if any_invalid(actions):
        return False
    step_range(memory, n, height, width, max_plies, games, actions, 0, games.shape[0])
    return True


@njit(parallel=True)
def step_games_threaded(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    games: IntArray,
    actions: UInt8Array,
    threads: int,
) -> bool:
    """Do what ``step_games`` does, with the games dealt to ``threads`` threads in equal runs."""
    if any_invalid(actions):
        return False
    count = games.shape[0]
    for t in prange(threads):
        first, past = t * count // threads, (t + 1) * count // threads
        step_range(memory, n, height, width, max_plies, games, actions, first, past)
    return True
