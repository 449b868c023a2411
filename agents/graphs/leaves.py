"""Leaves of a compiled search: many positions valued at once, from one flood of both riders."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.graphs import halves
from agents.graphs.builder import Graph, Value
from agents.graphs.description import APART, CLOSED, OPEN, SOONER, WIN, TreeSearch


@dataclass(frozen=True, slots=True)
class Measures:
    """What a flood found, int32, by rider and position ``(2, m)``."""

    cells: Value
    """Reached first."""
    even: Value
    """Of these, on colour 0."""
    edges: Value
    """Pairs of these side by side."""
    inner: Value
    """Of these, with all four neighbours among them."""
    tied: Value
    """Reached at once, ``(m,)``."""
    contact: Value
    """Not 0 where the riders can meet, ``(m,)``."""


class Leaves:
    """Writes evaluations into a graph.

    Args:
        graph: to write into.
        search: whose evaluation and longest line count.
    """

    def __init__(self, graph: Graph, search: TreeSearch) -> None:
        self._graph = graph
        self._search = search
        self.cells: Final = halves.cell_boards(graph)
        """Kept boards ``(1024, 32)`` of one cell each."""

    def evaluate(
        self, free: Value, own: Value, other: Value, was_apart: Value, ply: Value, solo: Value
    ) -> tuple[Value, Value]:
        """Return int32 ``(m,)`` twice: values without looking further, and kinds.

        Args:
            free: kept boards ``(m, 32)``; the heads may be in them.
            own: int64 ``(m,)``, the cell of the own head.
            other: the same of the other head.
            was_apart: int64 ``(m,)``, 1 where the last ply was made apart.
            ply: int64 ``(m,)``, from the root.
            solo: int64 ``(m,)``, plies made apart.
        """
        graph, weights = self._graph, self._search.evaluation
        found = self.measure(free, own, other)
        stuck = (found.cells + found.tied).equals(np.int32(0))
        own_stuck, other_stuck = (stuck.take(np.array(i), 0) for i in range(2))
        met = own.equals(other)
        was_apart = was_apart.cast(np.bool_)
        apart = graph.op("Or", was_apart, found.contact.equals(np.int32(0)))

        # By colours, a path from the head holds at most one cell more of the other colour.
        of_own = halves.colour(own).equals(np.int32(0))
        odd = found.cells - found.even
        same = graph.where(of_own, found.even, odd)
        fill = graph.op("Min", same * np.int32(2) + np.int32(1), (found.cells - same) * np.int32(2))
        edges = _lead(found.edges)
        together = _lead(found.cells) * np.int32(weights.cell) + edges * np.int32(weights.edge)
        together = together + _lead(found.inner) * np.int32(weights.inner)
        lead = _lead(fill) + solo.cast(np.int32)
        separate = lead * np.int32(weights.apart_cell) + edges * np.int32(weights.apart_edge)
        separate = separate + graph.op("Sign", lead) * np.int32(weights.ahead)

        later = ply.cast(np.int32) * np.int32(SOONER)
        ended = graph.where(
            own_stuck,
            graph.where(other_stuck, np.int32(0), later - np.int32(WIN)),
            graph.op("Neg", later) + np.int32(WIN),
        )
        over = graph.op("And", graph.op("Or", own_stuck, other_stuck), graph.op("Not", was_apart))
        value = graph.where(apart, separate, together)
        value = graph.where(over, ended, value)
        value = graph.where(met, np.int32(-weights.clash), value)
        limit = np.int64(self._search.max_plies - 1)
        shut = graph.op(
            "Or", graph.op("Or", over, met), graph.op("Or", own_stuck, ply.greater(limit))
        )
        kind = graph.where(apart, np.int32(APART), np.int32(OPEN))
        return value, graph.where(shut, np.int32(CLOSED), kind)

    def measure(self, free: Value, own: Value, other: Value) -> Measures:
        """Flood kept boards ``(m, 32)`` from heads on cells int64 ``(m,)``."""
        graph = self._graph
        heads = [self.cells.take(cells, 0) for cells in (own, other)]
        free = free & ~(heads[0] | heads[1])
        stacked = graph.concat([board.unsqueeze(0) for board in (*heads, free)], axis=0)
        low, high = halves.spread(stacked)
        reach = halves.split(
            (low.slice(0, 2, axis=0), high.slice(0, 2, axis=0)),
            (low.slice(2, 3, axis=0), high.slice(2, 3, axis=0)),
            self._search.evaluation.strides,
        )
        tied = []
        first = []
        for board in reach:
            mine, others = graph.split(board, 2, axis=0)
            tied.append(mine & others)
            first.append(board - tied[-1])
        inner, contact = [], []
        edges: list[Value] = []
        for colour in range(2):
            across = first[1 - colour]
            touching = halves.touching(first[colour], colour)
            own_touching, _ = graph.split(halves.joined(touching), 2, axis=0)
            _, others = graph.split(across, 2, axis=0)
            contact.append(own_touching & others)
            pairs = [part & across for part in touching]
            inner.append((pairs[0] & pairs[1]) & (pairs[2] & pairs[3]))
            edges = edges or pairs
        # Both riders' (2 boards each), then what concerns both (1 board each).
        counts = halves.count(graph.concat([*first, *edges, *inner, *tied, *contact], axis=0))
        size = graph.op("Shape", own, start=0, end=1)
        counts = graph.op("Slice", counts, np.array([0]), size, np.array([1]))
        even, odd, *sides, inside, within = (
            counts.slice(i, i + 2, axis=0) for i in range(0, 16, 2)
        )
        ties, contacts = (counts.slice(i, i + 2, axis=0).sum(0) for i in (16, 18))
        return Measures(
            cells=even + odd,
            even=even,
            edges=(sides[0] + sides[1]) + (sides[2] + sides[3]),
            inner=inside + within,
            tied=ties,
            contact=ties + contacts,
        )


def _lead(counts: Value) -> Value:
    """Return the first row less the second."""
    return counts.take(np.array(0), 0) - counts.take(np.array(1), 0)
