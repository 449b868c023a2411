"""``minimax``: alpha-beta on chambers of territory; a fill search once the riders are separated.

Budgets: ``depth`` in half-plies, ``nodes`` in evaluated positions, ``ms`` in milliseconds a move,
of wall clock or of the thread's own processor time. Under the first two a decision starts from
nothing, so that it depends on the position alone and repeats exactly; under ``ms`` what was learnt
about positions in earlier moves is kept.
"""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np

from agents import search_nodes, transposition
from agents.decisions import FillDecision, JointDecision, Thought
from agents.evaluation import CHAMBERS, PATHS, VORONOI, Weights
from agents.heuristic import parse_options, spec_of
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.types import Action, IntArray, UInt8Array

T = TypeVar("T")

DEFAULT_DEPTH: Final = 4

CHUNK_NODES: Final = 64
"""Nodes between two looks at the clock: about a quarter of a millisecond."""

LAST_NODES: Final = 4
"""The same within ``LAST_S`` of the deadline, where the looks would take too much of a long budget
if they were as frequent all the time."""
LAST_S: Final = 1e-3

NO_LIMIT: Final = 2**62


class Limit(StrEnum):
    """What a budget counts."""

    DEPTH = "depth"
    NODES = "nodes"
    MS = "ms"


MAX_AMOUNT: Final = {
    Limit.DEPTH: search_nodes.MAX_DEPTH,
    Limit.NODES: 10**9,
    Limit.MS: 600_000,
}

CLOCKS: Final = {"wall": time.perf_counter, "cpu": time.thread_time}
"""What milliseconds are of. What else a machine does takes nothing from a budget in ``cpu``."""

EVALUATIONS: Final = {"chambers": CHAMBERS, "paths": PATHS, "voronoi": VORONOI}


class Minimax:
    """Searches one rider's decision at a time.

    Args:
        limit: what ``amount`` counts.
        amount: the budget of one move, from 1 to ``MAX_AMOUNT``.
        weights: of the evaluation.
        clock: seconds, only read under ``Limit.MS``.
        table_bits: size of the transposition table.
        name: shown to people; the budget where it is empty.

    Raises:
        AgentSpecError: the amount is out of range.
    """

    def __init__(
        self,
        limit: Limit,
        amount: int,
        weights: Weights = CHAMBERS,
        *,
        clock: Callable[[], float] = time.perf_counter,
        table_bits: int = transposition.TABLE_BITS,
        name: str = "",
    ) -> None:
        if not 1 <= amount <= MAX_AMOUNT[limit]:
            raise AgentSpecError(
                f"minimax: {limit} is {amount}; allowed are 1 to {MAX_AMOUNT[limit]}"
            )
        self.name = name or f"minimax:{limit}={amount}"
        self._limit = limit
        self._amount = amount
        self._clock = clock
        self._joint = JointDecision(weights.array(), table_bits, keeping=limit is Limit.MS)
        self._fill = FillDecision()

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
        search: JointDecision | FillDecision = self._joint
        if not self._joint.place(engine, game, seat):
            search = self._fill
            self._fill.place(engine, game, seat)
        deadline = started + self._amount / 1000
        only_to = self._amount if self._limit is Limit.DEPTH else search.most_depth
        finished = 0
        for depth in search.depths(only_to):
            ended = self._run(search, depth, deadline)
            search.keep()
            if not ended:
                break
            finished = depth
            if search.settled:
                break
        return search.thought(Action(accepted[0]), finished)

    def _run(self, search: JointDecision | FillDecision, depth: int, deadline: float) -> bool:
        """Run one iteration; return whether it was finished within the budget."""
        search.begin()
        if self._limit is Limit.DEPTH:
            return search.resume(depth, NO_LIMIT)
        if self._limit is Limit.NODES:
            return search.resume(depth, self._amount)
        while (left := deadline - self._clock()) > 0:
            if search.resume(depth, search.nodes + (LAST_NODES if left < LAST_S else CHUNK_NODES)):
                return True
        return False


def make_minimax(argument: str) -> Minimax:
    """Make ``minimax:depth=4``, ``minimax:nodes=5000`` or ``minimax:ms=100``; alone, depth 4.

    Beside the budget, ``eval=voronoi`` values territory alone instead of its chambers, and
    ``eval=paths`` chambers without their inner cells. ``clock=cpu`` counts processor time.

    Raises:
        AgentSpecError: there is more than one budget, or it is out of range.
    """
    others = {"eval": "chambers", "clock": "wall"}
    given = parse_options("minimax", argument, {**dict.fromkeys(Limit, ""), **others})
    weights = _named("eval", given.pop("eval"), EVALUATIONS)
    clock = _named("clock", given.pop("clock"), CLOCKS)
    budgets = {limit: amount for limit, amount in given.items() if amount}
    if len(budgets) > 1:
        raise AgentSpecError(
            f"minimax: {argument!r} is not one budget; expected depth=..., nodes=... or ms=..."
        )
    ((limit, amount),) = budgets.items() or ((Limit.DEPTH, str(DEFAULT_DEPTH)),)
    if not (amount.isascii() and amount.isdecimal() and len(amount) < 12):
        raise AgentSpecError(f"minimax: {limit} is {amount!r}; expected a whole number")
    name = spec_of("minimax", argument) if argument else ""
    return Minimax(Limit(limit), int(amount), weights, clock=clock, name=name)


def _named(option: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        raise AgentSpecError(f"minimax: {option} is {name!r}; expected {' or '.join(known)}")
    return known[name]
