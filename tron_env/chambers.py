"""Chambers: how much of an area one rider can really use, from the area's articulation points.

A rider that passes an articulation point never comes back, so that an area is a tree of chambers
(blocks of the graph of cells) in which a rider uses one path from its head downwards. In each
chamber a checkerboard limits how many cells the path can fill: colours alternate.

Boards are those of ``tron_env.territory``. The tree is found exactly, by Tarjan's algorithm, but
not cell by cell: only a cell whose eight neighbours do not connect its own four can be an
articulation point, which bit operations find for whole rows. What remains of the area without
these *pinched* cells falls into blobs, each of which lies within one chamber and is one node of
the graph; pinched cells are the other nodes. Most positions have a few of both.

Sources: J. Hopcroft and R. Tarjan, "Algorithm 447", 1973; A. Sloane's (a1k0n) winning entry to the
2010 Google AI Challenge, which valued chambers by fillable cells and edges.
"""

import numpy as np

from tron_env.compiling import kernel, part
from tron_env.territory import (
    CHECKERED,
    ONE,
    ZERO,
    BoardRows,
    bit,
    fillable,
    flood,
    neighbours,
    popcount,
)
from tron_env.types import Int32Array

CELL_BITS = 6
"""A cell is one number: ``row << CELL_BITS | col``."""

CELLS = 64 << CELL_BITS

CELL_STEP = np.array([-(1 << CELL_BITS), 1, 1 << CELL_BITS, -1], dtype=np.int64)

CHAMBER_BOARDS = 3
"""Rows of scratch boards that ``path_value`` overwrites, uint64 ``(CHAMBER_BOARDS, height)``."""

CHAMBER_FIELDS = 12
"""Rows of its scratch numbers, int32 ``(CHAMBER_FIELDS, CELLS)``."""

# Scratch boards.
_UNSEEN, _PINCHED, _BLOB = range(CHAMBER_BOARDS)

# Scratch numbers: by cell, by node, by place in a list.
(
    _NODE_AT,
    _CELL,
    _LOW,
    _BELOW,
    _EVEN,
    _ODD,
    _EDGES,
    _NEXT,
    _END,
    _PATH,
    _OPEN,
    _LINKS,
) = range(CHAMBER_FIELDS)

_NO_CELL = -1


@part
def pinched_cells(above: np.uint64, word: np.uint64, below: np.uint64) -> np.uint64:
    """Return the cells whose neighbours within the board are not joined around the cell."""
    left, right = word << ONE, word >> ONE
    # Around the cell, the neighbours after which a group of joined ones ends.
    end_0 = above & ~((above >> ONE) & right)
    end_1 = right & ~((below >> ONE) & below)
    end_2 = below & ~((below << ONE) & left)
    end_3 = left & ~((above << ONE) & above)
    ends: np.uint64 = (end_0 & end_1) | (end_2 & end_3) | ((end_0 | end_1) & (end_2 | end_3))
    return ends


@part
def _fillable_to(same: int, other: int, exit_is_same: bool) -> int:
    """As ``territory.fillable``, for a path that ends on a given colour."""
    if exit_is_same:
        return 2 * min(same, other)
    return 2 * min(same, other - 1) + 1


@part
def _fill_row(free: np.uint64, seed: np.uint64) -> np.uint64:
    """Return the runs of ``free`` that hold a bit of ``seed``, a part of it."""
    # Upwards a carry does it; downwards runs are doubled.
    word = free & (((free + seed) ^ free) | seed)
    run = free
    for shift in (1, 2, 4, 8, 16, 32):
        word |= run & (word >> np.uint64(shift))
        run &= run >> np.uint64(shift)
    return word


@part
def _sweep(
    unseen: BoardRows, pinched: BoardRows, blob: BoardRows, row: int, edge: int, step: int
) -> tuple[int, bool]:
    """Grow a blob row by row up to its outermost row ``edge`` and past it while that is new.

    Returns:
        the outermost row now, and whether the blob has grown.
    """
    grown = False
    while True:
        row += step
        inside = (edge - row) * step >= 0
        word = blob[row] if inside else ZERO
        touching = blob[row - step] | blob[row + step] if inside else blob[row - step]
        loose = unseen[row] & ~pinched[row]
        new = touching & loose & ~word
        if new:
            if not inside:
                edge = row
                blob[row + step] = ZERO
            blob[row] = _fill_row(loose, word | new)
            grown = True
        elif not inside:
            return edge, grown


