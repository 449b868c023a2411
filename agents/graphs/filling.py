"""Riding on to the end of a region alone: a rule that looks at twelve cells, and its graph.

A rider goes where the fewest ways lead on, into a dead end last of all. What settles ties makes
the difference: turning before going straight folds the path tightly, and several styles are ridden,
as none is best everywhere.
"""

from functools import cache
from typing import Final

import numpy as np

from agents.graphs import halves
from agents.graphs.boards import ACTION_OFFSETS, SIDE
from agents.graphs.builder import Graph, Value
from tron_env.types import ACTIONS, Int64Array, UInt8Array

STYLES: Final = ((1, 3, 0, 2), (3, 1, 0, 2), (0, 1, 3, 2), (0, 3, 1, 2))
"""What is preferred among equals: clockwise quarter turns from the heading, the first first."""

SEEN: Final[Int64Array] = np.array(
    [-SIDE, 1, SIDE, -1, -2 * SIDE, 1 - SIDE, 2, 1 + SIDE, 2 * SIDE, SIDE - 1, -2, -1 - SIDE],
    dtype=np.int64,
)
"""Offsets of the cells that the rule looks at: one ply away, in ``Action`` order, then two."""

CODES: Final = 1 << len(SEEN)
STUCK: Final = ACTIONS
"""Stands for an action where there is none."""

STEPS: Final[Int64Array] = np.append(ACTION_OFFSETS, 0)
"""Offset of each action, and of none."""

STRIDE: Final = 15
"""Plies between two looks at whether all have ended."""

MAX_STRIDES: Final = 60
"""Enough for 900 plies: no path is longer."""


@cache
def rule() -> UInt8Array:
    """Return uint8 ``(styles, headings, codes)``: the action taken, or ``STUCK``.

    A code has bit ``i`` set where the cell at ``SEEN[i]`` is empty.
    """
    empty = np.arange(CODES)[:, None] >> np.arange(len(SEEN)) & 1
    place = {int(offset): i for i, offset in enumerate(SEEN)}
    steps = ACTION_OFFSETS.tolist()
    tightness = np.empty((CODES, ACTIONS), dtype=np.int64)
    for action, step in enumerate(steps):
        ways = sum(empty[:, place[step + on]] for on in steps if step + on)
        tightness[:, action] = np.where(ways == 0, ACTIONS, ways)
    chosen: UInt8Array = np.empty((len(STYLES), ACTIONS, CODES), dtype=np.uint8)
    for style, turns in enumerate(STYLES):
        for heading in range(ACTIONS):
            rank = np.array([turns.index((action - heading) % 4) for action in range(ACTIONS)])
            cost = np.where(empty[:, :ACTIONS], tightness * ACTIONS + rank, 100)
            chosen[style, heading] = np.where(cost.min(1) < 100, cost.argmin(1), STUCK)
    return chosen


def ride(graph: Graph, free: Value, cells: Value, headings: Value) -> Value:
    """Return int32 ``(n,)``: plies until the end, by the best style.

    Args:
        graph: to write into.
        free: kept boards ``(n, 32)``, the empty cells; ``n`` may be 0.
        cells: int64 ``(n,)``, the heads.
        headings: int64 ``(n,)``, actions.
    """
    styles = len(STYLES)
    actions = graph.constant(rule().reshape(styles, -1)).cast(np.int64)
    # Where the rule's part for a style and heading begins; float32 holds it.
    style = graph.constant(np.arange(styles).reshape(-1, 1) * ACTIONS * CODES)
    begins = style + graph.op("Mod", actions, np.int64(ACTIONS)) * np.int64(CODES)
    begins = begins.cast(np.float32).reshape(-1)
    steps = graph.constant(STEPS).take(actions.reshape(-1), 0)
    board = halves.cells_of(free).cast(np.uint8)
    beyond = graph.constant(np.zeros((2 * SIDE,), dtype=np.uint8))
    flat = graph.concat([*[board.reshape(-1)] * styles, beyond], axis=0)
    one_style = graph.op("Shape", cells, start=0, end=1)
    shape = graph.concat([graph.constant(np.array([styles])), one_style], axis=0)
    every = graph.op("Expand", cells, shape)
    numbers = graph.op("NonZero", graph.op("Equal", every, every).reshape(-1)).reshape(-1)
    at = every.reshape(-1) + numbers * np.int64(halves.CELLS)
    begin = (style + headings * np.int64(CODES)).reshape(-1).cast(np.float32)
    weights = graph.constant((2.0 ** np.arange(len(SEEN))).astype(np.float32))
    nothing = (at - at).cast(np.uint8)

    def trip(flat: Value, at: Value, begin: Value) -> tuple[list[Value], Value]:
        step = at
        for _ in range(STRIDE):
            # Above the first row a negative place counts from the end, where nothing is empty.
            seen = flat.take(at + SEEN.reshape(-1, 1), 0).cast(np.float32)
            place = (graph.op("MatMul", weights, seen) + begin).cast(np.int64)
            step, begin = steps.take(place, 0), begins.take(place, 0)
            at = at + step
            flat = graph.op("ScatterElements", flat, at, nothing, axis=0)
        moved = step.cast(np.float32)
        return [flat, at, begin], (moved * moved).sum(0).greater(np.float32(0))

    dtypes = [np.uint8, np.int64, np.float32]
    rest, _, _ = graph.loop(MAX_STRIDES, [flat, at, begin], dtypes, trip)
    rest = rest.slice(0, -2 * SIDE, 0).reshape(styles, -1, halves.CELLS)
    before = board.cast(np.float32).reshape(1, -1, halves.CELLS)
    return (before.sum(2) - rest.cast(np.float32).sum(2)).max(0).cast(np.int32)
