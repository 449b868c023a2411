"""Eight cells at a time: uint64 words read from and written to bytes, wherever they begin.

The board of a game begins at any multiple of its area, so that no aligned view of it exists.
"""

from typing import Any, Final

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from tron_env.kernel import EMPTY, TRAIL, WALL

WORD: Final = np.uintp(8)
"""Cells in a word."""

TRAIL_BITS: Final = np.uint64(0x0202020202020202)
"""The bit that tells trail in each cell of a word, see ``CellKind``."""
assert (EMPTY, WALL, TRAIL) == (0, 1, 2)


def _word_at(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the uint64 in ``array[index : index + 8]``, uint8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature, arguments), align=1)

    return types.uint64(array, types.uintp), generate


def _put_word(typing_context: Any, array: Any, index: Any, word: Any) -> Any:
    """Write a uint64 to ``array[index : index + 8]``, uint8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _place(context, builder, signature, arguments), align=1)
        return context.get_dummy_value()

    return types.void(array, types.uintp, types.uint64), generate


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    word = context.get_value_type(types.uint64).as_pointer()
    return builder.bitcast(builder.gep(data, [arguments[1]]), word)


word_at: Any = intrinsic(_word_at)
put_word: Any = intrinsic(_put_word)
