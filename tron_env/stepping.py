"""The batch loops: many games a call, each ply touching only the cells that change.

All functions take the block of ``tron_env.memory`` and flat indices into it. Indices are unsigned
and results are written once known: Numba then checks no index for its sign, and the compiler need
not load again what a store might have changed. One pass does rules, planes and masks, so that a
game's cache lines are asked for together; both matter threefold.
"""

from typing import Any, TypeAlias

import numpy as np
from numba import prange

from tron_env.compiling import kernel, njit, part
from tron_env.kernel import ALIVE, EMPTY, ONGOING, TRAIL, WALL, effective_heading, fates, outcome_of
from tron_env.memory import views
from tron_env.spawn import corner_spawns, mirrored_spawns
from tron_env.types import IntArray, Plane, SeedArray, UInt8Array

Index = np.uintp

ONE, TWO, THREE, FOUR = Index(1), Index(2), Index(3), Index(4)
FIVE, EIGHT, TEN = Index(5), Index(8), Index(10)

OWN_TRAIL = Index(Plane.OWN_TRAIL)
OTHER_TRAIL = Index(Plane.OTHER_TRAIL)
OWN_HEAD = Index(Plane.OWN_HEAD)
OTHER_HEAD = Index(Plane.OTHER_HEAD)
OWN_TRAIL_OF_1 = Index(5 + Plane.OWN_TRAIL)
OTHER_TRAIL_OF_1 = Index(5 + Plane.OTHER_TRAIL)
OWN_HEAD_OF_1 = Index(5 + Plane.OWN_HEAD)
OTHER_HEAD_OF_1 = Index(5 + Plane.OTHER_HEAD)

WALLS_OF_WORD = np.uint64(0x0101010101010101)
"""Eight cells of wall; a cell with the next higher bit is trail."""
WORD_SHIFT = np.uint64(1)
assert (EMPTY, WALL, TRAIL) == (0, 1, 2)

INVALID_ACTION = -1

Spawns: TypeAlias = tuple[int, int, int, int, int, int]


@part
def row_step(heading: int) -> int:
    """Return the change of row, -1, 0 or 1."""
    return (heading == 2) - (heading == 0)


@part
def col_step(heading: int) -> int:
    """Return the change of column, -1, 0 or 1."""
    return (heading == 1) - (heading == 3)


@part
def write_exits(cells: UInt8Array, spot: Any, width: Any, masks: Any, place: Any) -> None:
    """Write which neighbours of ``spot`` are empty; behind a rider that moved lies its trail."""
    masks[place] = cells[spot - width] == EMPTY
    masks[place + ONE] = cells[spot + ONE] == EMPTY
    masks[place + TWO] = cells[spot + width] == EMPTY
    masks[place + THREE] = cells[spot - ONE] == EMPTY


@part
def close_exits(masks: Any, place: Any) -> None:
    """Write that a dead rider accepts nothing."""
    masks[place] = False
    masks[place + ONE] = False
    masks[place + TWO] = False
    masks[place + THREE] = False


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


@part
def show_head(planes: UInt8Array, sight: Any, area: Any, seat: Any, spot: Any, value: int) -> None:
    """Write one rider's head into both seats' planes: 1 where it is, 0 where it was."""
    own, other = sight + seat * FIVE * area, sight + (ONE - seat) * FIVE * area
    planes[own + OWN_HEAD * area + spot] = value
    planes[other + OTHER_HEAD * area + spot] = value


@kernel
def clear_trails(cells: UInt8Array, planes: UInt8Array, board: Any, sight: Any, area: Any) -> None:
    """Empty all trail cells of one game, on the board and in the four planes that show them.

    Few cells of a board are ever ridden, so eight at a time are looked at and only those with
    trail among them are written in the planes, most of which are then never loaded.
    """
    own_0, other_0 = sight + OWN_TRAIL * area, sight + OTHER_TRAIL * area
    own_1, other_1 = sight + OWN_TRAIL_OF_1 * area, sight + OTHER_TRAIL_OF_1 * area
    if area % EIGHT != 0:
        for spot in range(area):
            cells[board + spot] &= WALL * (cells[board + spot] < TRAIL)
        for plane in (own_0, other_0, own_1, other_1):
            for spot in range(area):
                planes[plane + spot] = 0
        return
    cell_words, plane_words = cells.view(np.uint64), planes.view(np.uint64)
    first = board // EIGHT
    own_0, other_0 = own_0 // EIGHT, other_0 // EIGHT
    own_1, other_1 = own_1 // EIGHT, other_1 // EIGHT
    for word in range(area // EIGHT):
        kinds = cell_words[first + word]
        trail = (kinds >> WORD_SHIFT) & WALLS_OF_WORD
        if trail != 0:
            cell_words[first + word] = kinds & WALLS_OF_WORD & ~trail
            plane_words[own_0 + word] = 0
            plane_words[other_0 + word] = 0
            plane_words[own_1 + word] = 0
            plane_words[other_1 + word] = 0


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


@part
def mark_trail(
    cells: UInt8Array, planes: UInt8Array, board: Any, sight: Any, area: Any, seat: Any, spot: Any
) -> None:
    """Make one cell a rider's trail, on the board and in both seats' planes."""
    cells[board + spot] = TRAIL + seat
    own, other = sight + seat * FIVE * area, sight + (ONE - seat) * FIVE * area
    planes[own + OWN_TRAIL * area + spot] = 1
    planes[other + OTHER_TRAIL * area + spot] = 1


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
    for k in range(first, past):
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
