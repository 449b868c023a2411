"""Half boards: the cells of one colour of the checkerboard, as bits of a few words.

A rider changes colour every ply, and both riders of a game always stand on one colour, so that a
flood only ever grows from cells of one colour into cells of the other. A half board has 16 cells a
row; cell ``k`` of a row touches, on the other half board, cell ``k`` of its own row and of the rows
above and below, and one more of its own row: ``k - 1`` or ``k + 1``, by colour and row. Wall
columns keep shifted bits from leaving their row.

A half board is ``2 * QUARTER`` words: even rows, then odd ones, each word with every fourth row of
its kind in fields of 16 bits. Boards come in two forms, both uint64. *Kept* boards are ``(n, 16)``,
colour 0 then colour 1. *Columns* are ``(..., 8, n)``, one colour, where even and odd rows are often
apart, ``(..., 4, n)`` each: of the four cells around one, two then need no work. Colour 0 is where
row + column is even.

The runtime takes twice as long for a bitwise operator as for an addition, so sets that share no
cell are joined by sums here. Its ``ReduceSum`` rounds large integers, so words are added in pairs.
"""

from typing import Final, NamedTuple

import numpy as np

from agents.graphs.boards import SIDE
from agents.graphs.builder import Graph, Value

CELLS: Final = SIDE * SIDE

QUARTER: Final = 4
"""Words of the rows of one kind and colour."""

HALF: Final = 2 * QUARTER
WORDS: Final = 2 * HALF

_FIELD: Final = 16
"""Bits of a row."""

_ONE = np.uint64(1)
_PAIRS = np.uint64(0x5555555555555555)
_NIBBLES = np.uint64(0x3333333333333333)
_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F)
_LOW_BYTES = np.uint64(0x00FF00FF00FF00FF)
_ADD_FIELDS = np.uint64(0x0001000100010001)

_BEFORE = np.roll(np.arange(QUARTER), 1)
_AFTER = np.roll(np.arange(QUARTER), -1)
_FIELD_UP = np.array([[1 << _FIELD], [1], [1], [1]], dtype=np.uint64)
"""A factor: the row before the first word's is in the last word, one field lower."""

_FIELD_DOWN = np.array([[0], [0], [0], [_FIELD]], dtype=np.uint64)
"""A shift: the row after the last word's is in the first word, one field higher."""


