"""Agents without search: random, wall-hugging and Voronoi territory.

Each values the four actions by a kernel of ``agents.values`` and leaves the choice to
``agents.policy``. ``agents.graphs`` compiles the same descriptions to ONNX.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from agents.policy import select_actions
from agents.values import MAX_WEIGHT, voronoi_values, wall_hugger_values
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.random_rider import RandomRider
from tron_env.types import ACTIONS, Action, Float32Array, IntArray, UInt8Array

Values: TypeAlias = Callable[[BatchEngine, IntArray, IntArray, Float32Array], None]


class ValueAgent:
    """Plays the accepted action of the highest value that a kernel gives.

    Args:
        name: shown to people.
        values: writes float32 ``(k, 4)`` for ``(engine, games, seats)``.
    """

    def __init__(self, name: str, values: Values) -> None:
        self.name = name
        self._values = values

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        values = np.empty((len(games), ACTIONS), dtype=np.float32)
        self._values(engine, games, seats, values)
        return select_actions(values, engine.masks[games, seats], engine.headings[games, seats])


@dataclass(frozen=True, slots=True)
class WallHugger:
    """Hug whatever is near: prefer the target cell with the fewest ways on, but not none.

    Attributes:
        order: the four actions, the preferred one first; settles ties.
    """

    order: tuple[Action, Action, Action, Action] = (
        Action.UP,
        Action.RIGHT,
        Action.DOWN,
        Action.LEFT,
    )

    def __post_init__(self) -> None:
        if sorted(self.order) != list(Action):
            raise AgentSpecError(f"order {self.order!r} must name each of the four actions once")

    def ranks(self) -> Float32Array:
        """Return float32 ``(4,)``: 3 for the preferred action down to 0."""
        return np.array([3 - self.order.index(action) for action in Action], dtype=np.float32)

    def values(
        self, engine: BatchEngine, games: IntArray, seats: IntArray, out: Float32Array
    ) -> None:
        """Write the values; see ``ValueAgent``."""
        wall_hugger_values(engine.cells, engine.heads, games, seats, self.ranks(), out)


class Reply(StrEnum):
    """How the other rider's simultaneous move is foreseen."""

    WORST = "worst"
    MEAN = "mean"
    STILL = "still"
    """It stays where it is: territory is counted as if one moved alone."""


class TieBreak(StrEnum):
    """What settles equal territory, before the order of the actions does."""

    ORDER = "order"
    HUG = "hug"
    """Few ways on from the target cell."""
    OPEN = "open"
    """Many ways on from the target cell."""


@dataclass(frozen=True, slots=True)
class Voronoi:
    """One-ply joint lookahead on territory: own cells against the other's, after both moved.

    A reply onto the same cell is a draw and counts 0; no accepted reply left is a win.

    Attributes:
        reply: how the other rider's move is foreseen.
        tie: what settles equal values.
        own: weight of a cell that oneself reaches strictly first, 0 to 4.
        other: weight of a cell that the other does, 0 to 4.
    """

    reply: Reply = Reply.WORST
    tie: TieBreak = TieBreak.HUG
    own: int = 1
    other: int = 1

    def __post_init__(self) -> None:
        for field in ("own", "other"):
            weight = getattr(self, field)
            if not 0 <= weight <= MAX_WEIGHT:
                raise AgentSpecError(f"voronoi: {field} is {weight}; allowed are 0 to {MAX_WEIGHT}")

    def values(
        self, engine: BatchEngine, games: IntArray, seats: IntArray, out: Float32Array
    ) -> None:
        """Write the values; see ``ValueAgent``."""
        voronoi_values(
            engine.cells,
            engine.heads,
            engine.causes,
            games,
            seats,
            list(Reply).index(self.reply),
            list(TieBreak).index(self.tie),
            self.own,
            self.other,
            out,
        )


def make_random(argument: str) -> RandomRider:
    """Make ``random`` or ``random:seed=N``: uniform over accepted actions; see ``RandomRider``.

    Raises:
        AgentSpecError: the argument is malformed.
    """
    options = parse_options("random", argument, {"seed": "0"})
    if not options["seed"].isascii() or not options["seed"].isdecimal():
        raise AgentSpecError(f"random: seed is {options['seed']!r}; expected 0 to 2**64 - 1")
    seed = int(options["seed"])
    if seed >= 2**64:
        raise AgentSpecError(f"random: seed is {seed}; allowed are 0 to 2**64 - 1")
    return RandomRider(spec_of("random", argument), seed)


def make_wall_hugger(argument: str) -> ValueAgent:
    """Make ``wall-hugger`` or ``wall-hugger:order=ldru`` (first letters of the four actions).

    Raises:
        AgentSpecError: the argument is malformed.
    """
    letters = {action.name[0].lower(): action for action in Action}
    order = parse_options("wall-hugger", argument, {"order": "urdl"})["order"]
    if sorted(order) != sorted(letters):
        raise AgentSpecError(
            f"wall-hugger: order is {order!r}; expected u, r, d and l, each once, such as 'urdl'"
        )
    first, second, third, fourth = (letters[letter] for letter in order)
    hugger = WallHugger((first, second, third, fourth))
    return ValueAgent(spec_of("wall-hugger", argument), hugger.values)


def make_voronoi(argument: str) -> ValueAgent:
    """Make ``voronoi``, or with any of its fields such as ``voronoi:reply=mean,other=2``.

    Raises:
        AgentSpecError: the argument is malformed.
    """
    defaults = {"reply": "worst", "tie": "hug", "own": "1", "other": "1"}
    options = parse_options("voronoi", argument, defaults)
    try:
        parameters = Voronoi(
            Reply(options["reply"]),
            TieBreak(options["tie"]),
            own=int(options["own"]),
            other=int(options["other"]),
        )
    except AgentSpecError:
        raise
    except ValueError as error:
        raise AgentSpecError(
            f"voronoi: {error}; reply is one of {', '.join(Reply)}, tie one of "
            f"{', '.join(TieBreak)}, own and other are whole numbers"
        ) from None
    return ValueAgent(spec_of("voronoi", argument), parameters.values)


def spec_of(agent: str, argument: str) -> str:
    """Return the SPEC of an agent, which is its name: what two agents differ in must be told.

    >>> spec_of("random", "seed=3"), spec_of("random", "")
    ('random:seed=3', 'random')
    """
    return f"{agent}:{argument}" if argument else agent


def parse_options(agent: str, argument: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """Read ``key=value,key=value`` over defaults.

    Raises:
        AgentSpecError: a part is not ``key=value``, or its key is unknown or given twice.

    >>> parse_options("random", "seed=3", {"seed": "0"})
    {'seed': '3'}
    """
    given: dict[str, str] = {}
    for part in argument.split(",") if argument else ():
        key, equals, value = part.partition("=")
        if not equals or not value or key not in defaults:
            expected = ", ".join(f"{key}=..." for key in defaults)
            raise AgentSpecError(f"{agent}: cannot read {part!r}; expected {expected}")
        if key in given:
            raise AgentSpecError(f"{agent}: {key} is given twice")
        given[key] = value
    return {**defaults, **given}
