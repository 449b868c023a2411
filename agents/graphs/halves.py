"""Floods on half boards: the cells of one colour of the checkerboard, 16 bits a row.

A rider changes colour every ply, and both riders of a game always stand on one colour, so that a
flood only ever grows from cells of one colour into cells of the other. A half board has 16 cells a
row; cell ``k`` of a row touches, on the other half board, cell ``k`` of its own row and of the rows
above and below, and one more of its own row: ``k - 1`` or ``k + 1``, by colour and row. Wall
columns keep shifted bits from leaving their row.

Two forms are used. *Kept* boards are uint32 ``(n, 32)``, one word a row, colour 0 in the low and
colour 1 in the high half. *Flooded* boards are uint64 ``(k, 32, m)``, one colour, each word holding
the same row of four positions: position ``i`` of ``4 * m`` lies in field ``i // m`` of word
``i % m``. In both the even rows come first, ``ROW_ORDER``. Colour 0 is where row + column is even.

The runtime takes twice as long for a bitwise operator as for an addition, so sets that share no
cell are joined by sums here. Its ``ReduceSum`` rounds large integers, so words are added in pairs.
"""

from typing import Final

import numpy as np

from agents.graphs.boards import SIDE
from agents.graphs.builder import Graph, Value
from agents.graphs.description import FLOOD_STRIDE

CELLS: Final = SIDE * SIDE
FIELDS: Final = 4
"""Positions in one word."""

ROW_ORDER: Final = np.concatenate([np.arange(0, SIDE, 2), np.arange(1, SIDE, 2)])

_HALF = SIDE // 2
_EVEN_ROWS, _ODD_ROWS = np.arange(_HALF), np.arange(_HALF) + _HALF
_LEVEL = np.concatenate([_ODD_ROWS, _EVEN_ROWS])
"""The row beside each row on one side: below even rows and above odd ones."""

_BEYOND = np.concatenate([np.maximum(_ODD_ROWS - 1, _HALF), np.minimum(_EVEN_ROWS + 1, _HALF - 1)])
"""The row on the other side; a wall row, which is never free, may get any neighbour."""

_ROW_IS_ODD = np.repeat(np.array([0, 1], dtype=np.uint64), _HALF).reshape(SIDE, 1)
_ONE = np.uint64(1)
_UP: Final = (_ONE + _ROW_IS_ODD, _ONE + (_ONE - _ROW_IS_ODD))
_DOWN: Final = (_ONE - _ROW_IS_ODD, _ROW_IS_ODD)
"""The other neighbour in a row, by the colour of the half board: a factor, then a shift back."""

_FIELD_SHIFTS: Final = (np.arange(FIELDS, dtype=np.uint64) * np.uint64(16)).reshape(FIELDS, 1)

_PAIRS = np.uint64(0x5555555555555555)
_NIBBLES = np.uint64(0x3333333333333333)
_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F)
_LOW_BYTES = np.uint64(0x00FF00FF00FF00FF)


def _layout() -> tuple[np.ndarray, np.ndarray]:
    """Return int64 ``(1024,)`` twice: the kept row of each cell, and its bit there."""
    rows, cols = np.divmod(np.arange(CELLS), SIDE)
    place = np.empty(SIDE, dtype=np.int64)
    place[ROW_ORDER] = np.arange(SIDE)
    return place[rows], cols // 2 + 16 * ((rows + cols) % 2)


_ROW_OF_CELL, _BIT_OF_CELL = _layout()


