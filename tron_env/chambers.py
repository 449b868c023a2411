"""Chambers: how much of an area one rider can really use, from the area's articulation points.

A rider that passes an articulation point never comes back, so that an area is a tree of chambers
(blocks of the graph of cells) in which a rider uses one path from its head downwards. In each
chamber a checkerboard limits how many cells the path can fill: colours alternate.

Boards are those of ``tron_env.lanes``. The tree is found exactly, by Tarjan's algorithm, but not
cell by cell: only a cell whose eight neighbours do not connect its own four can be an articulation
point, which a few operations find for the whole board. What remains of the area without these
*pinched* cells falls into blobs, each of which lies within one chamber and is one node of the
graph; pinched cells are the other nodes. Most positions have a few of both.

Sources: J. Hopcroft and R. Tarjan, "Algorithm 447", 1973; A. Sloane's (a1k0n) winning entry to the
2010 Google AI Challenge, which valued chambers by fillable cells and edges.
"""

import numpy as np

from tron_env import lanes
from tron_env.compiling import kernel, part
from tron_env.lanes import Board
from tron_env.territory import BoardRows, fillable
from tron_env.types import Int32Array

CELL_BITS = 6
"""A cell is one number: ``row << CELL_BITS | col``."""

CELLS = 64 << CELL_BITS

CELL_STEP = np.array([-(1 << CELL_BITS), 1, 1 << CELL_BITS, -1], dtype=np.int64)

_WIDTH = 16
"""Numbers in a row of scratch: one cache line."""

_NODES = CELLS // _WIDTH
"""First row of nodes; before it the node of each cell."""

# What is known of a node, and what stands at a place of the lists, side by side.
_CELL, _LOW, _BELOW, _EVEN, _ODD, _EDGES, _NEXT, _END, _PATH, _OPEN, _LINKS = range(11)

CHAMBER_ROWS = _NODES + CELLS
"""Rows of scratch that ``path_value`` overwrites, int32 ``(CHAMBER_ROWS, 16)``."""

_NO_CELL = -1


def new_numbers() -> Int32Array:
    """Return scratch for ``path_value``, int32 ``(CHAMBER_ROWS, 16)``."""
    return np.zeros((CHAMBER_ROWS, _WIDTH), dtype=np.int32)


@part
def pinched_cells(area: Board) -> Board:
    """Return the cells whose neighbours within the area are not joined around the cell.

    The cells need not be of the area themselves.
    """
    # What lies above, to the left and so on of each cell.
    above, below = lanes.south(area), lanes.north(area)
    left, right = lanes.east(area), lanes.west(area)
    # Around the cell, the neighbours after which a group of joined ones ends.
    end_0 = above & ~(lanes.west(above) & right)
    end_1 = right & ~(lanes.west(below) & below)
    end_2 = below & ~(lanes.east(below) & left)
    end_3 = left & ~(lanes.east(above) & above)
    ends: Board = (end_0 & end_1) | (end_2 & end_3) | ((end_0 | end_1) & (end_2 | end_3))
    return ends


@part
def _fillable_to(same: int, other: int, exit_is_same: bool) -> int:
    """As ``territory.fillable``, for a path that ends on a given colour."""
    if exit_is_same:
        return 2 * min(same, other)
    return 2 * min(same, other - 1) + 1


@part
def _edges(cells: Board, area: Board) -> int:
    """Return the number of pairs of a cell and a neighbour of it in the area."""
    across = lanes.counts(cells & lanes.east(area)) + lanes.counts(cells & lanes.west(area))
    along = lanes.counts(cells & lanes.north(area)) + lanes.counts(cells & lanes.south(area))
    return int(lanes.total(across + along))


