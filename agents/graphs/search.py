"""``TreeSearch`` compiled to an ONNX graph.

The tree lies in the tables of ``agents.graphs.tables``. Every node holds the values of its 16 joint
plies, own move times four plus reply; once its rider is apart from the other only replies 0 count,
which stand for the other staying where it is.

Values and regrets are int32 and nothing depends on the other samples, so that the graph agrees
with ``agents.graphs.twin`` exactly, in any company. A network's prior may be added to what comes
out.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agents.graphs import boards, filling, halves, prior, tables
from agents.graphs.builder import Graph, Value
from agents.graphs.description import (
    APART,
    BOUND_LIMIT,
    BOUND_UNIT,
    CLOSED,
    FACTS,
    FIRST,
    JOINT,
    LENGTH,
    NEVER,
    PLY,
    REJECTED,
    SHUT,
    WIN,
    TreeSearch,
)
from agents.graphs.leaves import Leaves, Meetings, Riders
from tron_env.types import ACTIONS, Plane

PART_LEAVES: Final = 384
"""About so many leaves are looked into at once: 32 samples at a width of 12. Larger parts leave the
cache."""

MAX_PARTS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Positions:
    """Positions that are looked into: boards ``(n, 16)``, everything else ``(n,)``."""

    free: Value
    own: Value
    other: Value
    ply: Value
    """int64, from the root."""
    solo: Value
    """int64, how many of those plies were made apart."""
    apart: Value
    """int64, 1 where the riders can never meet."""
    valid: Value
    """bool; others stand for nothing."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Joint plies chosen to be followed, and where they lead to; ``place`` is ``(batch, k)``."""

    place: Value
    """int64, in the tables of joint plies."""
    node: Value
    """int64 ``(n,)``, like those below: the node that the ply leaves."""
    slot: Value
    action: Value
    first: Value
    """The root's move that it goes back to."""
    positions: _Positions