@kernel
def _flood(unseen: BoardRows, pinched: BoardRows, seed: int, blob: BoardRows) -> tuple[int, int]:
    """Write the blob around a cell into ``blob``; return its first and its last row.

    Only those rows of ``blob`` and the two next to them are written.
    """
    first = last = seed >> CELL_BITS
    blob[first] = _fill_row(unseen[first] & ~pinched[first], bit(seed & 63))
    blob[first - 1] = blob[first + 1] = ZERO
    while True:
        last, grown_down = _sweep(unseen, pinched, blob, first, last, 1)
        first, grown_up = _sweep(unseen, pinched, blob, last, first, -1)
        if not (grown_down or grown_up):
            return first, last


@kernel
def path_value(
    area: BoardRows,
    row: int,
    col: int,
    cell_weight: int,
    edge_weight: int,
    boards: BoardRows,
    numbers: Int32Array,
) -> int:
    """Value the best path from a head down the tree of chambers.

    A chamber is worth ``cell_weight`` for each cell that a path through it can fill, and
    ``edge_weight`` for each pair of a cell of it and a neighbour of that cell in the area. With
    weights 1 and 0 the value is an upper bound of the plies that a rider alone can still make.

    Args:
        area: uint64 ``(height,)``, the cells open to the rider, without its head's; cells that it
            cannot reach within the area count for nothing, unless nothing is pinched.
        row: of the head, which touches the area or has no way on.
        col: see ``row``.
        cell_weight: at least 0, like ``edge_weight``.
        edge_weight: see ``cell_weight``.
        boards: uint64 ``(CHAMBER_BOARDS, height)``, overwritten.
        numbers: int32 ``(CHAMBER_FIELDS, CELLS)``, overwritten.
    """
    height = area.shape[0]
    unseen, pinched, blob = boards[_UNSEEN], boards[_PINCHED], boards[_BLOB]
    even = odd = edges = 0
    for r in range(height):
        unseen[r] = area[r]
    unseen[row] |= bit(col)
    any_pinched = ZERO
    for r in range(1, height - 1):
        word = pinched_cells(unseen[r - 1], unseen[r], unseen[r + 1]) & unseen[r]
        pinched[r] = word
        any_pinched |= word
    pinched[0] = pinched[height - 1] = ZERO
    unseen[row] ^= bit(col)
    if not any_pinched:
        for r in range(1, height - 1):
            word = area[r]
            same = popcount(word & (CHECKERED << np.uint64((r + row + col) & 1)))
            even += same
            odd += popcount(word) - same
            edges += popcount(word & (word >> ONE)) + popcount(word & area[r + 1])
        return cell_weight * fillable(even, odd) + edge_weight * 2 * edges

    root = (row << CELL_BITS) | col
    pinched[row] |= bit(col)
    node_at, cell_of, low, below = numbers[_NODE_AT], numbers[_CELL], numbers[_LOW], numbers[_BELOW]
    evens, odds, degrees = numbers[_EVEN], numbers[_ODD], numbers[_EDGES]
    upcoming, end, path, opened = numbers[_NEXT], numbers[_END], numbers[_PATH], numbers[_OPEN]
    links = numbers[_LINKS]
    node_at[root] = 0
    cell_of[0] = root
    low[0] = below[0] = upcoming[0] = 0
    path[0] = 0
    top = nodes_open = linked = 0
    nodes = 1
    while True:
        node = path[top]
        cell = cell_of[node]
        target = _NO_CELL
        way = upcoming[node]
        if cell >= 0:
            if way < 4:
                target = cell + CELL_STEP[way]
        elif way < end[node]:
            target = int(links[way])
        if target >= 0:
            upcoming[node] = way + 1
            at, here = target >> CELL_BITS, bit(target & 63)
            if not unseen[at] & here:
                if (area[at] & here or target == root) and node_at[target] < low[node]:
                    low[node] = node_at[target]
                continue
            child = nodes
            nodes += 1
            low[child] = node
            below[child] = 0
            if pinched[at] & here:
                unseen[at] ^= here
                node_at[target] = child
                cell_of[child] = target
                upcoming[child] = 0
                colour = (at + target) & 1
                evens[child] = 1 - colour
                odds[child] = colour
                degrees[child] = (
                    popcount(area[at] & ((here << ONE) | (here >> ONE)))
                    + popcount(area[at - 1] & here)
                    + popcount(area[at + 1] & here)
                )
            else:
                first, last = _flood(unseen, pinched, target, blob)
                cell_of[child] = _NO_CELL
                upcoming[child] = linked
                even = odd = edges = 0
                for r in range(first - 1, last + 2):
                    word = blob[r] if first <= r <= last else ZERO
                    up = blob[r - 1] if first < r else ZERO
                    down = blob[r + 1] if r < last else ZERO
                    around = ((word << ONE) | (word >> ONE) | up | down) & pinched[r]
                    while around:
                        one = around & (~around + ONE)
                        around ^= one
                        links[linked] = (r << CELL_BITS) | popcount(one - ONE)
                        linked += 1
                    if not word:
                        continue
                    unseen[r] &= ~word
                    rim = neighbours(pinched, r) & word
                    while rim:
                        one = rim & (~rim + ONE)
                        rim ^= one
                        node_at[(r << CELL_BITS) | popcount(one - ONE)] = child
                    same = popcount(word & (CHECKERED << np.uint64(r & 1)))
                    even += same
                    odd += popcount(word) - same
                    edges += popcount(word & (area[r] << ONE)) + popcount(word & (area[r] >> ONE))
                    edges += popcount(word & area[r - 1]) + popcount(word & area[r + 1])
                end[child] = linked
                evens[child], odds[child], degrees[child] = even, odd, edges
            top += 1
            path[top] = child
            opened[nodes_open] = child
            nodes_open += 1
            continue
        if top == 0:
            return int(below[0])
        top -= 1
        parent = path[top]
        low[parent] = min(low[parent], low[node])
        entry = cell_of[parent]
        if entry < 0 or low[node] < parent:
            continue
        # Everything opened since is one chamber, entered from the parent's cell.
        even = odd = edges = 0
        begin = nodes_open
        while True:
            begin -= 1
            member = opened[begin]
            even += evens[member]
            odd += odds[member]
            edges += degrees[member]
            if member == node:
                break
        entry_colour = ((entry >> CELL_BITS) + entry) & 1
        same, other = (odd, even) if entry_colour else (even, odd)
        value = cell_weight * fillable(same, other)
        for place in range(begin, nodes_open):
            member = opened[place]
            if below[member]:
                passing = _fillable_to(same, other, evens[member] != entry_colour)
                value = max(value, cell_weight * passing + below[member])
        nodes_open = begin
        below[parent] = max(below[parent], value + edge_weight * edges)


@kernel
def room(
    free: BoardRows, row: int, col: int, boards: BoardRows, areas: BoardRows, numbers: Int32Array
) -> int:
    """Return an upper bound of the plies that a rider at a taken cell can still make alone.

    Args:
        free: ``(height,)``, empty cells.
        row: of the head.
        col: see ``row``.
        boards: ``(2, height)`` or more of the type of ``free``; the first two are overwritten.
        areas: uint64 ``(1 + CHAMBER_BOARDS, height)`` or more, overwritten.
        numbers: int32 ``(CHAMBER_FIELDS, CELLS)``, overwritten.
    """
    for i in range(free.shape[0]):
        boards[0, i] = boards[1, i] = 0
    boards[0, row] = bit(col)
    flood(free, boards[0], boards[1])
    for i in range(free.shape[0]):
        areas[0, i] = boards[0, i] & free[i]
    return path_value(areas[0], row, col, 1, 0, areas[1:], numbers)
