"""Who rides the other seat: agents, functions as agents, and mixes of them with weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tron_env.agent import Agent, make_agent
from tron_env.batch import BatchEngine
from tron_env.compiling import kernel
from tron_env.errors import InvalidActionError, OptionError
from tron_env.restarting import NEXT_GAME
from tron_env.spawn import random_u64
from tron_env.types import ACTIONS, BoolArray, Float32Array, IntArray, SeedArray, UInt8Array

Policy: TypeAlias = Callable[[Float32Array, BoolArray], ArrayLike]
"""Takes float32 observations ``(k, 5, height, width)`` and masks ``(k, 4)``, returns ``(k,)``."""

Opponent: TypeAlias = str | Agent | Policy
Opponents: TypeAlias = Opponent | Mapping[str, float] | Sequence[tuple[Opponent, float]]
"""One opponent, or several with their weights."""

SEAT_DRAW: Final = NEXT_GAME + np.uint64(1)
OPPONENT_DRAW: Final = NEXT_GAME + np.uint64(2)


class PolicyAgent:
    """A function of observations and masks as an ``Agent``; its actions are played as they are."""

    def __init__(self, policy: Policy) -> None:
        self.name: str = getattr(policy, "__name__", type(policy).__name__)
        self._policy = policy

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``.

        Raises:
            InvalidActionError: the function returned something else than k integers from 0 to 3.
        """
        k = len(games)
        observations = np.empty((k, *engine.planes.shape[2:]), dtype=np.float32)
        engine.gather(games, seats, observations)
        actions = np.asarray(self._policy(observations, engine.masks[games, seats]))
        if (
            actions.shape != (k,)
            or actions.dtype.kind not in "iu"
            or not ((actions >= 0) & (actions < ACTIONS)).all()
        ):
            raise InvalidActionError(
                f"opponent {self.name} returned {actions.dtype} {actions.shape}, {actions!r:.80}; "
                f"expected {k} integers from 0 to 3"
            )
        return actions.astype(np.uint8)


class OpponentMix:
    """Agents and how often each is drawn.

    Attributes:
        agents: all that are playing or may be drawn.
    """

    def __init__(self, opponents: Opponents) -> None:
        """Resolve ``opponents``.

        Raises:
            AgentSpecError: a SPEC names no installed agent.
            OptionError: there is no opponent, or a weight is out of range.
        """
        self.agents: tuple[Agent, ...] = ()
        self._thresholds: NDArray[np.float64] = np.zeros(0)
        self.change(opponents)

    def change(self, opponents: Opponents, playing: IntArray | None = None) -> IntArray:
        """Draw from ``opponents`` from now on.

        Args:
            opponents: as for the constructor.
            playing: places in ``agents`` of opponents whose games go on.

        Returns:
            The new places of ``playing``, same shape.

        Raises:
            AgentSpecError: see the constructor; nothing is changed then.
            OptionError: see the constructor; nothing is changed then.
        """
        agents, weights = _listed(opponents)
        total = float(np.sum(weights)) if weights else 0.0
        if not (np.isfinite(weights).all() and min(weights, default=0.0) >= 0.0 and total > 0.0):
            raise OptionError(
                f"opponent weights are {weights}; there must be at least one opponent, and allowed "
                "are numbers from 0 up, not all 0"
            )
        places = np.zeros(0, dtype=np.intp) if playing is None else playing
        moved = np.zeros_like(places)
        for old in np.unique(places).tolist():
            kept = self.agents[old]
            new = next((k for k, agent in enumerate(agents) if agent is kept), len(agents))
            if new == len(agents):
                agents.append(kept)
            moved[places == old] = new
        self.agents = tuple(agents)
        self._thresholds = np.cumsum(weights) / total
        return moved

    def pick(self, lots: NDArray[np.float64]) -> IntArray:
        """Return the place in ``agents`` that each lot, 0 up to 1, falls on."""
        picked: IntArray = np.searchsorted(self._thresholds, lots, side="right")
        return picked


def as_agent(opponent: Opponent) -> Agent:
    """Return the agent that a SPEC names, that a function is, or the agent itself.

    Raises:
        AgentSpecError: the SPEC names no installed agent.
        OptionError: it is none of these.
    """
    if isinstance(opponent, str):
        return make_agent(opponent)
    if hasattr(opponent, "act"):
        return cast(Agent, opponent)
    if callable(opponent):
        return PolicyAgent(opponent)
    raise OptionError(
        f"opponent is {opponent!r}; allowed are a SPEC, an agent, a function of observations and "
        "masks, and several of them with weights"
    )


def _listed(opponents: Opponents) -> tuple[list[Agent], list[float]]:
    pairs: Sequence[tuple[Opponent, float]]
    if isinstance(opponents, Mapping):
        pairs = list(opponents.items())
    elif isinstance(opponents, list | tuple):
        pairs = opponents
    else:
        pairs = [(cast(Opponent, opponents), 1.0)]
    agents, weights = [], []
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise OptionError(f"opponents hold {pair!r}; several are (opponent, weight) pairs")
        agents.append(as_agent(pair[0]))
        if not isinstance(pair[1], int | float):
            raise OptionError(f"opponents hold {pair!r}; a weight is a number")
        weights.append(float(pair[1]))
    return agents, weights


def draw_riders(seeds: SeedArray) -> tuple[IntArray, NDArray[np.float64]]:
    """Draw the learner's seat, and a lot from 0 up to 1 for its opponent, from games' seeds.

    Args:
        seeds: ``(k,)``.

    Returns:
        Two arrays ``(k,)``.
    """
    seats: IntArray = np.empty(seeds.shape[0], dtype=np.intp)
    lots: NDArray[np.float64] = np.empty(seeds.shape[0])
    _draw_riders(seeds, seats, lots)
    return seats, lots


@kernel
def _draw_riders(seeds: SeedArray, out_seats: IntArray, out_lots: NDArray[np.float64]) -> None:
    for k in range(seeds.shape[0]):
        out_seats[k] = np.int64(random_u64(seeds[k], SEAT_DRAW) >> np.uint64(63))
        high = random_u64(seeds[k], OPPONENT_DRAW) >> np.uint64(11)
        out_lots[k] = np.float64(high) * 2.0**-53
