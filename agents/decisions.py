"""One decision in the memory of a search: joint as long as the riders may meet, fill after that."""

from dataclasses import dataclass

import numpy as np

from agents import joint_search, search_nodes, transposition
from agents.evaluation import apart
from replays import filling
from replays.filling import FillScratch
from tron_env import territory
from tron_env.batch import BatchEngine
from tron_env.chambers import new_numbers
from tron_env.kernel import ALIVE
from tron_env.lanes import new_rows
from tron_env.types import SEATS, Action, Int64Array, UInt8Array

BOUNDS_A_PLY = 100
"""What a fill search may spend for each ply of a budget in depth."""

JUDGED_BOUNDS = 1500
"""What ``FillDecision.longer`` spends on each rider's path."""

_ACTIONS = tuple(Action)
"""By number: ``Action(number)`` takes six times as long, and a path may have hundreds of plies."""


@dataclass(frozen=True, slots=True)
class Thought:
    """What a search found out about one position."""

    action: Action
    depth: int
    """Half-plies of the last finished iteration, 0 where there was no choice; in a fill search
    plies of its line."""
    nodes: int
    value: int
    """Of the position for the rider to move, in the units of the evaluation's weights; beyond
    ``search_nodes.PROVEN`` a forced win or loss; in a fill search the plies of the longest path."""
    line: tuple[Action, ...] = ()
    """The principal variation, own moves and the other's in turn, as far as it is known; in a fill
    search own moves alone."""
    alone: bool = False
    """Whether this was a fill search."""


class JointDecision:
    """The memory of alpha-beta, allocated once, and one decision in it."""

    most_depth = search_nodes.MAX_DEPTH

    def __init__(self, weights: Int64Array, table_bits: int, *, keeping: bool) -> None:
        side = search_nodes.MAX_DEPTH + 2
        self._weights = weights
        self._table = transposition.new_table(table_bits)
        self._keys = transposition.zobrist_keys()
        self._stack: Int64Array = np.zeros((side, search_nodes.STACK_WIDTH), dtype=np.int64)
        self._control: Int64Array = np.zeros(search_nodes.CONTROL_WIDTH, dtype=np.int64)
        self._lines: UInt8Array = np.zeros((side, side), dtype=np.uint8)
        self._numbers = new_numbers()
        self._keeping = keeping
        self._resize(32, 32)

    def _resize(self, height: int, width: int) -> None:
        self._size = height, width
        self._free = new_rows(height, width)
        # Keys of taken cells do not tell sizes apart.
        self._table[:] = 0
        self._age = 0

    def place(self, engine: BatchEngine, game: int, seat: int) -> bool:
        """Take a position up; return whether the riders may still meet."""
        if engine.causes[game, 1 - seat] != ALIVE:
            return False
        ruleset = engine.ruleset
        if (ruleset.height, ruleset.width) != self._size:
            self._resize(ruleset.height, ruleset.width)
        territory.pack_free(game, engine.cells, self._free)
        heads = (*engine.heads[game, seat].tolist(), *engine.heads[game, 1 - seat].tolist())
        if apart(self._free, *heads):
            return False
        if self._age == transposition.MAX_AGE:
            self._table[:] = 0
            self._age = 0
        self._age += 1
        control = self._control
        control[search_nodes.AGE] = self._age
        control[search_nodes.OLDEST] = 1 if self._keeping else self._age
        control[search_nodes.NODES] = 0
        self._stack[:, search_nodes.KILLER] = 0
        self._stack[0, : search_nodes.COL_1 + 1] = heads
        self._stack[0, search_nodes.KEY] = joint_search.position_key(self._free, *heads, self._keys)
        self._line: tuple[Action, ...] = ()
        self._value = 0
        return True

    @property
    def nodes(self) -> int:
        """Positions evaluated so far."""
        return int(self._control[search_nodes.NODES])

    @property
    def settled(self) -> bool:
        """Whether deeper iterations cannot change the decision."""
        proven = abs(int(self._stack[0, search_nodes.BEST])) >= search_nodes.PROVEN
        return proven or not self._control[search_nodes.CUT]

    def depths(self, last: int) -> range:
        """Return the depths of the iterations."""
        return range(1, last + 1)

    def begin(self) -> None:
        """Start an iteration."""
        first = int(self._line[0]) if self._line else -1
        search_nodes.begin(self._stack, self._control, first)

    def resume(self, depth: int, max_nodes: int) -> bool:
        """Go on with the iteration; return whether it has ended."""
        return bool(
            joint_search.resume(
                self._free,
                self._stack,
                self._control,
                self._lines,
                self._table,
                self._keys,
                self._weights,
                self._numbers,
                depth,
                max_nodes,
            )
        )

    def keep(self) -> None:
        """Take over what the iteration has found, be it unfinished.

        The best action of the iteration before is always probed first, so that even an unfinished
        one knows better, unless it has not come through a single action.
        """
        if self._control[search_nodes.PROBED]:
            length = int(self._stack[0, search_nodes.LINE])
            self._line = tuple(_ACTIONS[action] for action in self._lines[0, :length].tolist())
            self._value = int(self._stack[0, search_nodes.BEST])

    def thought(self, fallback: Action, depth: int) -> Thought:
        """Return the decision kept."""
        action = self._line[0] if self._line else fallback
        return Thought(action, depth, self.nodes, self._value, self._line)


