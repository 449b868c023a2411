"""How games are started on the block of ``tron_env.memory``, whatever was played there before."""

from typing import Any, TypeAlias

import numpy as np

from tron_env.compiling import kernel
from tron_env.kernel import ALIVE, EMPTY, ONGOING, TRAIL
from tron_env.memory import views
from tron_env.places import (
    FOUR,
    ONE,
    OTHER_TRAIL,
    OTHER_TRAIL_OF_1,
    OWN_TRAIL,
    OWN_TRAIL_OF_1,
    TEN,
    TWO,
    ZERO,
    Index,
    col_step,
    mark_trail,
    row_step,
    show_head,
    write_exits,
)
from tron_env.spawn import corner_spawns, mirrored_spawns
from tron_env.types import IntArray, SeedArray, UInt8Array
from tron_env.words import TRAIL_BITS, WORD, put_word, word_at

CHUNK = Index(64)
"""Cells that are looked at together; a cache line of them."""

Spawns: TypeAlias = tuple[int, int, int, int, int, int]


@kernel
def clear_trails(cells: UInt8Array, planes: UInt8Array, board: Any, sight: Any, area: Any) -> None:
    """Empty all trail cells of one game, on the board and in the four planes that show them.

    Few parts of a board are ever ridden, so a line of cells at a time is looked at and only those
    with trail among them are written in the planes, most of which are then never loaded.
    """
    done = ZERO
    while done + CHUNK <= area:
        found = np.uint64(0)
        for spot in range(ZERO, CHUNK, WORD):
            found |= word_at(cells, board + done + spot)
        if found & TRAIL_BITS:
            for spot in range(ZERO, CHUNK, WORD):
                word = word_at(cells, board + done + spot)
                trail = word & TRAIL_BITS
                put_word(cells, board + done + spot, word & ~(trail | trail >> np.uint64(1)))
            for plane in (OWN_TRAIL, OTHER_TRAIL, OWN_TRAIL_OF_1, OTHER_TRAIL_OF_1):
                for spot in range(CHUNK):
                    planes[sight + plane * area + done + spot] = 0
        done += CHUNK
    for spot in range(done, area):
        if cells[board + spot] >= TRAIL:
            cells[board + spot] = EMPTY
        for plane in (OWN_TRAIL, OTHER_TRAIL, OWN_TRAIL_OF_1, OTHER_TRAIL_OF_1):
            planes[sight + plane * area + spot] = 0


@kernel
def start_game(
    state: Any, i: Any, height: Any, width: Any, spawns: Spawns, trail_behind: bool
) -> None:
    """Set game ``i`` to the start in ``spawns``: row, col and heading of seat 0, then of seat 1.

    Its walls must lie already. ``trail_behind`` also marks the cell behind each spawn, where it is
    free.
    """
    _, plies, heads, headings, causes, outcomes, masks, cells, planes = state
    area = height * width
    board, sight = i * area, i * area * TEN
    for seat in range(TWO):
        rider = i * TWO + seat
        spot = Index(heads[rider * TWO]) * width + Index(heads[rider * TWO + ONE])
        show_head(planes, sight, area, seat, spot, 0)
    clear_trails(cells, planes, board, sight, area)
    plies[i] = 0
    outcomes[i] = ONGOING
    for seat in range(TWO):
        row, col, heading = spawns[3 * seat], spawns[3 * seat + 1], spawns[3 * seat + 2]
        rider = i * TWO + seat
        heads[rider * TWO] = row
        heads[rider * TWO + ONE] = col
        headings[rider] = heading
        causes[rider] = ALIVE
        spot = Index(row) * width + Index(col)
        show_head(planes, sight, area, seat, spot, 1)
        mark_trail(cells, planes, board, sight, area, seat, spot)
    if trail_behind:
        for seat in range(TWO):
            row, col, back = spawns[3 * seat], spawns[3 * seat + 1], spawns[3 * seat + 2] ^ 2
            spot = Index(row + row_step(back)) * width + Index(col + col_step(back))
            if cells[board + spot] == EMPTY:
                mark_trail(cells, planes, board, sight, area, seat, spot)
    for seat in range(TWO):
        spot = Index(spawns[3 * seat]) * width + Index(spawns[3 * seat + 1])
        place = (i * TWO + seat) * FOUR
        write_exits(cells, board + spot, width, masks, place)
        masks[place + Index(spawns[3 * seat + 2] ^ 2)] = False


@kernel
def start_seeded(state: Any, i: Any, height: Any, width: Any, seed: Any, mirrored: bool) -> None:
    """Set game ``i`` to the start that ``seed`` names."""
    rows: Any = np.int64(height)
    cols: Any = np.int64(width)
    spawns = mirrored_spawns(rows, cols, seed) if mirrored else corner_spawns(rows, cols)
    state[0][i] = seed
    start_game(state, i, height, width, spawns, mirrored)


@kernel
def reset_games(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    mirrored: bool,
    games: IntArray,
    seeds: SeedArray,
) -> None:
    """Start ``games`` at the starts that ``seeds`` name, both ``(k,)``."""
    state = views(memory, n, height * width)
    for k in range(games.shape[0]):
        start_seeded(state, Index(games[k]), Index(height), Index(width), seeds[k], mirrored)


@kernel
def reset_to_spawns(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    trail_behind: bool,
    game: int,
    spawns: Spawns,
) -> None:
    """Start one game at ``spawns``; see ``start_game``."""
    state = views(memory, n, height * width)
    start_game(state, Index(game), Index(height), Index(width), spawns, trail_behind)
