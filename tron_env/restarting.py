"""Games that start again by themselves, and games that choose their own random actions.

What a game draws follows from its seed alone: draw ``FIRST_PLY + p`` gives the random actions of
ply p, draw ``NEXT_GAME`` the seed of the game after it. So results depend neither on the other
games of a batch, nor on their order, nor on threads.
"""

from typing import Any

import numpy as np
from numba import prange

from tron_env.compiling import kernel, njit, part
from tron_env.kernel import ALIVE, ONGOING, TRAIL, WALL
from tron_env.memory import views
from tron_env.places import (
    EIGHT,
    FIVE,
    FOUR,
    ONE,
    OTHER_TRAIL,
    OWN_HEAD,
    OWN_TRAIL,
    TEN,
    TWO,
    Index,
    show_head,
)
from tron_env.spawn import random_u64
from tron_env.starting import start_seeded
from tron_env.stepping import any_invalid, play_ply, step_range
from tron_env.types import IntArray, UInt8Array

NEXT_GAME = np.uint64(1 << 63)
FIRST_PLY = np.uint64(1 << 62)

INVALID_ACTION = -1

HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


@part
def nth_accepted(masks: Any, place: Any, heading: int, draw: Any) -> int:
    """Return the accepted action that a 32-bit ``draw`` picks, or ``heading`` without any."""
    up, right = np.uint64(masks[place]), np.uint64(masks[place + ONE])
    down, left = np.uint64(masks[place + TWO]), np.uint64(masks[place + TWO + ONE])
    ways = up + right + down + left
    if ways == 0:
        return heading
    skip = (draw * ways) >> HALF
    # The accepted actions before each: an action is the one picked when that number is ``skip``.
    if up & (skip == 0):
        return 0
    if right & (skip == up):
        return 1
    return 2 if down & (skip == up + right) else 3


@part
def ply_draw(state: Any, i: Any, key: Any) -> Any:
    """Return 64 random bits for the present ply of game ``i``, the low half for seat 0.

    ``key`` tells those apart who draw on their own; 0 is ``play_random``'s.
    """
    return random_u64(state[0][i] ^ key, FIRST_PLY + np.uint64(state[1][i]))


@part
def drawn_action(state: Any, i: Any, seat: Any, key: Any) -> int:
    """Return an accepted action of a rider, drawn from the game's seed, or its heading."""
    headings, masks = state[3], state[6]
    rider = i * TWO + seat
    draw = ply_draw(state, i, key) >> (HALF * np.uint64(seat)) & LOW
    return nth_accepted(masks, rider * FOUR, np.int64(headings[rider]), draw)


@part
def play_random_ply(state: Any, i: Any, height: Any, width: Any, max_plies: int) -> None:
    """Play one ply of game ``i`` with accepted actions drawn from its seed; see ``play_ply``."""
    _, _, _, headings, _, _, masks, _, _ = state
    draw = ply_draw(state, i, np.uint64(0))
    action_0 = nth_accepted(masks, i * TWO * FOUR, np.int64(headings[i * TWO]), draw & LOW)
    action_1 = nth_accepted(
        masks, (i * TWO + ONE) * FOUR, np.int64(headings[i * TWO + ONE]), draw >> HALF
    )
    play_ply(state, i, height, width, action_0, action_1, max_plies)


@kernel
def copy_game(source: Any, i: Any, target: Any, k: Any, area: Any) -> None:
    """Copy all but the planes of game ``i`` of one batch over game ``k`` of another."""
    seeds, plies, heads, headings, causes, outcomes, masks, cells, _ = source
    seeds_k, plies_k, heads_k, headings_k, causes_k, outcomes_k, masks_k, cells_k, _ = target
    seeds_k[k] = seeds[i]
    plies_k[k] = plies[i]
    outcomes_k[k] = outcomes[i]
    for seat in range(TWO):
        headings_k[k * TWO + seat] = headings[i * TWO + seat]
        causes_k[k * TWO + seat] = causes[i * TWO + seat]
    for axis in range(FOUR):
        heads_k[k * FOUR + axis] = heads[i * FOUR + axis]
    for way in range(EIGHT):
        masks_k[k * EIGHT + way] = masks[i * EIGHT + way]
    for spot in range(area):
        cells_k[k * area + spot] = cells[i * area + spot]


@kernel
def encode_games(memory: UInt8Array, n: int, height: int, width: int, count: int) -> None:
    """Make the planes of the first ``count`` games anew from what else is known of them."""
    state = views(memory, n, height * width)
    heads, causes, cells, planes = state[2], state[4], state[7], state[8]
    cols, area = Index(width), Index(height * width)
    for j in range(count):
        k = Index(j)
        board, sight, seat_1 = k * area, k * area * TEN, k * area * TEN + FIVE * area
        own, other = OWN_TRAIL * area, OTHER_TRAIL * area
        write_kind(cells, board, WALL, planes, sight, seat_1, area)
        write_kind(cells, board, TRAIL, planes, sight + own, seat_1 + other, area)
        write_kind(cells, board, TRAIL + 1, planes, sight + other, seat_1 + own, area)
        for seat in range(TWO):
            heads_seen = sight + (seat * FIVE + OWN_HEAD) * area
            for spot in range(TWO * area):
                planes[heads_seen + spot] = 0
        for seat in range(TWO):
            if causes[k * TWO + seat] == ALIVE:
                head = k * FOUR + seat * TWO
                place = Index(heads[head]) * cols + Index(heads[head + ONE])
                show_head(planes, sight, area, seat, place, 1)


