"""The kernels for people who write their own search or training loop in Numba.

Everything here is a compiled function (or a constant) that compiled code can call; nothing checks
its arguments, and all results go into arrays of the caller. A game is the arrays of
``tron_env.kernel`` (``cells``, ``heads``, ``headings``, ``causes``, ``plies``, ``outcomes``), each
with a leading axis of games; a ``BatchEngine`` has them as attributes, and arrays of the same
shapes and dtypes made by ``numpy`` serve as well.

| function | does |
|---|---|
| ``advance(i, cells, heads, headings, causes, plies, outcomes, a, b, max_plies)`` | one ply |
| ``write_mask(i, seat, cells, heads, headings, causes, out_masks)`` | accepted actions of a rider |
| ``encode_state(i, cells, heads, causes, out_planes)`` | both seats' observations |
| ``effective_heading(heading, action)`` | the direction really ridden |
| ``death_cause(kind, seat)`` | what entering a cell does |
| ``mirrored_spawns(height, width, seed)``, ``corner_spawns(height, width)`` | a start |
| ``random_u64(seed, counter)``, ``random_below(seed, counter, bound)`` | a draw, no state |
| ``pack_free(i, cells, out_free)`` | empty cells as a bitboard, uint64 a row |
| ``split(free, reach_0, reach_1, scratch_0, scratch_1)`` | territory of both riders |
| ``flood(free, reach, scratch)`` | reachable cells |
| ``separated(reach_0, reach_1, free)`` | whether the riders can meet again |
| ``fill_bound(area, row, col)`` | upper bound of the plies left in an area |
| ``count(board)``, ``popcount(word)``, ``bit(col)`` | cells of a bitboard |

The random playout below is a whole search's inner loop; it compiles and runs as it stands.

>>> import numpy as np
>>> from numba import njit
>>> from tron_env import APEX, BatchEngine, jit
>>> @njit
... def playout(cells, heads, headings, causes, plies, outcomes, masks, seed, max_plies):
...     while outcomes[0] == jit.ONGOING:
...         chosen = np.zeros(2, dtype=np.int64)
...         for seat in range(2):
...             jit.write_mask(0, seat, cells, heads, headings, causes, masks)
...             chosen[seat] = headings[0, seat]
...             ways = masks[0, seat].sum()
...             if ways > 0:
...                 draw = np.uint64(2 * plies[0] + seat)
...                 skip = jit.random_below(np.uint64(seed), draw, ways)
...                 chosen[seat] = np.flatnonzero(masks[0, seat])[skip]
...         jit.advance(0, cells, heads, headings, causes, plies, outcomes,
...                     chosen[0], chosen[1], max_plies)
...     return outcomes[0]
>>> engine = BatchEngine(APEX, 1)
>>> engine.reset([0], [7])
>>> position = [engine.cells, engine.heads, engine.headings, engine.causes, engine.plies,
...             engine.outcomes, engine.masks]
>>> ends = [playout(*[array.copy() for array in position], seed, 500) for seed in range(20)]
>>> all(1 <= end <= 4 for end in ends), engine.plies[0]
(True, np.int32(0))
"""

from tron_env.kernel import (
    ALIVE,
    BY_OPPONENT,
    BY_SELF,
    BY_WALL,
    COL_STEP,
    DRAW,
    EMPTY,
    FIRST_WINS,
    HEAD_ON,
    ONGOING,
    ROW_STEP,
    SECOND_WINS,
    TRAIL,
    TRUNCATED,
    WALL,
    advance,
    death_cause,
    effective_heading,
    write_mask,
)
from tron_env.observation import encode_state
from tron_env.spawn import corner_spawns, mirrored_spawns, random_below, random_u64
from tron_env.territory import (
    bit,
    count,
    fill_bound,
    flood,
    pack_free,
    popcount,
    separated,
    split,
)

__all__ = [
    "ALIVE",
    "BY_OPPONENT",
    "BY_SELF",
    "BY_WALL",
    "COL_STEP",
    "DRAW",
    "EMPTY",
    "FIRST_WINS",
    "HEAD_ON",
    "ONGOING",
    "ROW_STEP",
    "SECOND_WINS",
    "TRAIL",
    "TRUNCATED",
    "WALL",
    "advance",
    "bit",
    "corner_spawns",
    "count",
    "death_cause",
    "effective_heading",
    "encode_state",
    "fill_bound",
    "flood",
    "mirrored_spawns",
    "pack_free",
    "popcount",
    "random_below",
    "random_u64",
    "separated",
    "split",
    "write_mask",
]
