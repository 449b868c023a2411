"""What a game pays a seat: reward conventions as data, and conversions between them."""

from dataclasses import dataclass, fields
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tron_env.errors import OptionError
from tron_env.scoring import apex_score
from tron_env.types import SEATS, DeathCause, Float32Array, Outcome, Seat


@dataclass(frozen=True, slots=True)
class Rewards:
    """What the last ply of a game pays, and what each ply does.

    Raises:
        OptionError: a field is not a finite number.
    """

    win: float = 1.0
    draw: float = 0.0
    loss: float = -1.0
    survival: float = 0.0
    """Paid on top for each ply that the seat survives."""
    apex: float = 0.0
    """Weight of Apex's death-cause score, paid on top when the game ends."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (isinstance(value, int | float) and np.isfinite(value)):
                raise OptionError(f"rewards: {field.name} is {value!r}; allowed are finite numbers")


ZERO_SUM: Final = Rewards()
POINTS: Final = Rewards(win=1.0, draw=0.5, loss=0.0)
APEX_SCORE: Final = Rewards(win=0.0, draw=0.0, loss=0.0, apex=1.0)
CONVENTIONS: Final = {"zero-sum": ZERO_SUM, "points": POINTS, "apex": APEX_SCORE}


def rewards_named(name: str) -> Rewards:
    """Return the convention called ``name``.

    Raises:
        OptionError: there is none.
    """
    if name not in CONVENTIONS:
        known = ", ".join(sorted(CONVENTIONS))
        raise OptionError(f"no rewards are called {name!r}; known are {known}")
    return CONVENTIONS[name]


def reward_table(rewards: Rewards) -> Float32Array:
    """Return every reward there is, float32 ``(5, 5, 5, 2)``.

    The axes are what a ply left behind: ``Outcome``, the ``DeathCause`` of seat 0, that of seat 1,
    and the seat that is paid.
    """
    shape = (len(Outcome), len(DeathCause), len(DeathCause), SEATS)
    table: Float32Array = np.zeros(shape, dtype=np.float32)
    for outcome, first, second, seat in product(Outcome, DeathCause, DeathCause, Seat):
        paid = 0.0 if (first, second)[seat] else rewards.survival
        if outcome is not Outcome.ONGOING:
            paid += rewards.apex * apex_score((first, second), outcome)[seat]
            paid += {None: rewards.draw, seat: rewards.win}.get(outcome.winner, rewards.loss)
        table[outcome, first, second, seat] = paid
    return table


def convert_rewards(
    values: NDArray[np.floating[Any]] | float, source: Rewards, target: Rewards = ZERO_SUM
) -> NDArray[np.float64]:
    """Turn rewards for whole games from one convention into another.

    Args:
        values: of any shape; each is what ``source`` pays for a win, a draw or a loss.
        source: the convention they are in.
        target: the convention they are wanted in.

    Raises:
        OptionError: a value is none of these, or the conventions pay for more than the result.

    >>> convert_rewards(np.array([1.0, 0.5, 0.0]), POINTS).tolist()
    [1.0, 0.0, -1.0]
    """
    for rewards in (source, target):
        if rewards.survival or rewards.apex:
            raise OptionError(f"{rewards} pays for more than win, draw and loss")
    old = (source.win, source.draw, source.loss)
    if len(set(old)) != len(old):
        raise OptionError(f"{source} does not tell win, draw and loss apart")
    given = np.asarray(values, dtype=np.float64)
    places = [np.isclose(given, value) for value in old]
    unknown = ~np.logical_or.reduce(places)
    if unknown.any():
        raise OptionError(f"{given[unknown].flat[0]} is none of win, draw and loss in {source}")
    return np.asarray(np.select(places, (target.win, target.draw, target.loss)))
