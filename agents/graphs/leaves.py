"""Leaves of a compiled search: many positions valued at once, from floods of their riders."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.graphs import floods, halves
from agents.graphs.builder import Graph, Value
from agents.graphs.description import APART, CLOSED, OPEN, SOONER, WIN, TreeSearch


@dataclass(frozen=True, slots=True)
class Riders:
    """Riders after a move each, without those that they meet."""

    free: Value
    """Kept boards ``(riders, 16)``; the heads may be in them."""
    cells: Value
    """int64 ``(riders,)``, the heads."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """Positions, int64 ``(n,)``: two riders each, and what is known of the ply to there."""

    own: Value
    """Row of the own rider."""
    other: Value
    was_apart: Value
    """1 where the last ply was made apart."""
    ply: Value
    """From the root."""
    solo: Value
    """Plies made apart."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What floods found, int32, by rider and position ``(2, n)``."""

    cells: Value
    """Reached first."""
    even: Value
    """Of these, on colour 0."""
    edges: Value
    """Pairs of these side by side."""
    inner: Value
    """Of these, with all four neighbours among them."""
    pinched: Value | None
    """Of these, with neighbours that are not joined around the cell; only where it counts."""
    stuck: Value
    """bool, no cell can be reached."""
    contact: Value
    """bool ``(n,)``, the riders can meet."""


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
        """Kept boards ``(1024, 16)`` of one cell each."""

    def evaluate(self, riders: Riders, meetings: Meetings) -> tuple[Value, Value]:
        """Return int32 ``(n,)`` twice: values without looking further, and kinds."""
        graph, weights = self._graph, self._search.evaluation
        found = self.measure(riders, meetings.own, meetings.other)
        own, other = (riders.cells.take(rows, 0) for rows in (meetings.own, meetings.other))
        own_stuck, other_stuck = (found.stuck.take(np.array(i), 0) for i in range(2))
        met = own.equals(other)
        was_apart = meetings.was_apart.cast(np.bool_)
        apart = graph.op("Or", was_apart, graph.op("Not", found.contact))

        # By colours, a path from the head holds at most one cell more of the other colour.
        of_own = halves.colour(own).equals(np.int32(0))
        odd = found.cells - found.even
        same = graph.where(of_own, found.even, odd)
        fill = graph.op("Min", same * np.int32(2) + np.int32(1), (found.cells - same) * np.int32(2))
        edges = _lead(found.edges)
        together = _lead(found.cells) * np.int32(weights.cell) + edges * np.int32(weights.edge)
        together = together + _lead(found.inner) * np.int32(weights.inner)
        if found.pinched is not None:
            together = together - _lead(found.pinched) * np.int32(weights.pinched)
        lead = _lead(fill) + meetings.solo.cast(np.int32)
        separate = lead * np.int32(weights.apart_cell) + edges * np.int32(weights.apart_edge)
        separate = separate + graph.op("Sign", lead) * np.int32(weights.ahead)

        later = meetings.ply.cast(np.int32) * np.int32(SOONER)
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
            "Or", graph.op("Or", over, met), graph.op("Or", own_stuck, meetings.ply.greater(limit))
        )
        kind = graph.where(apart, np.int32(APART), np.int32(OPEN))
        return value, graph.where(shut, np.int32(CLOSED), kind)

    def measure(self, riders: Riders, own: Value, other: Value) -> Measures:
        """Measure positions of an own and another rider each, int64 ``(n,)``."""
        graph = self._graph
        heads = self.cells.take(riders.cells, 0)
        found = floods.flood(graph, riders.free, heads, self._search.evaluation.strides)
        split = floods.split(found, own, other)
        low, high = (halves.rows(first, 1) for first in split.first)
        over_low = halves.around(high, 1, 1)
        over_high = halves.around(low, 0, 1)
        inner_low = [
            ((near.beside & near.level) & (near.across & near.beyond)) & cells
            for near, cells in zip(over_low, low, strict=True)
        ]
        ones, twos, inner_high = [], [], []
        touching = []
        for near, cells in zip(over_high, high, strict=True):
            # The neighbours of each cell, added up bit by bit.
            one, two = near.beside ^ near.level, near.beside & near.level
            one_more, two_more = near.across ^ near.beyond, near.across & near.beyond
            ones.append((one ^ one_more) & cells)
            inner_high.append((two & two_more) & cells)
            twos.append(((two | two_more) | (one & one_more)) & cells)
            mine, others = graph.split((one + two) | (one_more + two_more), 2, axis=0)
            own_cells, other_cells = graph.split(cells, 2, axis=0)
            touching.append((mine & other_cells) | (others & own_cells))
        contact = graph.concat(
            [board.reshape(halves.QUARTER, -1) for board in touching] + list(split.tied), axis=0
        )
        sets = [low, high, halves.Rows(*inner_low), halves.Rows(*inner_high)]
        sets += [halves.Rows(*ones), halves.Rows(*twos)]
        if self._search.evaluation.pinched:
            sets += [halves.pinched(low, over_low, 0, 1), halves.pinched(high, over_high, 1, 1)]
        even, odd, inside, within, single, double, *parting = halves.count(sets)
        return Measures(
            cells=even + odd,
            even=even,
            edges=single + (double + within) * np.int32(2),
            inner=inside + within,
            pinched=parting[0] + parting[1] if parting else None,
            stuck=found.stuck.take(graph.concat([own.unsqueeze(0), other.unsqueeze(0)], axis=0), 0),
            contact=halves.some(contact),
        )


def _lead(counts: Value) -> Value:
    """Return the first row less the second."""
    return counts.take(np.array(0), 0) - counts.take(np.array(1), 0)
