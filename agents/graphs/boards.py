"""Board operations inside a graph, on single cells and on packed bits.

A packed board is uint32 with an axis of 32 rows, bit ``c`` for column ``c``. The wall border keeps
rows and bits 0 and 31 empty wherever a board has been cut to free cells, so that shifts need no
masks. ``pair`` boards are ``(64, n)``: the rows of one rider's board, then of the other's.
"""

from typing import Final

import numpy as np

from agents.graphs.builder import Graph, Value
from tron_env.types import ACTIONS, PLANES, Plane

SIDE: Final = 32

FLOOD_STEPS: Final = 8
"""Steps of a flood between two looks at whether it has ended."""

MAX_FLOOD_TRIPS: Final = 113
"""Enough for 904 steps; no path on the board is longer than its 900 playable cells."""

ACTION_OFFSETS: Final = np.array([-SIDE, 1, SIDE, -1], dtype=np.int64)
"""From a cell to its neighbours, in ``Action`` order, where the board is one row of 1024 cells."""

_LOOKED_AT: Final = np.concatenate(
    [ACTION_OFFSETS, (ACTION_OFFSETS[:, None] + ACTION_OFFSETS[None]).reshape(-1)]
)
"""From a head to the target of each action, then to each of those targets' neighbours."""

_ONE = np.uint32(1)
_ROWS = np.arange(SIDE, dtype=np.int64)
_ROW_ABOVE = np.maximum(_ROWS - 1, 0)
_ROW_BELOW = np.minimum(_ROWS + 1, SIDE - 1)
_PAIR_ABOVE = np.concatenate([_ROW_ABOVE, _ROW_ABOVE + SIDE])
_PAIR_BELOW = np.concatenate([_ROW_BELOW, _ROW_BELOW + SIDE])
_PAIR_SWAPPED = np.concatenate([_ROWS + SIDE, _ROWS])


def observation(graph: Graph) -> Value:
    """Declare the policy contract's input, float32 ``(batch, 5, 32, 32)``."""
    return graph.input("observation", np.float32, ("batch", PLANES, SIDE, SIDE))


def free_plane(graph: Graph, planes: Value) -> Value:
    """Return float32 ``(batch, 1, 32, 32)``: 1.0 on empty cells."""
    occupied = graph.op(
        "ReduceMax",
        planes.slice(Plane.WALLS, Plane.OWN_HEAD, axis=1),
        np.array([1], dtype=np.int64),
        keepdims=1,
    )
    return occupied.less(np.float32(0.5)).cast(np.float32)


def targets_and_exits(graph: Graph, free: Value, planes: Value, head: Plane) -> tuple[Value, Value]:
    """Look one and two cells ahead of a head.

    Returns:
        bool ``(batch, 4)``, whether each action's target is empty, and float32 ``(batch, 4)``, how
        many neighbours of that target are. Without a head the corner cell stands in: all walls.
    """
    flat = free.reshape(0, SIDE * SIDE)
    plane = planes.slice(head, head + 1, axis=1).reshape(0, SIDE * SIDE)
    cell = graph.op("ArgMax", plane, axis=1, keepdims=1)
    # Two cells ahead may be off the board, behind a wall: any wall cell will do there.
    inside = graph.op("Clip", cell + _LOOKED_AT, np.int64(0), np.int64(SIDE * SIDE - 1))
    seen = graph.op("GatherElements", flat, inside, axis=1)
    accepted = seen.slice(0, ACTIONS, axis=1).greater(np.float32(0.5))
    exits = seen.slice(ACTIONS, ACTIONS + ACTIONS**2, axis=1).reshape(0, ACTIONS, ACTIONS).sum(2)
    return accepted, exits