@kernel
def path_value(
    area: Board, row: int, col: int, cell_weight: int, edge_weight: int, numbers: Int32Array
) -> int:
    """Value the best path from a head down the tree of chambers.

    A chamber is worth ``cell_weight`` for each cell that a path through it can fill, and
    ``edge_weight`` for each pair of a cell of it and a neighbour of that cell in the area. With
    weights 1 and 0 the value is an upper bound of the plies that a rider alone can still make.

    Args:
        area: the cells open to the rider, without its head's; cells that it cannot reach within
            the area count for nothing, unless nothing is pinched.
        row: of the head, which touches the area or has no way on.
        col: see ``row``.
        cell_weight: at least 0, like ``edge_weight``.
        edge_weight: see ``cell_weight``.
        numbers: see ``new_numbers``; overwritten.
    """
    head = lanes.cell(area, row, col)
    pinched = pinched_cells(area | head) & (area | head)
    even_cells = lanes.checkered(area)
    if not lanes.some(pinched):
        even, odd = lanes.count(area & even_cells), lanes.count(area & ~even_cells)
        if (row + col) & 1:
            even, odd = odd, even
        return cell_weight * fillable(even, odd) + edge_weight * _edges(area, area)

    pinched = pinched | head
    loose = area & ~pinched
    unseen = area & ~head
    nodes = numbers[_NODES:]
    root = (row << CELL_BITS) | col
    numbers[root // _WIDTH, root % _WIDTH] = 0
    nodes[0, _CELL] = root
    nodes[0, _LOW] = nodes[0, _BELOW] = nodes[0, _NEXT] = 0
    nodes[0, _PATH] = 0
    top = nodes_open = linked = 0
    known = 1
    while True:
        number = nodes[top, _PATH]
        node = nodes[number]
        target: int = _NO_CELL
        way = node[_NEXT]
        if node[_CELL] >= 0:
            if way < 4:
                target = node[_CELL] + CELL_STEP[way]
        elif way < node[_END]:
            target = int(nodes[way, _LINKS])
        if target >= 0:
            node[_NEXT] = way + 1
            at, across = target >> CELL_BITS, target & 63
            if not lanes.has(unseen, at, across):
                if lanes.has(area, at, across) or target == root:
                    seen = numbers[target // _WIDTH, target % _WIDTH]
                    node[_LOW] = min(node[_LOW], seen)
                continue
            child = nodes[known]
            here = lanes.cell(area, at, across)
            child[_LOW] = number
            child[_BELOW] = 0
            if lanes.has(pinched, at, across):
                unseen = unseen & ~here
                numbers[target // _WIDTH, target % _WIDTH] = known
                child[_CELL] = target
                child[_NEXT] = 0
                colour = (at + target) & 1
                child[_EVEN] = 1 - colour
                child[_ODD] = colour
                child[_EDGES] = lanes.count(lanes.spread(here) & area)
            else:
                blob = lanes.grown(here, loose)
                unseen = unseen & ~blob
                child[_CELL] = _NO_CELL
                child[_NEXT] = linked
                around = lanes.spread(blob) & pinched
                while lanes.some(around):
                    target = lanes.first(around)
                    around = around & ~lanes.cell(area, target >> CELL_BITS, target & 63)
                    nodes[linked, _LINKS] = target
                    linked += 1
                child[_END] = linked
                rim = lanes.spread(pinched) & blob
                while lanes.some(rim):
                    target = lanes.first(rim)
                    rim = rim & ~lanes.cell(area, target >> CELL_BITS, target & 63)
                    numbers[target // _WIDTH, target % _WIDTH] = known
                child[_EVEN] = lanes.count(blob & even_cells)
                child[_ODD] = lanes.count(blob & ~even_cells)
                child[_EDGES] = _edges(blob, area)
            top += 1
            nodes[top, _PATH] = known
            nodes[nodes_open, _OPEN] = known
            nodes_open += 1
            known += 1
            continue
        if top == 0:
            return int(node[_BELOW])
        top -= 1
        parent_number = nodes[top, _PATH]
        parent = nodes[parent_number]
        parent[_LOW] = min(parent[_LOW], node[_LOW])
        entry = parent[_CELL]
        if entry < 0 or node[_LOW] < parent_number:
            continue
        # Everything opened since is one chamber, entered from the parent's cell.
        even = odd = edges = 0
        begin = nodes_open
        while True:
            begin -= 1
            member = nodes[begin, _OPEN]
            even += nodes[member, _EVEN]
            odd += nodes[member, _ODD]
            edges += nodes[member, _EDGES]
            if member == number:
                break
        entry_colour = ((entry >> CELL_BITS) + entry) & 1
        same, other = (odd, even) if entry_colour else (even, odd)
        value = cell_weight * fillable(same, other)
        for place in range(begin, nodes_open):
            member = nodes[place, _OPEN]
            if nodes[member, _BELOW]:
                passing = _fillable_to(same, other, nodes[member, _EVEN] != entry_colour)
                value = max(value, cell_weight * passing + nodes[member, _BELOW])
        nodes_open = begin
        parent[_BELOW] = max(parent[_BELOW], value + edge_weight * edges)


@kernel
def room(free: BoardRows, row: int, col: int, numbers: Int32Array) -> int:
    """Return an upper bound of the plies that a rider at a taken cell can still make alone.

    Args:
        free: ``(height,)``, empty cells.
        row: of the head.
        col: see ``row``.
        numbers: see ``new_numbers``; overwritten.
    """
    board = lanes.load(free)
    head = lanes.cell(board, row, col)
    return path_value(lanes.grown(head, board) & ~head, row, col, 1, 0, numbers)
