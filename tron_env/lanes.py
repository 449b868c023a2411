"""Bitboards in vector registers: whole boards as values of compiled code.

A ``Board`` has one word a row, bit ``c`` for column ``c``, like the arrays of
``tron_env.territory``, but all rows are one value: 32 words of 32 bits, or 64 of 64 for boards
beyond 32 by 32. A step of a flood is then a dozen instructions for the whole board instead of a
loop over rows through memory, and nothing is ever cleared. Rows beyond the height of the array that
a board was loaded from are empty.

The functions here are LLVM vector operations, which every processor has in some width. The
outermost rows and columns of a board that is shifted must be empty, as the walls make them.
"""

import operator
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import cgutils as _cgutils
from numba.core import imputils, types
from numba.core.datamodel import models
from numba.core.typing import templates

from tron_env.compiling import part
from tron_env.territory import BoardRows

# Numba's own helpers have no types.
cgutils: Any = _cgutils
lower_builtin: Any = imputils.lower_builtin
infer_global: Any = templates.infer_global
signature: Any = templates.signature
register_model: Any = extending.register_model

_INT64 = ir.IntType(64)


class Board(Protocol):
    """A board as compiled code has it."""

    def __and__(self, other: "Board", /) -> "Board": ...
    def __or__(self, other: "Board", /) -> "Board": ...
    def __xor__(self, other: "Board", /) -> "Board": ...
    def __add__(self, other: "Board", /) -> "Board":
        """Add row by row, as numbers; for sums of ``counts``."""

    def __invert__(self) -> "Board": ...


def new_rows(height: int, width: int) -> BoardRows:
    """Return an empty array for ``load``: ``(height,)``, uint32 where 32 by 32 cells suffice."""
    small = max(height, width) <= 32
    return np.zeros(height, dtype=np.uint32) if small else np.zeros(height, dtype=np.uint64)


class _BoardType(types.Type):
    """Numba's type of boards of ``side`` rows."""

    def __init__(self, side: int) -> None:
        self.side = side
        super().__init__(f"Board({side})")


@register_model(_BoardType)
class _BoardModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: _BoardType) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            manager, kind, ir.VectorType(ir.IntType(kind.side), kind.side)
        )


def _vector(kind: _BoardType, words: list[int]) -> ir.Constant:
    word = ir.IntType(kind.side)
    return ir.Constant(ir.VectorType(word, kind.side), [ir.Constant(word, w) for w in words])


def _all(kind: _BoardType, word: int) -> ir.Constant:
    return _vector(kind, [word] * kind.side)


