"""Riding on to the end of a region alone: a rule that looks at twenty cells, and its graph.

A rider goes where it cuts nothing off, and there where least is open around: along walls and its
own trail, as tightly as it can. What settles ties makes a difference too: turning before going
straight folds the path, and several styles are ridden, as none is best everywhere.
"""

from functools import cache
from typing import Final

import numpy as np

from agents.graphs import halves
from agents.graphs.boards import ACTION_OFFSETS, SIDE
from agents.graphs.builder import Graph, Value
from tron_env.types import ACTIONS, Float32Array, Int64Array

STYLES: Final = ((1, 3, 0, 2), (3, 1, 0, 2), (0, 1, 3, 2), (0, 3, 1, 2))
"""What is preferred among equals: clockwise quarter turns from the heading, the first first."""

RING: Final = (-SIDE, 1 - SIDE, 1, 1 + SIDE, SIDE, SIDE - 1, -1, -1 - SIDE)
"""Offsets of the cells around one, clockwise from above. Bit ``i`` of a code is set where that
around the cell to go to is empty, bit ``len(RING)`` where that cell itself is."""

CODES: Final = 1 << (len(RING) + 1)

STUCK: Final = ACTIONS
"""Stands for an action where there is none; so does it for a heading."""

STEPS: Final[Int64Array] = np.append(ACTION_OFFSETS, 0)
"""Offset of each action, and of none."""

CUTTING, DEAD, NO_WAY, TAKEN = 40, 80, 100, 200
"""What it costs to cut off what is around, and to run into a dead end; more than this costs no way
on, and what is taken more than that. An empty cell around costs ``ACTIONS``, and ties add less."""

STRIDE: Final = 15
"""Plies between two looks at whether all have ended."""

MAX_STRIDES: Final = 60
"""Enough for 900 plies: no path is longer."""


@cache
def costs() -> Int64Array:
    """Return int64 ``(CODES,)``: what going to a cell costs, by its code."""
    around = np.arange(CODES)[:, None] >> np.arange(len(RING)) & 1
    beside = around[:, ::2]
    ways = beside.sum(1)
    # Two ways on are joined where the cell between them is empty too.
    joined = (beside & around[:, 1::2] & np.roll(beside, -1, 1)).sum(1)
    cost = around.sum(1) * ACTIONS
    cost += np.where(ways - joined > 1, CUTTING, 0) + np.where(ways == 0, DEAD, 0)
    taken = np.arange(CODES) < CODES // 2
    result: Int64Array = np.where(taken, TAKEN, cost)
    return result


@cache
def ranks(styles: int) -> Int64Array:
    """Return int64 ``(styles, headings, actions)``: what an action costs among equals."""
    turns = np.arange(ACTIONS) - np.arange(ACTIONS + 1)[:, None]
    result: Int64Array = np.stack([np.argsort(style)[turns % ACTIONS] for style in STYLES[:styles]])
    return result


def ride(graph: Graph, styles: int, free: Value, cells: Value, headings: Value) -> Value:
    """Return int32 ``(n,)``: plies until the end, by the best style.

    Args:
        graph: to write into.
        styles: how many of the styles.
        free: kept boards ``(n, 32)``, the empty cells; ``n`` may be 0.
        cells: int64 ``(n,)``, the heads.
        headings: int64 ``(n,)``, actions.
    """
    seen, weights = _codes()
    # The last row stands for staying; float32 holds all numbers here.
    stay = np.append(np.zeros(ACTIONS), CODES).astype(np.float32).reshape(-1, 1)
    costs_of = graph.constant(np.append(costs(), NO_WAY).astype(np.float32))
    among = np.pad(ranks(styles).reshape(-1, ACTIONS), ((0, 0), (0, 1))).T.astype(np.float32)
    ranks_of = graph.constant(np.ascontiguousarray(among))
    steps = graph.constant(STEPS)
    board = halves.cells_of(free).cast(np.uint8)
    beyond = graph.constant(np.zeros((2 * SIDE,), dtype=np.uint8))
    flat = graph.concat([*[board.reshape(-1)] * styles, beyond], axis=0)
    one_style = graph.op("Shape", cells, start=0, end=1)
    shape = graph.concat([graph.constant(np.array([styles])), one_style], axis=0)
    every = graph.op("Expand", cells, shape)
    numbers = graph.op("NonZero", graph.op("Equal", every, every).reshape(-1)).reshape(-1)
    at = every.reshape(-1) + numbers * np.int64(halves.CELLS)
    style = np.arange(styles).reshape(-1, 1) * (ACTIONS + 1)
    styled = graph.op("Expand", style, shape).reshape(-1)
    facing = (graph.constant(style) + headings).reshape(-1)
    nothing = (at - at).cast(np.uint8)

    def trip(flat: Value, at: Value, facing: Value) -> tuple[list[Value], Value]:
        step = at
        for _ in range(STRIDE):
            # Above the first row a negative place counts from the end, where nothing is empty.
            around = flat.take(at + seen.reshape(-1, 1), 0).cast(np.float32)
            codes = (graph.op("MatMul", graph.constant(weights), around) + stay).cast(np.int64)
            cost = costs_of.take(codes, 0) + ranks_of.take(facing, 1)
            action = graph.op("ArgMin", cost, axis=0, keepdims=0)
            facing = styled + action
            step = steps.take(action, 0)
            at = at + step
            flat = graph.op("ScatterElements", flat, at, nothing, axis=0)
        moved = step.cast(np.float32)
        return [flat, at, facing], (moved * moved).sum(0).greater(np.float32(0))

    rest, _, _ = graph.loop(MAX_STRIDES, [flat, at, facing], [np.uint8, np.int64, np.int64], trip)
    rest = rest.slice(0, -2 * SIDE, 0).reshape(styles, -1, halves.CELLS)
    before = board.cast(np.float32).reshape(1, -1, halves.CELLS)
    return (before.sum(2) - rest.cast(np.float32).sum(2)).max(0).cast(np.int32)


def _codes() -> tuple[Int64Array, Float32Array]:
    """Return the offsets of all cells looked at, and each one's part of the codes.

    The parts are float32 ``(ACTIONS + 1, cells)``; the head is taken and left out.
    """
    bits: list[dict[int, int]] = []
    for step in ACTION_OFFSETS.tolist():
        bits.append({step + offset: 1 << i for i, offset in enumerate(RING)})
        bits[-1][step] = 1 << len(RING)
    seen = sorted(set().union(*bits) - {0})
    parts = [[of_action.get(offset, 0) for offset in seen] for of_action in (*bits, {})]
    return np.array(seen, dtype=np.int64), np.array(parts, dtype=np.float32)
