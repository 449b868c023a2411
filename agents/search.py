"""``minimax``: alpha-beta on Voronoi territory, and once the riders are separated a fill search.

Budgets: ``depth`` in half-plies (plies of one's own once separated), ``nodes`` in evaluated
positions, ``ms`` in milliseconds of wall clock a move. Only the first two repeat exactly. Every
decision starts from nothing, so that it depends on the position alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from agents import fill_search, joint_search
from agents.heuristic import parse_options
from agents.joint_search import Int64Array
from tron_env import territory
from tron_env.batch import BatchEngine
from tron_env.compiling import njit
from tron_env.errors import AgentSpecError
from tron_env.kernel import ALIVE
from tron_env.types import Action, IntArray, UInt8Array

DEFAULT_DEPTH: Final = 4

CHUNK_NODES: Final = 128
"""Nodes between two looks at the clock: about a quarter of a millisecond."""

NO_LIMIT: Final = 2**62


class Limit(StrEnum):
    """What a budget counts."""

    DEPTH = "depth"
    NODES = "nodes"
    MS = "ms"


MAX_AMOUNT: Final = {
    Limit.DEPTH: joint_search.MAX_DEPTH,
    Limit.NODES: 10**9,
    Limit.MS: 600_000,
}


@dataclass(frozen=True, slots=True)
class Thought:
    """What a search found out about one position."""

    action: Action
    depth: int
    """Half-plies of the last finished iteration, 0 where there was no choice; in a fill search
    plies."""
    nodes: int
    value: int
    """Of the position for the rider to move: see ``joint_search``; in a fill search the length in
    plies of the longest path found."""


class Minimax:
    """Searches one rider's decision at a time.

    Args:
        limit: what ``amount`` counts.
        amount: the budget of one move, from 1 to ``MAX_AMOUNT``.
        clock: seconds, only read under ``Limit.MS``.

    Raises:
        AgentSpecError: the amount is out of range.
    """

    def __init__(
        self,
        limit: Limit,
        amount: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not 1 <= amount <= MAX_AMOUNT[limit]:
            raise AgentSpecError(
                f"minimax: {limit} is {amount}; allowed are 1 to {MAX_AMOUNT[limit]}"
            )
        self.name = f"minimax:{limit}={amount}"
        self._limit = limit
        self._amount = amount
        self._clock = clock

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        actions: UInt8Array = np.empty(len(games), dtype=np.uint8)
        for k in range(len(games)):
            actions[k] = self.think(engine, int(games[k]), int(seats[k])).action
        return actions

    def think(self, engine: BatchEngine, game: int, seat: int) -> Thought:
        """Search one position of an unfinished game.

        Without an accepted action the present heading is returned, with value and depth 0.
        """
        started = self._clock() if self._limit is Limit.MS else 0.0
        accepted = np.flatnonzero(engine.masks[game, seat])
        if accepted.size == 0:
            return Thought(Action(engine.headings[game, seat]), 0, 0, 0)
        if accepted.size == 1:
            return Thought(Action(accepted[0]), 0, 0, 0)
        search = _Search(engine, game, seat, Action(accepted[0]))
        deadline = started + self._amount / 1000
        finished = 0
        for depth in search.depths(self._amount if self._limit is Limit.DEPTH else None):
            ended = self._run(search, depth, deadline)
            search.keep()
            if not ended:
                break
            finished = depth
            if search.settled:
                break
        return search.thought(finished)

    def _run(self, search: "_Search", depth: int, deadline: float) -> bool:
        """Run one iteration; return whether it was finished within the budget."""
        search.begin()
        if self._limit is Limit.DEPTH:
            return search.resume(depth, NO_LIMIT)
        if self._limit is Limit.NODES:
            return search.resume(depth, self._amount)
        while self._clock() < deadline:
            if search.resume(depth, search.nodes + CHUNK_NODES):
                return True
        return False


class _Search:
    """The arrays of one decision, and which of the two searches it needs."""

    def __init__(self, engine: BatchEngine, game: int, seat: int, fallback: Action) -> None:
        height = engine.ruleset.height
        self._free = np.zeros(height, dtype=np.uint64)
        self._boards = np.zeros((4, height), dtype=np.uint64)
        territory.pack_free(game, engine.cells, self._free)
        own, other = engine.heads[game, seat], engine.heads[game, 1 - seat]
        self._alone = engine.causes[game, 1 - seat] != ALIVE or _apart(
            self._free, own[0], own[1], other[0], other[1], self._boards
        )
        self._action = int(fallback)
        self._value = 0
        if self._alone:
            self._stack: Int64Array = np.zeros(
                (fill_search.MAX_FILL_DEPTH + 2, fill_search.FILL_STACK_WIDTH), dtype=np.int64
            )
            self._control: Int64Array = np.zeros(fill_search.FILL_CONTROL_WIDTH, dtype=np.int64)
            self._control[fill_search.BEST_FIRST] = -1
            self._stack[0, :2] = own
        else:
            self._stack = np.zeros(
                (joint_search.MAX_DEPTH + 2, joint_search.STACK_WIDTH), dtype=np.int64
            )
            self._control = np.zeros(joint_search.CONTROL_WIDTH, dtype=np.int64)
            self._stack[0, :4] = (*own, *other)

    @property
    def nodes(self) -> int:
        """Positions looked at so far."""
        return int(self._control[joint_search.NODES])

    @property
    def settled(self) -> bool:
        """Whether deeper iterations cannot change the decision."""
        if self._alone:
            control = self._control
            longest = control[fill_search.BEST_LENGTH] >= control[fill_search.MOST]
            return bool(longest or not control[fill_search.CUT])
        return abs(int(self._stack[0, joint_search.BEST])) >= joint_search.PROVEN

    def depths(self, only_to: int | None) -> range:
        """Return the depths of the iterations: all of one parity, which keeps values comparable."""
        most = fill_search.MAX_FILL_DEPTH if self._alone else joint_search.MAX_DEPTH
        last = most if only_to is None else only_to
        return range(2 - last % 2, last + 1, 2)

    def begin(self) -> None:
        """Start an iteration."""
        if self._alone:
            fill_search.begin_fill(self._free, self._stack, self._control, self._boards)
        else:
            joint_search.begin(self._stack, self._control)

    def resume(self, depth: int, max_nodes: int) -> bool:
        """Go on with the iteration; return whether it has ended."""
        step = fill_search.resume_fill if self._alone else joint_search.resume
        return bool(step(self._free, self._stack, self._control, self._boards, depth, max_nodes))

    def keep(self) -> None:
        """Take over what the iteration has found, be it unfinished.

        The best action of the iteration before is always probed first, so that even an unfinished
        one knows better, unless it has not come through a single action.
        """
        if self._alone:
            if self._control[fill_search.BEST_FIRST] >= 0:
                self._action = int(self._control[fill_search.BEST_FIRST])
                self._value = int(self._control[fill_search.BEST_LENGTH])
        elif self._control[joint_search.PROBED]:
            self._action = int(self._stack[0, joint_search.BEST_ACTION])
            self._value = int(self._stack[0, joint_search.BEST])

    def thought(self, depth: int) -> Thought:
        """Return the decision kept."""
        return Thought(Action(self._action), depth, self.nodes, self._value)


@njit()
def _apart(
    free: territory.BoardRows,
    row_0: int,
    col_0: int,
    row_1: int,
    col_1: int,
    boards: territory.BoardRows,
) -> bool:
    """Tell whether no empty cell can be reached by both riders."""
    boards[:] = territory.ZERO
    boards[0, row_0] = territory.bit(col_0)
    boards[1, row_1] = territory.bit(col_1)
    territory.split(free, boards[0], boards[1], boards[2], boards[3])
    return bool(territory.separated(boards[0], boards[1], free))


def make_minimax(argument: str) -> Minimax:
    """Make ``minimax:depth=4``, ``minimax:nodes=5000`` or ``minimax:ms=100``; alone, depth 4.

    Raises:
        AgentSpecError: the argument is not one budget, or the budget is out of range.
    """
    given = parse_options("minimax", argument, dict.fromkeys(Limit, ""))
    budgets = {limit: amount for limit, amount in given.items() if amount}
    if not argument:
        return Minimax(Limit.DEPTH, DEFAULT_DEPTH)
    if len(budgets) != 1:
        raise AgentSpecError(
            f"minimax: {argument!r} is not one budget; expected depth=..., nodes=... or ms=..."
        )
    ((limit, amount),) = budgets.items()
    if not (amount.isascii() and amount.isdecimal() and len(amount) < 12):
        raise AgentSpecError(f"minimax: {limit} is {amount!r}; expected a whole number")
    return Minimax(Limit(limit), int(amount))