def _layout() -> tuple[np.ndarray, np.ndarray]:
    """Return int64 ``(1024,)`` twice: the word of each cell, and its bit there."""
    rows, cols = np.divmod(np.arange(CELLS), SIDE)
    field, word = np.divmod(rows // 2, QUARTER)
    return (rows + cols) % 2 * HALF + rows % 2 * QUARTER + word, field * _FIELD + cols // 2


_WORD_OF_CELL, _BIT_OF_CELL = _layout()


class Rows(NamedTuple):
    """Columns ``(..., 4, n)`` of the even and of the odd rows of one colour."""

    even: Value
    odd: Value


class Around(NamedTuple):
    """For each cell of one colour, four boards that tell which of the cells around it are held."""

    beside: Value
    across: Value
    level: Value
    beyond: Value

    def joined(self) -> Value:
        """Return the cells with any of them."""
        return (self.beside | self.level) | (self.across | self.beyond)


def pack(graph: Graph, plane: Value) -> Value:
    """Pack a float32 0/1 plane ``(batch, 1, 32, 32)`` into kept boards ``(batch, 16)``.

    A float32 product holds 16 bits exactly, so that fields are packed apart.
    """
    cells = np.lexsort((_BIT_OF_CELL, _WORD_OF_CELL))
    weights = (2.0 ** np.arange(_FIELD)).astype(np.float32)
    bits = plane.reshape(-1, CELLS).take(cells, 1).reshape(-1, WORDS, QUARTER, _FIELD)
    fields = graph.op("MatMul", bits, weights).cast(np.uint64)
    shifted = fields << (np.arange(QUARTER, dtype=np.uint64) * np.uint64(_FIELD))
    first, second, third, fourth = (shifted.take(np.array(i), 2) for i in range(QUARTER))
    return (first + second) + (third + fourth)


def cell_boards(graph: Graph) -> Value:
    """Return kept boards ``(1024, 16)`` of one cell each; worked out once, when loaded."""
    chosen = graph.constant(_WORD_OF_CELL[:, None]).equals(np.arange(WORDS, dtype=np.int64))
    return chosen.cast(np.uint64) * (_ONE << _BIT_OF_CELL.astype(np.uint64))[:, None]


def holds(board: Value, cells: Value) -> Value:
    """Return bool ``(n, k)``: whether kept boards ``(n, 16)`` hold cells, int64 ``(n, k)``."""
    graph = board.graph
    words = graph.op("GatherElements", board, graph.constant(_WORD_OF_CELL).take(cells, 0), axis=1)
    bits = graph.constant(_BIT_OF_CELL.astype(np.uint64)).take(cells, 0)
    return ((words >> bits) & _ONE).cast(np.bool_)


def cells_of(board: Value) -> Value:
    """Return uint64 ``(n, 1024)``, 0 or 1: the cells of kept boards ``(n, 16)``, row by row."""
    words = board.take(_WORD_OF_CELL, 1)
    return (words >> _BIT_OF_CELL.astype(np.uint64)) & _ONE


def colour(cells: Value) -> Value:
    """Return int32 0 or 1, the colours of cells."""
    colours = (_WORD_OF_CELL // HALF).astype(np.int32)
    return cells.graph.constant(colours).take(cells, 0)


def columns(kept: Value) -> tuple[Value, Value]:
    """Turn kept boards ``(n, 16)`` into columns ``(8, n)``, one for each colour."""
    low, high = kept.graph.split(kept.transpose(1, 0), 2, axis=0)
    return low, high


def rows(board: Value, axis: int) -> Rows:
    """Take columns ``(..., 8, n)`` apart into even and odd rows; ``axis`` is that of the words."""
    return Rows(*board.graph.split(board, 2, axis=axis))


def around(board: Rows, colour: int, axis: int) -> tuple[Around, Around]:
    """Look at what is around the cells of the other colour than ``colour``, which ``board`` has.

    Returns:
        for the even rows, and for the odd ones; ``axis`` is that of the words.
    """
    even, odd = board
    up, down = (odd, even) if colour == 0 else (even, odd)
    shifted = {id(up): up << _ONE, id(down): down >> _ONE}
    above = odd.take(_BEFORE, axis) * _FIELD_UP
    below = even.take(_AFTER, axis) >> _FIELD_DOWN
    return (
        Around(beside=even, across=shifted[id(even)], level=odd, beyond=above),
        Around(beside=odd, across=shifted[id(odd)], level=even, beyond=below),
    )


def grown(board: Rows, colour: int, within: Rows) -> Rows:
    """Return the cells of ``within``, of the other colour, that touch a board ``(4, n)``."""
    above, below = around(board, colour, 0)
    both = board.even | board.odd
    return Rows(
        (both | (above.across | above.beyond)) & within.even,
        (both | (below.across | below.beyond)) & within.odd,
    )


def pinched(board: Rows, around_it: tuple[Around, Around], colour: int, axis: int) -> Rows:
    """Return the cells of a board whose neighbours are not joined around the cell.

    These may part the territory; see ``tron_env.chambers.pinched_cells``.

    Args:
        board: of one colour.
        around_it: what ``around`` tells of the other colour's cells of the same territory.
        colour: of ``board``.
        axis: of the words.
    """
    even, odd = board
    # The cells at the corners of a cell have its colour and lie in rows of the other kind.
    corners = (
        (odd, odd.take(_BEFORE, axis) * _FIELD_UP),
        (even, even.take(_AFTER, axis) >> _FIELD_DOWN),
    )
    found: list[Value] = []
    for parity, (cells, near, (level, beyond)) in enumerate(
        zip(board, around_it, corners, strict=True)
    ):
        to_left = parity != colour
        across = [side >> _ONE if to_left else side << _ONE for side in (level, beyond)]
        ring = (near.beside, near.level, near.across, near.beyond)
        between = (level, across[0], across[1], beyond)
        # Neighbours after which a group of joined ones ends; two groups or more are parted.
        ends = [
            ring[i] - ((ring[i] & between[i]) & ring[(i + 1) % len(ring)]) for i in range(len(ring))
        ]
        first, second, third, fourth = ends
        parted = ((first & second) | (third & fourth)) | ((first | second) & (third | fourth))
        found.append(parted & cells)
    return Rows(*found)


def some(board: Value) -> Value:
    """Return bool ``(n,)``: whether columns ``(8, n)`` hold any cell."""
    return board.cast(np.float32).sum(0).greater(np.float32(0))


def count(boards: list[Rows]) -> list[Value]:
    """Return int32 ``(k, n)`` for each board ``(k, 4, n)``: how many cells it has."""
    graph = boards[0].even.graph
    totals = [_by_bytes(board) for board in boards]
    total = graph.concat(totals, axis=1)
    fields = (total & _LOW_BYTES) + ((total >> np.uint64(8)) & _LOW_BYTES)
    counts = ((fields * _ADD_FIELDS) >> np.uint64(3 * _FIELD)).cast(np.int32)
    return [counts.take(np.array(i), 1) for i in range(len(boards))]


def _by_bytes(board: Rows) -> Value:
    """Return uint64 ``(k, 1, n)``: the number of cells, as the sum of eight bytes up to 64."""
    even, odd = (_by_nibbles(rows) for rows in board)
    nibbles = even + odd
    bytes_ = (nibbles & _BYTES) + ((nibbles >> np.uint64(4)) & _BYTES)
    for _ in range(QUARTER.bit_length() - 1):
        upper, lower = board.even.graph.split(bytes_, 2, axis=1)
        bytes_ = upper + lower
    return bytes_


def _by_nibbles(rows: Value) -> Value:
    """Return each word with the number of cells in each four of its bits there."""
    pairs = rows - ((rows >> _ONE) & _PAIRS)
    return (pairs & _NIBBLES) + ((pairs >> np.uint64(2)) & _NIBBLES)
