"""One block of memory for a whole batch, and the arrays that lie in it.

A kernel call costs a tenth of a microsecond for every array handed over, more than playing a ply;
so kernels take the block alone and cut it up themselves, with the same function that Python uses.

The flat views, for ``n`` games of ``area`` cells, in this order:

    seeds     uint64 (n,)          names the start; see ``tron_env.spawn``
    plies     int32  (n,)
    heads     int16  (4 n,)        row and col of rider 0, row and col of rider 1
    headings  uint8  (2 n,)
    causes    uint8  (2 n,)
    outcomes  uint8  (n,)
    masks     bool   (8 n,)
    cells     uint8  (area n,)
    planes    uint8  (10 area n,)
"""

from typing import Any, Final, NamedTuple

import numpy as np

from tron_env.compiling import kernel, part
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    BoolArray,
    Int16Array,
    Int32Array,
    SeedArray,
    UInt8Array,
)

LINE: Final = 64
"""Bytes of a cache line, at whose multiples every array starts."""


class Views(NamedTuple):
    """The arrays of a batch, each flat."""

    seeds: SeedArray
    plies: Int32Array
    heads: Int16Array
    headings: UInt8Array
    causes: UInt8Array
    outcomes: UInt8Array
    masks: BoolArray
    cells: UInt8Array
    planes: UInt8Array


@part
def aligned(size: int) -> int:
    """Return ``size`` in bytes rounded up to whole cache lines."""
    return (size + LINE - 1) // LINE * LINE


@kernel
def block_size(n: int, area: int) -> int:
    """Return the bytes that ``n`` games of ``area`` cells need.

    >>> block_size(1024, 32 * 32) // 1024
    11297
    """
    small = aligned(8 * n) + 2 * aligned(2 * n) + aligned(4 * n) + aligned(n)
    return int(small + 2 * aligned(8 * n) + aligned(area * n) + aligned(10 * area * n))


@part
def views(memory: UInt8Array, n: int, area: int) -> Any:
    """Return the flat arrays that lie in ``memory``, uint8 ``(block_size(n, area),)``."""
    place = 0
    seeds = memory[place : place + 8 * n].view(np.uint64)
    place += aligned(8 * n)
    plies = memory[place : place + 4 * n].view(np.int32)
    place += aligned(4 * n)
    heads = memory[place : place + 8 * n].view(np.int16)
    place += aligned(8 * n)
    headings = memory[place : place + 2 * n]
    place += aligned(2 * n)
    causes = memory[place : place + 2 * n]
    place += aligned(2 * n)
    outcomes = memory[place : place + n]
    place += aligned(n)
    masks = memory[place : place + 8 * n].view(np.bool_)
    place += aligned(8 * n)
    cells = memory[place : place + area * n]
    place += aligned(area * n)
    planes = memory[place : place + 10 * area * n]
    return Views(seeds, plies, heads, headings, causes, outcomes, masks, cells, planes)


def new_block(n: int, area: int) -> UInt8Array:
    """Return zeroed memory for ``n`` games, starting at a cache line."""
    spare: UInt8Array = np.zeros(block_size(n, area) + LINE, dtype=np.uint8)
    shift = -spare.ctypes.data % LINE
    block: UInt8Array = spare[shift : shift + block_size(n, area)]
    return block


def shaped(block: UInt8Array, n: int, height: int, width: int) -> Views:
    """Return the same arrays with one axis for each thing counted.

    ``seeds (n,)``, ``plies (n,)``, ``heads (n, 2, 2)``, ``headings (n, 2)``, ``causes (n, 2)``,
    ``outcomes (n,)``, ``masks (n, 2, 4)``, ``cells (n, height, width)``, ``planes
    (n, 2, 5, height, width)``.
    """
    flat: Views = views.py_func(block, n, height * width)  # type: ignore[attr-defined]
    return Views(
        flat.seeds,
        flat.plies,
        flat.heads.reshape(n, SEATS, 2),
        flat.headings.reshape(n, SEATS),
        flat.causes.reshape(n, SEATS),
        flat.outcomes,
        flat.masks.reshape(n, SEATS, ACTIONS),
        flat.cells.reshape(n, height, width),
        flat.planes.reshape(n, SEATS, PLANES, height, width),
    )