@infer_global(operator.and_)
@infer_global(operator.or_)
@infer_global(operator.xor)
@infer_global(operator.add)
class _TwoBoards(templates.AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if not kws and len(args) == 2 and isinstance(args[0], _BoardType) and args[0] == args[1]:
            return signature(args[0], *args)
        return None


@infer_global(operator.invert)
class _OneBoard(templates.AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if not kws and len(args) == 1 and isinstance(args[0], _BoardType):
            return signature(args[0], *args)
        return None


@lower_builtin(operator.and_, _BoardType, _BoardType)
def _and(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.and_(*args)


@lower_builtin(operator.or_, _BoardType, _BoardType)
def _or(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.or_(*args)


@lower_builtin(operator.xor, _BoardType, _BoardType)
def _xor(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.xor(*args)


@lower_builtin(operator.add, _BoardType, _BoardType)
def _add(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.add(*args)


@lower_builtin(operator.invert, _BoardType)
def _invert(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.not_(args[0])


def _rows_pointer(context: Any, builder: Any, array_type: Any, array: Any) -> tuple[Any, Any]:
    """Return where an array's rows lie as a vector, and which of a board's rows it has."""
    side = array_type.dtype.bitwidth
    view = context.make_array(array_type)(context, builder, array)
    vector = ir.VectorType(ir.IntType(side), side)
    count = cgutils.unpack_tuple(builder, view.shape, 1)[0]
    index = ir.VectorType(ir.IntType(32), side)
    rows = ir.Constant(index, [ir.Constant(ir.IntType(32), row) for row in range(side)])
    height = _splat(builder, index, builder.trunc(count, ir.IntType(32)))
    mask = builder.icmp_unsigned("<", rows, height)
    return builder.bitcast(view.data, vector.as_pointer()), mask


def _is_rows(array: Any) -> bool:
    return isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C"


def _operation(function: Callable[..., Any]) -> Any:
    """As ``numba.extending.intrinsic``, for callers with types."""
    return extending.intrinsic(function)


@_operation
def load(typing_context: Any, rows: Any) -> Any:
    """Return the board in an array ``(height,)`` of uint32 or uint64, at most as high as wide."""
    if not _is_rows(rows):
        return None
    kind = _BoardType(rows.dtype.bitwidth)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, mask = _rows_pointer(context, builder, sig.args[0], args[0])
        vector = context.get_value_type(kind)
        side = kind.side
        fnty = ir.FunctionType(vector, [pointer.type, ir.IntType(32), mask.type, vector])
        name = f"llvm.masked.load.v{side}i{side}.p0v{side}i{side}"
        read = cgutils.get_or_insert_function(builder.module, fnty, name)
        return builder.call(read, [pointer, ir.IntType(32)(side // 8), mask, _all(kind, 0)])

    return kind(rows), generate


@_operation
def store(typing_context: Any, board: Any, rows: Any) -> Any:
    """Write a board into an array as ``load`` takes it."""
    if not _is_rows(rows) or not isinstance(board, _BoardType):
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, mask = _rows_pointer(context, builder, sig.args[1], args[1])
        side = sig.args[0].side
        fnty = ir.FunctionType(
            ir.VoidType(), [args[0].type, pointer.type, ir.IntType(32), mask.type]
        )
        name = f"llvm.masked.store.v{side}i{side}.p0v{side}i{side}"
        write = cgutils.get_or_insert_function(builder.module, fnty, name)
        builder.call(write, [args[0], pointer, ir.IntType(32)(side // 8), mask])
        return context.get_dummy_value()

    return types.void(board, rows), generate


@_operation
def cell(typing_context: Any, like: Any, row: Any, col: Any) -> Any:
    """Return a board of the type of ``like`` with one cell."""
    kind = like

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = context.get_value_type(kind)
        word = vector.element
        row, col = (builder.trunc(n, word) if kind.side == 32 else n for n in args[1:])
        rows = _vector(kind, list(range(kind.side)))
        at = _splat(builder, vector, row)
        one = _splat(builder, vector, builder.shl(word(1), col))
        return builder.select(builder.icmp_unsigned("==", rows, at), one, _all(kind, 0))

    return kind(like, types.int64, types.int64), generate


def _splat(builder: Any, vector: Any, word: Any) -> Any:
    """Return a vector of one word over and over."""
    lane = builder.insert_element(ir.Constant(vector, ir.Undefined), word, ir.IntType(32)(0))
    zeros = ir.Constant(
        ir.VectorType(ir.IntType(32), vector.count), [ir.IntType(32)(0)] * vector.count
    )
    return builder.shuffle_vector(lane, lane, zeros)


@_operation
def checkered(typing_context: Any, like: Any) -> Any:
    """Return the cells whose row and column have an even sum."""
    kind = like
    even, odd = int("01" * 32, 2), int("10" * 32, 2)
    low = 2**kind.side - 1

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _vector(kind, [(odd if row % 2 else even) & low for row in range(kind.side)])

    return kind(like), generate


def _moved(builder: Any, kind: _BoardType, board: Any, rows: int) -> Any:
    """Return a board moved down by ``rows``, 1 or -1."""
    order = [row - rows if 0 <= row - rows < kind.side else kind.side for row in range(kind.side)]
    mask = ir.Constant(
        ir.VectorType(ir.IntType(32), kind.side), [ir.IntType(32)(place) for place in order]
    )
    return builder.shuffle_vector(board, _all(kind, 0), mask)


@_operation
def north(typing_context: Any, board: Any) -> Any:
    """Return each cell's neighbour above."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _moved(builder, board, args[0], -1)

    return board(board), generate


@_operation
def south(typing_context: Any, board: Any) -> Any:
    """Return each cell's neighbour below."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _moved(builder, board, args[0], 1)

    return board(board), generate


@_operation
def east(typing_context: Any, board: Any) -> Any:
    """Return each cell's neighbour to the right."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shl(args[0], _all(board, 1))

    return board(board), generate


@_operation
def west(typing_context: Any, board: Any) -> Any:
    """Return each cell's neighbour to the left."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.lshr(args[0], _all(board, 1))

    return board(board), generate


@_operation
def counts(typing_context: Any, board: Any) -> Any:
    """Return the number of cells of each row, as words."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = args[0].type
        name = f"llvm.ctpop.v{board.side}i{board.side}"
        fnty = ir.FunctionType(vector, [vector])
        return builder.call(cgutils.get_or_insert_function(builder.module, fnty, name), args)

    return board(board), generate


@_operation
def total(typing_context: Any, words: Any) -> Any:
    """Return the sum of the words of ``counts``."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = args[0].type
        name = f"llvm.vector.reduce.add.v{words.side}i{words.side}"
        fnty = ir.FunctionType(vector.element, [vector])
        add = cgutils.get_or_insert_function(builder.module, fnty, name)
        found = builder.call(add, args)
        return found if words.side == 64 else builder.zext(found, _INT64)

    return types.int64(words), generate


def _rows_of(builder: Any, kind: _BoardType, board: Any) -> Any:
    """Return one bit for each row that has a cell, as an integer."""
    return builder.bitcast(builder.icmp_unsigned("!=", board, _all(kind, 0)), ir.IntType(kind.side))


@_operation
def some(typing_context: Any, board: Any) -> Any:
    """Tell whether a board has any cell."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = _rows_of(builder, board, args[0])
        return builder.icmp_unsigned("!=", rows, rows.type(0))

    return types.boolean(board), generate


@_operation
def first(typing_context: Any, board: Any) -> Any:
    """Return the first cell of a board that has one, ``row << 6 | col``."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        true = ir.IntType(1)(1)
        row = builder.cttz(_rows_of(builder, board, args[0]), true)
        col = builder.cttz(builder.extract_element(args[0], row), true)
        if board.side == 32:
            row, col = builder.zext(row, _INT64), builder.zext(col, _INT64)
        return builder.or_(builder.shl(row, _INT64(6)), col)

    return types.int64(board), generate


@_operation
def has(typing_context: Any, board: Any, row: Any, col: Any) -> Any:
    """Tell whether one cell is set."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = builder.extract_element(args[0], args[1])
        col = builder.trunc(args[2], word.type) if board.side == 32 else args[2]
        return builder.trunc(builder.lshr(word, col), ir.IntType(1))

    return types.boolean(board, types.int64, types.int64), generate


@part
def spread(board: Board) -> Board:
    """Return the cells that touch a cell of the board by an edge."""
    touching: Board = north(board) | south(board) | east(board) | west(board)
    return touching


@part
def count(board: Board) -> int:
    """Return the number of cells."""
    return int(total(counts(board)))


@part
def grown(seed: Board, room: Board) -> Board:
    """Return ``seed`` with all cells of ``room`` that are joined to it."""
    while True:
        new = spread(seed) & room & ~seed
        if not some(new):
            return seed
        seed = seed | new


@part
def split(free: Board, reach_0: Board, reach_1: Board) -> tuple[Board, Board]:
    """Flood from both riders at once, as ``tron_env.territory.split`` does."""
    while True:
        left = free & ~(reach_0 | reach_1)
        new_0, new_1 = spread(reach_0) & left, spread(reach_1) & left
        if not some(new_0 | new_1):
            return reach_0, reach_1
        reach_0, reach_1 = reach_0 | new_0, reach_1 | new_1


@part
def separated(free: Board, reach_0: Board, reach_1: Board) -> bool:
    """Tell from the result of ``split`` whether the riders can never meet again."""
    meeting = reach_0 | (spread(reach_0) & free)
    return not some((meeting & reach_1) | (spread(reach_1) & reach_0 & free))