def pack(graph: Graph, plane: Value) -> Value:
    """Pack a float32 0/1 plane ``(batch, 1, 32, 32)`` into kept boards ``(batch, 32)``.

    A float32 product holds 16 bits exactly, so that the colours are packed apart.
    """
    weights = np.zeros((CELLS, 2), dtype=np.float32)
    bits = _BIT_OF_CELL.reshape(SIDE, SIDE)[ROW_ORDER].reshape(-1)
    weights[np.arange(CELLS), bits // 16] = 2.0 ** (bits % 16)
    rows = plane.reshape(-1, SIDE, 1, SIDE).take(ROW_ORDER, 1)
    halves = graph.op("MatMul", rows, weights.reshape(SIDE, SIDE, 2)).cast(np.uint32)
    low, high = (halves.take(np.array(i), 3).reshape(-1, SIDE) for i in range(2))
    return low + (high << np.uint32(16))


def cell_boards(graph: Graph) -> Value:
    """Return kept boards ``(1024, 32)`` of one cell each; worked out once, when loaded."""
    chosen = graph.constant(_ROW_OF_CELL[:, None]).equals(np.arange(SIDE, dtype=np.int64))
    return chosen.cast(np.uint32) * (np.uint32(1) << _BIT_OF_CELL.astype(np.uint32))[:, None]


def holds(board: Value, cells: Value) -> Value:
    """Return bool ``(n, k)``: whether kept boards ``(n, 32)`` hold cells, int64 ``(n, k)``."""
    graph = board.graph
    rows = graph.op("GatherElements", board, graph.constant(_ROW_OF_CELL).take(cells, 0), axis=1)
    bits = graph.constant(_BIT_OF_CELL.astype(np.uint32)).take(cells, 0)
    return ((rows >> bits) & np.uint32(1)).cast(np.bool_)


def cells_of(board: Value) -> Value:
    """Return uint32 ``(n, 1024)``, 0 or 1: the cells of kept boards ``(n, 32)``, row by row."""
    words = board.take(_ROW_OF_CELL, 1)
    return (words >> _BIT_OF_CELL.astype(np.uint32)) & np.uint32(1)


def colour(cells: Value) -> Value:
    """Return int32 0 or 1, the colours of cells."""
    colours = (_BIT_OF_CELL // 16).astype(np.int32)
    return cells.graph.constant(colours).take(cells, 0)


def spread(kept: Value) -> tuple[Value, Value]:
    """Turn kept boards ``(k, n, 32)`` into flooded ones ``(k, 32, m)``, one for each colour.

    Positions are filled up to ``4 * m``, at least one more, by empty boards.
    """
    graph = kept.graph
    count = graph.op("Shape", kept, start=1, end=2)
    room = graph.op("Neg", graph.op("Mod", count, np.array([FIELDS]))) + np.array([FIELDS])
    none = np.array([0])
    filled = graph.op(
        "Pad",
        kept,
        graph.concat([graph.constant(np.zeros(4, np.int64)), room, graph.constant(none)], axis=0),
    )
    rows = filled.transpose(0, 2, 1)
    halves = (rows & np.uint32(0xFFFF), rows >> np.uint32(16))
    low, high = (_in_fields(half.cast(np.uint64)) for half in halves)
    return low, high


def touching(board: Value, colour: int) -> tuple[Value, Value, Value, Value]:
    """Return the neighbours of a flooded board of ``colour``, one direction each."""
    across = (board * _UP[colour]) >> _DOWN[colour]
    return board, across, board.take(_LEVEL, 1), board.take(_BEYOND, 1)


def grown(board: Value, colour: int) -> Value:
    """Return the cells, of the other colour, that touch a flooded board of ``colour``."""
    return joined(touching(board, colour))


def joined(parts: tuple[Value, Value, Value, Value]) -> Value:
    """Return the cells of any of four boards."""
    beside, across, level, beyond = parts
    return (beside | across) | (level | beyond)


def split(heads: tuple[Value, Value], free: tuple[Value, Value], strides: int) -> list[Value]:
    """Flood from both riders at once.

    Args:
        heads: flooded boards ``(2, 32, m)`` by colour, a cell of each rider.
        free: flooded boards ``(1, 32, m)`` by colour, the empty cells, without the heads.
        strides: the flood ends after ``FLOOD_STRIDE`` times so many plies and one.

    Returns:
        flooded boards ``(2, 32, m)``, one a colour: what each rider reaches no later than the
        other, its head left out. Riders on colour 1 start a ply later than those on colour 0,
        which only shows where the two are on different colours: no game leads there.
    """
    graph = heads[0].graph

    def step(front: Value, left: Value, colour: int) -> tuple[Value, Value, Value]:
        new = grown(front, colour) & left
        first, second = graph.split(new, 2, axis=0)
        taken = first | second
        return new, left - taken, taken

    def trip(
        front: Value, left_0: Value, left_1: Value, reach_0: Value, reach_1: Value
    ) -> tuple[list[Value], Value]:
        taken = front
        for _ in range(FLOOD_STRIDE // 2):
            front, left_0, _ = step(front, left_0, 1)
            reach_0 = reach_0 + front
            front, left_1, taken = step(front, left_1, 0)
            reach_1 = reach_1 + front
        # As float32: a sum of no elements is 0, and one of many cannot wrap around to 0.
        going = taken.cast(np.float32).sum(0, 1, 2).greater(np.float32(0))
        return [front, left_0, left_1, reach_0, reach_1], going

    first, left_1, _ = step(heads[0], free[1], 0)
    nothing = heads[0] - heads[0]
    state = [first + heads[1], free[0], left_1, nothing, first]
    _, _, _, reach_0, reach_1 = graph.loop(strides, state, [np.uint64] * 5, trip)
    return [reach_0, reach_1]


def count(boards: Value) -> Value:
    """Return int32 ``(k, 4 * m)``: the cells of flooded boards ``(k, 32, m)``, by position."""
    pairs = boards - ((boards >> _ONE) & _PAIRS)
    nibbles = (pairs & _NIBBLES) + ((pairs >> np.uint64(2)) & _NIBBLES)
    # At most 8 a byte in each of 30 rows: a byte holds the sum.
    bytes_ = (nibbles + (nibbles >> np.uint64(4))) & _BYTES
    total = bytes_
    for _ in range(SIDE.bit_length() - 1):
        upper, lower = boards.graph.split(total, 2, axis=1)
        total = upper + lower
    fields = (total & _LOW_BYTES) + ((total >> np.uint64(8)) & _LOW_BYTES)
    apart = (fields >> _FIELD_SHIFTS) & np.uint64(0xFFFF)
    return apart.reshape(0, -1).cast(np.int32)


def _in_fields(rows: Value) -> Value:
    """Pack four positions into each word: uint64 ``(k, 32, 4 * m)`` to ``(k, 32, m)``."""
    parts = rows.graph.split(rows.reshape(0, SIDE, FIELDS, -1), FIELDS, axis=2)
    fields = [part << shift for part, shift in zip(parts, _FIELD_SHIFTS, strict=True)]
    return ((fields[0] + fields[1]) + (fields[2] + fields[3])).reshape(0, SIDE, -1)
