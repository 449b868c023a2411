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
from tron_env.kernel import ALIVE, EMPTY, ONGOING, TRAIL, effective_heading, fates, outcome_of
from tron_env.memory import views
from tron_env.places import (
    EIGHT,
    FOUR,
    ONE,
    OTHER_HEAD,
    OTHER_HEAD_OF_1,
    OTHER_TRAIL,
    OTHER_TRAIL_OF_1,
    OWN_HEAD,
    OWN_HEAD_OF_1,
    OWN_TRAIL,
    OWN_TRAIL_OF_1,
    TEN,
    THREE,
    TWO,
    Index,
    close_exits,
    col_step,
    row_step,
    write_exits,
)
from tron_env.prefetch import AHEAD, WORTH_IT, fetch_game
from tron_env.types import IntArray, UInt8Array

INVALID_ACTION = -1


@part
def play_ply(
    state: Any, i: Any, height: Any, width: Any, action_0: int, action_1: int, max_plies: int
) -> int:
    """Play one ply of game ``i`` and bring its planes and masks up to date.

    Returns:
        1 when this very ply ended the game, else 0. A finished game is left alone.
    """
    _, plies, heads, headings, causes, outcomes, masks, cells, planes = state
    if outcomes[i] != ONGOING:
        return 0
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
    planes[sight + OWN_HEAD * area + old_0] = 0
    planes[sight + OTHER_HEAD_OF_1 * area + old_0] = 0
    planes[sight + OWN_HEAD_OF_1 * area + old_1] = 0
    planes[sight + OTHER_HEAD * area + old_1] = 0
    if kind_0 == EMPTY and kind_1 == EMPTY and new_0 != new_1:
        move_first(state, i, row_0, col_0, new_0, area)
        move_second(state, i, row_1, col_1, new_1, area)
        write_exits(cells, board + new_0, width, masks, eight)
        write_exits(cells, board + new_1, width, masks, eight + FOUR)
        if ply < max_plies:
            return 0
        outcomes[i] = outcome_of(ALIVE, ALIVE, ply, max_plies)
        return 1
    cause_0, cause_1 = fates(kind_0, kind_1, new_0 == new_1)
    causes[pair] = cause_0
    causes[pair + ONE] = cause_1
    outcomes[i] = outcome_of(cause_0, cause_1, ply, max_plies)
    close_exits(masks, eight)
    close_exits(masks, eight + FOUR)
    if cause_0 == ALIVE:
        move_first(state, i, row_0, col_0, new_0, area)
        write_exits(cells, board + new_0, width, masks, eight)
    if cause_1 == ALIVE:
        move_second(state, i, row_1, col_1, new_1, area)
        write_exits(cells, board + new_1, width, masks, eight + FOUR)
    return 1


@part
def move_first(state: Any, i: Any, row: int, col: int, spot: Any, area: Any) -> None:
    """Put rider 0 of game ``i`` on a free cell."""
    _, _, heads, _, _, _, _, cells, planes = state
    board, sight = i * area, i * area * TEN
    cells[board + spot] = TRAIL
    heads[i * FOUR] = row
    heads[i * FOUR + ONE] = col
    planes[sight + OWN_HEAD * area + spot] = 1
    planes[sight + OTHER_HEAD_OF_1 * area + spot] = 1
    planes[sight + OWN_TRAIL * area + spot] = 1
    planes[sight + OTHER_TRAIL_OF_1 * area + spot] = 1


@part
def move_second(state: Any, i: Any, row: int, col: int, spot: Any, area: Any) -> None:
    """Put rider 1 of game ``i`` on a free cell."""
    _, _, heads, _, _, _, _, cells, planes = state
    board, sight = i * area, i * area * TEN
    cells[board + spot] = TRAIL + 1
    heads[i * FOUR + TWO] = row
    heads[i * FOUR + THREE] = col
    planes[sight + OWN_HEAD_OF_1 * area + spot] = 1
    planes[sight + OTHER_HEAD * area + spot] = 1
    planes[sight + OWN_TRAIL_OF_1 * area + spot] = 1
    planes[sight + OTHER_TRAIL * area + spot] = 1


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
) -> int:
    """Do what ``step_games`` does for ``games[first:past]``, without checking their actions."""
    state = views(memory, n, height * width)
    ended = 0
    fetched = past - AHEAD if memory.size > WORTH_IT else first
    for k in range(first, past):
        if k < fetched:
            action_0, action_1 = np.int64(actions[k + AHEAD, 0]), np.int64(actions[k + AHEAD, 1])
            i = Index(games[k + AHEAD])
            fetch_game(state, i, Index(height), Index(width), action_0, action_1)
        action_0, action_1 = np.int64(actions[k, 0]), np.int64(actions[k, 1])
        i = Index(games[k])
        ended += play_ply(state, i, Index(height), Index(width), action_0, action_1, max_plies)
    return ended


@kernel
def step_games(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    games: IntArray,
    actions: UInt8Array,
) -> int:
    """Play one ply of ``games``, ``(k,)``, with ``actions``, uint8 ``(k, 2)``.

    Returns:
        How many games ended on this ply, or INVALID_ACTION with nothing played.
    """
    if any_invalid(actions):
        return INVALID_ACTION
    count = games.shape[0]
    return step_range(memory, n, height, width, max_plies, games, actions, 0, count)


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
) -> int:
    """Do what ``step_games`` does, with the games dealt to ``threads`` threads in equal runs."""
    if any_invalid(actions):
        return INVALID_ACTION
    count = games.shape[0]
    ended = 0
    for t in prange(threads):
        first, past = t * count // threads, (t + 1) * count // threads
        ended += step_range(memory, n, height, width, max_plies, games, actions, first, past)
    return ended