@kernel
def write_kind(
    cells: UInt8Array, board: Any, kind: int, planes: UInt8Array, plane: Any, twin: Any, area: Any
) -> None:
    """Write where cells are of one kind into the planes that start at two indices."""
    for spot in range(area):
        is_kind = cells[board + spot] == kind
        planes[plane + spot] = is_kind
        planes[twin + spot] = is_kind


@kernel
def restart(state: Any, i: Any, height: Any, width: Any, mirrored: bool) -> None:
    """Start the game that follows game ``i``."""
    start_seeded(state, i, height, width, random_u64(state[0][i], NEXT_GAME), mirrored)


@kernel
def list_finished(outcomes: UInt8Array, out_games: IntArray) -> int:
    """Write the indices of finished games into ``(n,)`` and return their number."""
    count = 0
    for i in range(outcomes.shape[0]):
        out_games[count] = i
        count += outcomes[i] != ONGOING
    return count


@kernel
def step_restarting(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    mirrored: bool,
    actions: UInt8Array,
    last: UInt8Array,
    out_games: IntArray,
    games: IntArray,
) -> int:
    """Play one ply of every game, then keep the finished ones and start those that follow.

    They are kept without their planes, which ``encode_games`` makes where somebody wants them.

    Args:
        memory: the games.
        n: how many.
        height: of the board.
        width: of the board.
        max_plies: of the ruleset.
        mirrored: the layout of starts.
        actions: uint8 ``(n, 2)``.
        last: another block for n games; ``out_games[k]`` is copied to its place k as it ended.
        out_games: ``(n + 1,)``.
        games: ``(n,)``, 0 to n - 1.

    Returns:
        How many games were finished, or INVALID_ACTION with nothing played.
    """
    if any_invalid(actions):
        return INVALID_ACTION
    step_range(memory, n, height, width, max_plies, games, actions, 0, n)
    count = list_finished(views(memory, n, height * width)[5], out_games)
    keep_range(memory, n, height, width, mirrored, last, out_games, 0, count)
    return count


@kernel
def keep_range(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    mirrored: bool,
    last: UInt8Array,
    games: IntArray,
    first: int,
    past: int,
) -> None:
    """Copy ``games[first:past]`` to these places of ``last``, and start the games that follow."""
    rows, cols, area = Index(height), Index(width), Index(height * width)
    state, kept = views(memory, n, height * width), views(last, n, height * width)
    for k in range(first, past):
        i = Index(games[k])
        copy_game(state, i, kept, Index(k), area)
        restart(state, i, rows, cols, mirrored)


@njit(parallel=True)
def step_restarting_threaded(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    mirrored: bool,
    actions: UInt8Array,
    last: UInt8Array,
    out_games: IntArray,
    games: IntArray,
    threads: int,
) -> int:
    """Do what ``step_restarting`` does, dealt to ``threads`` threads."""
    if any_invalid(actions):
        return INVALID_ACTION
    for t in prange(threads):
        first, past = t * n // threads, (t + 1) * n // threads
        step_range(memory, n, height, width, max_plies, games, actions, first, past)
    count = list_finished(views(memory, n, height * width)[5], out_games)
    for t in prange(threads):
        first, past = t * count // threads, (t + 1) * count // threads
        keep_range(memory, n, height, width, mirrored, last, out_games, first, past)
    return count


@kernel
def play_random(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    mirrored: bool,
    first: int,
    past: int,
    plies: int,
) -> int:
    """Play ``plies`` plies of games ``first`` to ``past`` - 1 with random accepted actions.

    A finished game is restarted at once. Games are the outer loop: each stays in the cache.

    Returns:
        How many games ended.
    """
    rows, cols = Index(height), Index(width)
    state = views(memory, n, height * width)
    ended = 0
    for j in range(first, past):
        i = Index(j)
        for _ in range(plies):
            play_random_ply(state, i, rows, cols, max_plies)
            if state[5][i] != ONGOING:
                ended += 1
                restart(state, i, rows, cols, mirrored)
    return ended


@njit(parallel=True)
def play_random_threaded(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    max_plies: int,
    mirrored: bool,
    plies: int,
    threads: int,
) -> int:
    """Do what ``play_random`` does for all games, dealt to ``threads`` threads."""
    ended = 0
    for t in prange(threads):
        first, past = t * n // threads, (t + 1) * n // threads
        ended += play_random(memory, n, height, width, max_plies, mirrored, first, past, plies)
    return ended