def build_search(description: TreeSearch, network: bytes | None = None) -> bytes:
    """Return the model that plays as this search.

    A batch is cut into parts that a processor's cache holds; what a sample gets does not depend on
    the others in its part. The network is asked once, before, of all samples whose riders can meet.

    Args:
        description: of the search.
        network: the ONNX model that is its prior, of the policy contract's input and output.

    Raises:
        SearchDescriptionError: a prior has a weight and no network, or the other way round.
        InvalidModelError: the network cannot be embedded.
    """
    prior.check(description.prior, network)
    graph = Graph()
    planes = boards.observation(graph)
    leaves = Leaves(graph, description)
    guide = None
    if network is not None:
        whole = _Tree(graph, description, leaves, planes).apart()
        guide = whole, prior.asked(graph, network, planes, whole)
    part = np.array([max(1, PART_LEAVES // description.width)], dtype=np.int64)
    batch = graph.op("Shape", planes, start=0, end=1)

    def trip(start: Value, done: Value) -> tuple[list[Value], Value]:
        stop = start + part
        bounds = start, stop, np.array([0], dtype=np.int64)
        tree = _Tree(graph, description, leaves, graph.op("Slice", planes, *bounds))
        if guide is None:
            logits = tree.logits()
        else:
            apart, likings = (graph.op("Slice", value, *bounds) for value in guide)
            logits = tree.logits(apart)
            logits = prior.guided_in(graph, description.prior, logits, likings, apart)
        going = stop.less(batch).reshape()
        return [stop, graph.concat([done, logits], axis=0)], going

    state = [graph.constant(np.zeros(1, np.int64)), graph.constant(np.zeros((0, 4), np.float32))]
    _, logits = graph.loop(MAX_PARTS, state, [np.int64, np.float32], trip)
    return graph.build(
        logits,
        "logits",
        np.float32,
        ("batch", ACTIONS),
        graph_name="tree_search",
        description=f"A tron-arena search, compiled by agents.graphs: {description}",
    )


def _head(planes: Value, plane: Plane) -> Value:
    flat = planes.slice(plane, plane + 1, axis=1).reshape(-1, halves.CELLS)
    return planes.graph.op("ArgMax", flat, axis=1, keepdims=0)


class _Tree:
    """Writes the search of some samples into a graph."""

    def __init__(
        self, graph: Graph, description: TreeSearch, leaves: Leaves, planes: Value
    ) -> None:
        self._graph = graph
        self._search = description
        self._leaves = leaves
        self._free = free = halves.pack(graph, boards.free_plane(graph, planes))
        self._batch = graph.op("Shape", free, start=0, end=1)
        ones = graph.op("Expand", np.int64(1), self._batch)
        # Nodes of nothing, so that there always are as many joint plies as are chosen.
        self._spare = -(-max(description.width, description.rides) // JOINT)
        self._sample = graph.op("NonZero", ones).reshape(-1, 1)
        self._own, self._other = (
            _head(planes, head) for head in (Plane.OWN_HEAD, Plane.OTHER_HEAD)
        )

    def apart(self) -> Value:
        """Return int64 ``(batch,)``: 1 where the riders of the root can never meet."""
        graph = self._graph
        both = graph.concat([self._free, self._free], axis=0)
        rows = self._sample.reshape(-1)
        riders = Riders(free=both, cells=graph.concat([self._own, self._other], axis=0))
        found = self._leaves.measure(riders, rows, rows + self._batch)
        return graph.op("Not", found.contact).cast(np.int64)

    def logits(self, apart: Value | None = None) -> Value:
        """Return float32 ``(batch, 4)``; ``apart`` is what ``apart()`` tells, where it is known."""
        graph = self._graph
        zero = self._full(np.int64(0))
        root = _Positions(
            free=self._free,
            own=self._own,
            other=self._other,
            ply=zero,
            solo=zero,
            apart=self.apart() if apart is None else apart,
            valid=zero.equals(np.int64(0)),
        )
        values, kinds = self._expand(root)
        self._root_apart = root.apart
        column = graph.concat(
            [root.own, root.other, zero, zero, root.apart, zero, zero, zero], axis=0
        )
        facts = column.reshape(FACTS, -1).transpose(1, 0)
        state = [
            self._padded(values.reshape(-1, 1, JOINT)),
            self._padded(kinds.reshape(-1, 1, JOINT)),
            self._padded(self._free.unsqueeze(1)),
            self._padded(facts.unsqueeze(1)),
        ]
        most = self._search.rounds + self._search.more_rounds
        if most:
            dtypes = [np.int32, np.int32, np.uint64, np.int64]
            state = list(graph.loop(most, state, dtypes, self._round))
        table = state[0].slice(1, 2, axis=1).reshape(-1, ACTIONS, ACTIONS)
        worst = table.min(2)
        logits = tables.hoped(self._search, table)
        logits = graph.op("Clip", logits, np.int32(REJECTED), np.int32(WIN))
        if self._search.rides:
            alone = root.apart.unsqueeze(1).cast(np.bool_)
            logits = graph.where(alone, self._ridden(worst, *state), logits)
        return logits.cast(np.float32)

    def _choose(
        self, count: int, values: Value, kinds: Value, kept: Value, facts: Value
    ) -> _Chosen:
        """Return the ``count`` joint plies of least regret."""
        graph = self._graph
        regret = tables.regrets(self._search, values, kinds, facts)
        least, place = graph.top(regret, np.array([count], dtype=np.int64), largest=False)
        node = graph.op("Div", place, np.int64(JOINT))
        slot = place - node * np.int64(JOINT)
        nodes = graph.op("Shape", facts, start=1, end=2)
        row = (self._sample * nodes + node).reshape(-1)
        kind = graph.op("GatherElements", kinds.reshape(0, -1), place, axis=1).reshape(-1)
        before = facts.reshape(-1, FACTS).take(row, 0)
        own, other, ply, solo, was_apart = (before.take(np.array(i), 1) for i in range(5))
        steps = graph.constant(boards.ACTION_OFFSETS)
        action = graph.op("Div", slot, np.int64(ACTIONS)).reshape(-1)
        reply = slot.reshape(-1) - action * np.int64(ACTIONS)
        own = own + steps.take(action, 0)
        other = other + steps.take(reply, 0) * (was_apart ^ np.int64(1))
        # What stands for nothing may point anywhere; keep it on the board.
        inside = [
            graph.op("Clip", at, np.int64(0), np.int64(halves.CELLS - 1)) for at in (own, other)
        ]
        taken = self._leaves.cells.take(inside[0], 0) | self._leaves.cells.take(inside[1], 0)
        return _Chosen(
            place=place,
            node=node.reshape(-1),
            slot=slot.reshape(-1),
            action=action,
            first=graph.where(ply.equals(np.int64(0)), action, before.take(np.array(FIRST), 1)),
            positions=_Positions(
                free=kept.reshape(-1, halves.WORDS).take(row, 0) & ~taken,
                own=inside[0],
                other=inside[1],
                ply=ply + np.int64(1),
                solo=solo + was_apart,
                apart=kind.equals(np.int32(APART)).cast(np.int64),
                valid=least.less(np.int32(SHUT)).reshape(-1),
            ),
        )

    def _round(
        self, values: Value, kinds: Value, kept: Value, facts: Value
    ) -> tuple[list[Value], Value]:
        """Look into the leaves of least regret."""
        graph, width = self._graph, self._search.width
        chosen = self._choose(width, values, kinds, kept, facts)
        ranks = np.arange(width, dtype=np.int64)
        nodes = graph.op("Shape", facts, start=1, end=2)
        # The other rounds, and the rest of the width, are for riders that may still meet.
        early = nodes.less(np.int64(2 + self._spare + width * self._search.solo_rounds))
        narrow = graph.op("And", early, ranks < self._search.solo_width)
        alone = self._root_apart.unsqueeze(1).cast(np.bool_)
        together = graph.op("And", graph.op("Not", alone), self._goes_on(kinds, nodes))
        allowed = graph.op("Or", together, graph.op("And", alone, narrow.unsqueeze(0)))
        valid = graph.op("And", chosen.positions.valid, allowed.reshape(-1))
        positions = replace(chosen.positions, valid=valid)
        new_values, new_kinds = self._expand(positions)
        column = graph.concat(
            [
                positions.own,
                positions.other,
                positions.ply,
                positions.solo,
                positions.apart,
                chosen.node,
                chosen.slot,
                chosen.first,
            ],
            axis=0,
        )
        new_facts = column.reshape(FACTS, -1).transpose(1, 0)

        def grown(table: Value, new: Value, size: int) -> Value:
            return graph.concat([table, new.reshape(-1, width, size)], axis=1)

        flat = kinds.reshape(0, -1)
        valid = valid.reshape(-1, width)
        kept_kind = graph.op("GatherElements", flat, chosen.place, axis=1)
        shut = graph.where(valid, np.int32(CLOSED), kept_kind)
        kinds = graph.op("ScatterElements", flat, chosen.place, shut, axis=1)
        facts = grown(facts, new_facts, FACTS)
        new_nodes = graph.where(valid, nodes + ranks, np.int64(0))
        values = tables.handed_up(
            self._search,
            grown(values, new_values, JOINT),
            facts,
            new_nodes,
            self._sample,
        )
        state = [
            values,
            grown(kinds.reshape(0, -1, JOINT), new_kinds, JOINT),
            grown(kept, positions.free, halves.WORDS),
            facts,
        ]
        return state, valid.cast(np.float32).sum(0, 1).greater(np.float32(0))

    def _goes_on(self, kinds: Value, nodes: Value) -> Value:
        """Return bool ``(batch, 1)``: whether riders that may meet have another round."""
        graph, search = self._graph, self._search
        due = nodes.less(np.int64(2 + self._spare + search.width * search.rounds))
        if not search.more_rounds:
            return due.unsqueeze(1)
        closed = kinds.reshape(0, -1).equals(np.int32(CLOSED))
        open_plies = graph.op("Not", closed).cast(np.float32).sum(1)
        few = open_plies.less(np.float32(search.live))
        return graph.op("Or", due, few).unsqueeze(1)

    def _ridden(
        self, worst: Value, values: Value, kinds: Value, kept: Value, facts: Value
    ) -> Value:
        """Return int32 ``(batch, 4)``: the longest path known of each move of a rider apart."""
        graph, rides = self._graph, self._search.rides
        chosen = self._choose(rides, values, kinds, kept, facts)
        positions = chosen.positions
        sample = graph.op("Expand", self._root_apart.unsqueeze(1), graph.op("Shape", chosen.place))
        of_apart = sample.reshape(-1).cast(np.bool_)
        ridden = graph.op("NonZero", graph.op("And", positions.valid, of_apart))
        some = ridden.reshape(-1)
        plies = filling.ride(
            graph,
            self._search.styles,
            positions.free.take(some, 0),
            positions.own.take(some, 0),
            chosen.action.take(some, 0),
        )
        plies = plies + positions.ply.take(some, 0).cast(np.int32)
        none = graph.op("Expand", np.int32(0), graph.op("Shape", positions.own))
        by_ride = graph.op("ScatterElements", none, some, plies, axis=0).reshape(-1, rides)
        # A node is a path too, one ply longer where it has a way on.
        way_on = values.max(2).greater(np.int32(-NEVER))
        ply = facts.take(np.array(PLY), 2).cast(np.int32) + np.int32(1)
        by_node = graph.where(way_on, ply, np.int32(0))
        lengths = graph.concat([by_ride, by_node], axis=1)
        first = [chosen.first.reshape(-1, rides), facts.take(np.array(FIRST), 2)]
        through = graph.concat(first, axis=1).unsqueeze(1)
        mine = through.equals(np.arange(ACTIONS, dtype=np.int64).reshape(-1, 1))
        longest = graph.where(mine, lengths.unsqueeze(1), np.int32(1)).max(2)
        limit = np.int32(BOUND_LIMIT)
        bound = graph.op("Clip", worst, np.int32(-BOUND_LIMIT), np.int32(BOUND_LIMIT - 1)) + limit
        total = longest * np.int32(LENGTH) + graph.op("Div", bound, np.int32(BOUND_UNIT))
        return graph.where(worst.greater(np.int32(-NEVER)), total, np.int32(REJECTED))

    def _expand(self, positions: _Positions) -> tuple[Value, Value]:
        """Return int32 ``(n * 16,)`` twice: the values of all joint plies, and what they are."""
        graph = self._graph
        apart = positions.apart.unsqueeze(1)
        own_cells = _neighbours(positions.own, graph.constant(boards.ACTION_OFFSETS))
        together = apart ^ np.int64(1)
        reply_cells = _neighbours(positions.other, together * boards.ACTION_OFFSETS)
        accepted = graph.op(
            "And", halves.holds(positions.free, own_cells), positions.valid.unsqueeze(1)
        )
        staying = graph.op("And", apart.cast(np.bool_), np.array([True, False, False, False]))
        replies = graph.op("Or", halves.holds(positions.free, reply_cells), staying)
        joint = graph.op("And", accepted.unsqueeze(2), replies.unsqueeze(1))
        # One flood for each move and for each reply.
        moved = graph.concat([accepted.unsqueeze(0), replies.unsqueeze(0)], axis=0)
        found = graph.op("NonZero", moved)
        mover, node, action = (found.take(np.array(i), 0) for i in range(3))
        cells = graph.concat([own_cells.reshape(-1), reply_cells.reshape(-1)], axis=0)
        size = graph.op("Shape", own_cells.reshape(-1))
        place = mover * size + node * np.int64(ACTIONS) + action
        riders = Riders(free=positions.free.take(node, 0), cells=cells.take(place, 0))
        rows = graph.op("CumSum", moved.reshape(-1).cast(np.int64), np.int64(0)) - np.int64(1)
        found = graph.op("NonZero", joint)
        node, action, reply = (found.take(np.array(i), 0) for i in range(3))
        was_apart = positions.apart.take(node, 0)
        value, kind = self._leaves.evaluate(
            riders,
            Meetings(
                own=rows.take(node * np.int64(ACTIONS) + action, 0),
                other=rows.take(size + node * np.int64(ACTIONS) + reply, 0),
                was_apart=was_apart,
                ply=positions.ply.take(node, 0) + np.int64(1),
                solo=positions.solo.take(node, 0) + was_apart,
            ),
        )
        place = node * np.int64(JOINT) + action * np.int64(ACTIONS) + reply
        base = graph.where(accepted, np.int32(NEVER), np.int32(-NEVER)).unsqueeze(2)
        base = graph.op("Expand", base, graph.op("Shape", joint)).reshape(-1)
        values = graph.op("ScatterElements", base, place, value, axis=0)
        nothing = graph.op("Expand", np.int32(CLOSED), graph.op("Shape", base))
        return values, graph.op("ScatterElements", nothing, place, kind, axis=0)

    def _padded(self, table: Value) -> Value:
        """Return ``(batch, 1, k)`` with node 0 before it and nodes of nothing behind it."""
        amounts = np.array([0, 1, 0, 0, self._spare, 0], dtype=np.int64)
        return self._graph.op("Pad", table, amounts)

    def _full(self, value: np.generic) -> Value:
        return self._graph.op("Expand", value, self._batch)


def _neighbours(cells: Value, steps: Value) -> Value:
    """Return int64 ``(n, 4)``, cells ``(n,)`` moved by steps ``(4,)`` or ``(n, 4)``.

    Cells beyond the board become wall cells: only the corner, which stands for a rider that is not
    there, has such neighbours.
    """
    moved = cells.unsqueeze(1) + steps
    return cells.graph.op("Clip", moved, np.int64(0), np.int64(halves.CELLS - 1))