class FillDecision:
    """The memory of the fill search, allocated once, and one decision in it.

    Of a depth it makes ``BOUNDS_A_PLY`` bounds for each ply: one descent is nearly always within a
    few cells of the longest path, and deeper searches differ little.
    """

    most_depth = 2**40

    def __init__(self) -> None:
        self._memory = FillScratch()
        self._resize(32, 32)

    def _resize(self, height: int, width: int) -> None:
        self._size = height, width
        self._free = new_rows(height, width)

    def place(self, engine: BatchEngine, game: int, seat: int) -> None:
        """Take a position up."""
        ruleset = engine.ruleset
        if (ruleset.height, ruleset.width) != self._size:
            self._resize(ruleset.height, ruleset.width)
        territory.pack_free(game, engine.cells, self._free)
        row, col = engine.heads[game, seat].tolist()
        memory = self._memory
        filling.begin_fill(self._free, row, col, memory.stack, memory.control, memory.numbers)
        self._settled = False

    @property
    def bound(self) -> int:
        """Plies that no path is longer than, as far as is known."""
        return int(self._memory.control[filling.MOST])

    @property
    def nodes(self) -> int:
        """Bounds computed so far."""
        return int(self._memory.control[filling.SPENT])

    @property
    def settled(self) -> bool:
        """Whether the path is known to be a longest one."""
        return self._settled

    def depths(self, last: int) -> range:
        """Return the depths of the iterations: one alone."""
        return range(last, last + 1)

    def begin(self) -> None:
        """Do nothing: there is one iteration."""

    def resume(self, depth: int, max_nodes: int) -> bool:
        """Go on; return whether the search has ended."""
        memory = self._memory
        most = min(max_nodes, depth * BOUNDS_A_PLY)
        self._settled = filling.resume_fill(
            self._free, memory.stack, memory.control, memory.numbers, memory.path, most
        )
        return self._settled or max_nodes > most

    def keep(self) -> None:
        """Do nothing: what is best so far is kept in place."""

    def thought(self, fallback: Action, depth: int) -> Thought:
        """Return the decision."""
        length = int(self._memory.control[filling.LONGEST])
        line = tuple(_ACTIONS[action] for action in self._memory.path[:length].tolist())
        action = line[0] if line else fallback
        return Thought(action, length, self.nodes, length, line, alone=True)

    def longer(self, engine: BatchEngine, game: int) -> int:
        """Return which of two parted riders found the longer path.

        Returns:
            1 for seat 0, -1 for seat 1, 0 where both are as long.
        """
        lengths = []
        for seat in range(SEATS):
            self.place(engine, game, seat)
            self.resume(self.most_depth, JUDGED_BOUNDS)
            lengths.append(self.thought(Action.UP, 0).value)
        return int(np.sign(lengths[0] - lengths[1]))