def targets_and_exits_of_few_cells(graph: Graph, planes: Value) -> tuple[Value, Value]:
    """Return what ``targets_and_exits`` does of the own head, bool and float32 ``(batch, 4)``.

    For a graph that needs the free cells for nothing else: of the head's plane a product finds
    where it is, and of the planes that block only those cells are read that it could go to.
    """
    cells = SIDE**2
    own = planes.slice(Plane.OWN_HEAD, Plane.OWN_HEAD + 1, axis=1).reshape(0, cells)
    numbers = np.arange(cells, dtype=np.float32).reshape(cells, 1)
    head = graph.op("MatMul", own, numbers).cast(np.int64)
    inside = graph.op("Clip", head + _LOOKED_AT, np.int64(0), np.int64(cells - 1))
    blocking = range(Plane.OWN_HEAD)
    of_each = graph.concat([inside + np.int64(plane * cells) for plane in blocking], axis=1)
    seen = graph.op("GatherElements", planes.reshape(0, PLANES * cells), of_each, axis=1)
    blocked = seen.reshape(0, len(blocking), _LOOKED_AT.size).max(1)
    free = blocked.less(np.float32(0.5))
    exits = free.slice(ACTIONS, _LOOKED_AT.size, axis=1).cast(np.float32)
    return free.slice(0, ACTIONS, axis=1), exits.reshape(0, ACTIONS, ACTIONS).sum(2)


def pack(graph: Graph, planes: Value) -> Value:
    """Pack float32 0/1 planes ``(batch, n, 32, 32)`` into uint32 rows ``(batch, n, 32)``.

    A float32 product holds 16 bits exactly, not 32, so that each row is packed in two halves.
    """
    weights = np.zeros((SIDE, 2), dtype=np.float32)
    weights[:16, 0] = weights[16:, 1] = 2.0 ** np.arange(16)
    halves = graph.op("MatMul", planes, weights).cast(np.uint32)
    low = halves.take(np.array(0), axis=3)
    return low | (halves.take(np.array(1), axis=3) << np.uint32(16))


def moved(graph: Graph, heads: Value) -> Value:
    """Return packed boards ``(batch, 4, 32)`` of a head ``(batch, 32)`` moved by each action."""
    directions = (
        heads.take(_ROW_BELOW, 1),
        heads << _ONE,
        heads.take(_ROW_ABOVE, 1),
        heads >> _ONE,
    )
    return graph.concat([board.unsqueeze(1) for board in directions], axis=1)


def split_territory(graph: Graph, free: Value, start: Value) -> Value:
    """Flood from both riders at once until nothing changes.

    Args:
        graph: the graph.
        free: pair board ``(64, n)``, the empty cells, twice.
        start: pair board, each rider's head.

    Returns:
        pair board: what each rider reaches no later than the other, as
        ``tron_env.territory.split`` defines it.
    """

    def trip(reach: Value) -> tuple[list[Value], Value]:
        before = reach
        for _ in range(FLOOD_STEPS):
            before = reach
            grown = (reach << _ONE) | (reach >> _ONE)
            grown = grown | reach.take(_PAIR_ABOVE, 0) | reach.take(_PAIR_BELOW, 0)
            reach = reach | (grown & (free & ~reach.take(_PAIR_SWAPPED, 0)))
        # As float32: a sum of no elements is 0, and one of many cannot wrap around to 0.
        changed = (reach ^ before).cast(np.float32).sum(0, 1).greater(np.float32(0))
        return [reach], changed

    (reached,) = graph.loop(MAX_FLOOD_TRIPS, [start], [np.uint32], trip)
    return reached


def territory_counts(reach: Value) -> Value:
    """Return float32 ``(2, n)``: cells that each rider reaches strictly first, its own included.

    Counted by bytes: bit k of every byte is moved to its bit 0 and added up over k and the rows.
    That is at most 8 * 30 a byte, because wall rows are empty; int64 keeps the sum from wrapping.
    """
    alone = (reach & ~reach.take(_PAIR_SWAPPED, 0)).reshape(2, 1, SIDE, -1)
    bits = (alone >> np.arange(8, dtype=np.uint32).reshape(8, 1, 1)) & np.uint32(0x01010101)
    counts = bits.cast(np.int64).reshape(2, 8 * SIDE, -1).sum(1).cast(np.uint32)
    shifts = np.arange(0, 32, 8, dtype=np.uint32).reshape(4, 1, 1)
    return ((counts.unsqueeze(0) >> shifts) & np.uint32(0xFF)).cast(np.float32).sum(0)
