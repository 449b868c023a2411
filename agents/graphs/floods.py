"""Floods of single riders, and which of two is where first.

A rider's flood does not look at the other: what one reaches strictly first is told afterwards, by
comparing when each came to a cell. So the moves of a position need one flood each and its replies
one each, instead of two for every joint ply. The result is that of a flood of both at once in which
neither passes where the other was first: on the way to a cell that one reaches first, it is first.

When a rider comes to a cell is written as bits, *codes*: boards of which the lowest two tell one of
four layers of a colour within a trip of the flood, and the others the trip.
"""

from dataclasses import dataclass

import numpy as np

from agents.graphs import halves
from agents.graphs.builder import Graph, Value
from agents.graphs.description import FLOOD_STRIDE
from agents.graphs.halves import HALF, Rows

LAYERS = FLOOD_STRIDE // 2
"""Of each colour, in a trip."""


@dataclass(frozen=True, slots=True)
class Flood:
    """What riders reach, and when."""

    codes: Value
    """uint64 ``(riders, 2 * boards * 8)``, words of colour 0, then of colour 1: the cells reached,
    and the codes of all cells, highest bit first. Cells that are never reached have a higher code
    than any other, the rider's own has the lowest."""
    boards: int
    """How many for a colour."""
    stuck: Value
    """bool ``(riders,)``, nothing is reached."""


@dataclass(frozen=True, slots=True)
class Split:
    """Who is where first, by colour: columns ``(2, 8, n)``, own and other, and ``(8, n)``."""

    first: tuple[Value, Value]
    tied: tuple[Value, Value]


def flood(graph: Graph, free: Value, heads: Value, strides: int) -> Flood:
    """Flood from each of many riders.

    Args:
        graph: to write into.
        free: kept boards ``(riders, 16)``, the empty cells; the heads may be in them.
        heads: kept boards ``(riders, 16)`` of one cell.
        strides: the flood ends after ``FLOOD_STRIDE`` times so many plies and one.

    Riders on colour 1 start a ply later than those on colour 0, which only shows where two on
    different colours are compared: no game leads there.
    """
    free = free & ~heads
    frees = halves.columns(free)
    left_0, left_1 = (halves.rows(board, 0) for board in frees)
    head_0, head_1 = (halves.rows(board, 0) for board in halves.columns(heads))
    first = halves.grown(head_0, 0, left_1)
    left_1 = _less(left_1, first)
    nothing = _less(left_0, left_0)
    later = Rows(first.even + head_1.even, first.odd + head_1.odd)

    def trip(*state: Value) -> tuple[list[Value], Value]:
        front, *rest = (Rows(*state[i : i + 2]) for i in range(0, len(state), 2))
        lefts, low, high = rest[:2], rest[2:4], rest[4:]
        marks = list(lefts)
        for layer in range(LAYERS):
            for colour in range(2):
                front = halves.grown(front, 1 - colour, lefts[colour])
                lefts[colour] = left = _less(lefts[colour], front)
                # The first layer of colour 1 comes before the first trip.
                number = (layer + colour) % LAYERS
                if number % 2:
                    low[colour] = _more(low[colour], front)
                if number == LAYERS - 1:
                    high[colour] = _more(high[colour], _less(marks[colour], left))
                if number in (LAYERS // 2 - 1, LAYERS - 1):
                    marks[colour] = left
        # As float32: a sum of no elements is 0, and one of many cannot wrap around to 0.
        going = (front.even + front.odd).cast(np.float32).sum(0, 1).greater(np.float32(0))
        carried = [part for rows in (front, *lefts, *low, *high) for part in rows]
        return [*carried, *(_whole(mark) for mark in marks)], going

    state = [later, left_0, left_1, *[nothing] * 4]
    carried = [part for rows in state for part in rows]
    results = graph.loop(strides, carried, [np.uint64] * (len(carried) + 2), trip)
    _, *rest = (Rows(*results[i : i + 2]) for i in range(0, len(carried), 2))
    lefts, low, high = ([_whole(rows) for rows in rest[i : i + 2]] for i in range(0, 6, 2))
    reached = [frees[colour] - lefts[colour] for colour in range(2)]
    parts: list[Value] = []
    for colour in range(2):
        trips = _binary(results[len(carried) + colour], lefts[colour], strides)
        parts += [reached[colour], *reversed(trips), high[colour], low[colour]]
    return Flood(
        codes=graph.concat(parts, axis=0).transpose(1, 0),
        boards=len(parts) // 2,
        stuck=graph.op("Not", halves.some(graph.concat(reached, axis=0))),
    )


def split(found: Flood, own: Value, other: Value) -> Split:
    """Compare riders in pairs, int64 ``(n,)`` rows of a flood."""
    graph = found.codes.graph
    sides = [
        graph.split(found.codes.take(rows, 0).transpose(1, 0), 2 * found.boards, axis=0)
        for rows in (own, other)
    ]
    first: list[Value] = []
    tied: list[Value] = []
    for begin in (0, found.boards):
        mine, others = (side[begin : begin + found.boards] for side in sides)
        sooner, later, equal = _compared(mine[1:], others[1:])
        both = [board.unsqueeze(0) for board in (sooner & mine[0], later & others[0])]
        first.append(graph.concat(both, axis=0))
        tied.append(equal & mine[0])
    return Split((first[0], first[1]), (tied[0], tied[1]))


def _less(board: Rows, taken: Rows) -> Rows:
    return Rows(board.even - taken.even, board.odd - taken.odd)


def _more(board: Rows, new: Rows) -> Rows:
    return Rows(board.even + new.even, board.odd + new.odd)


def _whole(board: Rows) -> Value:
    """Return columns ``(8, n)`` of even and odd rows."""
    return board.even.graph.concat(list(board), axis=0)


def _binary(marks: Value, left: Value, strides: int) -> list[Value]:
    """Return the bits, lowest first, of the trip in which a cell is reached.

    Args:
        marks: uint64 ``(trips, 8, n)``, what was left after each trip: less and less.
        left: columns ``(8, n)``, what was left at the very end.
        strides: most trips. Any that was not made would have left what the last did.
    """
    graph = left.graph
    last = graph.op("Shape", marks, start=0, end=1) - np.int64(1)
    filled = marks.take(graph.op("Min", last, np.arange(strides)), 0)
    after = list(graph.split(filled.reshape(strides * HALF, -1), strides, axis=0))
    after.append(left)
    bits = []
    for bit in range(len(after).bit_length()):
        step = 1 << bit
        total, *nested = after[step - 1 :: step]
        for i, board in enumerate(nested):
            total = total + board if i % 2 else total - board
        bits.append(total)
    return bits


def _compared(own: tuple[Value, ...], other: tuple[Value, ...]) -> tuple[Value, Value, Value]:
    """Return where one code is below the other, where above, and where they are equal."""
    differing = own[0] ^ other[0]
    equal, below = ~differing, differing & other[0]
    for mine, others in zip(own[1:], other[1:], strict=True):
        differing = (mine ^ others) & equal
        below = below + (differing & others)
        equal = equal - differing
    return below, ~(equal + below), equal
