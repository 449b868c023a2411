"""What the environment faces have in common: their options, checked once."""

from operator import index
from typing import Final, Literal, TypeAlias

import numpy as np
from gymnasium import spaces

from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, OptionError, RulesetError
from tron_env.restarting import NEXT_GAME
from tron_env.rewards import Rewards, reward_table, rewards_named
from tron_env.ruleset import Ruleset, is_whole, ruleset_named
from tron_env.spawn import random_u64
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    Float32Array,
    Seat,
    UInt8Array,
)

Observation: TypeAlias = Float32Array | UInt8Array
Dtype: TypeAlias = type[np.float32] | type[np.uint8] | Literal["float32", "uint8"]
SeatChoice: TypeAlias = int | Literal["random"]
OutsideMask: TypeAlias = Literal["die", "replace"]

DTYPES: Final = (np.dtype(np.float32), np.dtype(np.uint8))


def observation_space(ruleset: Ruleset, dtype: Dtype) -> spaces.Space[Observation]:
    """Return the space of one seat's observations.

    Raises:
        OptionError: ``dtype`` is neither float32 nor uint8.
    """
    kind = checked_dtype(dtype)
    return spaces.Box(0, 1, (PLANES, ruleset.height, ruleset.width), kind.type)


def checked_dtype(dtype: Dtype) -> np.dtype[np.float32] | np.dtype[np.uint8]:
    """Return the dtype of observations.

    Raises:
        OptionError: it is neither float32 nor uint8.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in DTYPES:
        raise OptionError(f"dtype is {dtype!r}; allowed are float32 and uint8")
    return kind


def checked_seat(seat: SeatChoice) -> Seat | None:
    """Return the seat, None for "random".

    Raises:
        OptionError: it is neither.
    """
    if isinstance(seat, str) and seat == "random":
        return None
    if not is_seat(seat):
        raise OptionError(f"seat is {seat!r}; allowed are 0, 1 and 'random'")
    return Seat(seat)


def is_seat(value: object) -> bool:
    """Whether ``value`` is 0 or 1, as a whole number of any kind."""
    return is_whole(value) and value in range(SEATS)


def is_replacing(outside_mask: str) -> bool:
    """Whether an action outside the mask is replaced.

    Raises:
        OptionError: the option is neither "die" nor "replace".
    """
    if outside_mask not in ("die", "replace"):
        raise OptionError(f"outside_mask is {outside_mask!r}; allowed are 'die' and 'replace'")
    return outside_mask == "replace"


def chosen_ruleset(ruleset: str | Ruleset) -> Ruleset:
    """Return a ruleset, given itself or by a preset's name.

    Raises:
        RulesetError: there is no such preset, or it is neither.
    """
    if isinstance(ruleset, str):
        return ruleset_named(ruleset)
    if not isinstance(ruleset, Ruleset):
        raise RulesetError(f"ruleset is {ruleset!r}; allowed are a preset's name and a Ruleset")
    return ruleset


def chosen_rewards(rewards: str | Rewards) -> Float32Array:
    """Return the table of rewards, given themselves or by a convention's name.

    Raises:
        OptionError: there is no such convention, or they are neither.
    """
    chosen = rewards_named(rewards) if isinstance(rewards, str) else rewards
    if not isinstance(chosen, Rewards):
        raise OptionError(f"rewards are {rewards!r}; allowed are a convention's name and Rewards")
    return reward_table(chosen)


def checked_action(action: object, name: str = "action") -> int:
    """Return one action as a number.

    Raises:
        InvalidActionError: it is not an integer from 0 to 3.
    """
    try:
        number = index(action)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number < ACTIONS:
        raise InvalidActionError(f"{name} is {action!r}; allowed are 0 to 3")
    return number


def first_seed(generator: np.random.Generator) -> np.uint64:
    """Return the seed of the first game after a seeded reset."""
    return generator.integers(2**64, dtype=np.uint64)


def next_seed(engine: BatchEngine, game: int) -> np.uint64:
    """Return the seed of the game that follows one of an engine's."""
    return random_u64(engine.seeds[game], NEXT_GAME)
