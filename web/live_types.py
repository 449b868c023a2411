"""What live games are made of: their timing, and what goes in and out of the machine."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tron_env.ruleset import Ruleset
from tron_env.types import (
    Action,
    DeathCause,
    Int32Array,
    IntArray,
    Outcome,
    Seat,
    Spawn,
    UInt8Array,
)

SLOTS_PER_SECOND: Final = 280
PERIODS: Final = {8: 35, 10: 28, 14: 20}
"""Slots between the plies of a game, by speed in plies a second."""
PHASE_STRIDES: Final = {8: 5, 10: 4, 14: 4}
"""Slots between neighbouring phases, by speed."""
SPEEDS: Final = tuple(PERIODS)
DEFAULT_SPEED: Final = 10
MAX_QUEUED_TURNS: Final = 2
DEFAULT_COUNTDOWN_SLOTS: Final = 2 * SLOTS_PER_SECOND
FREEZE_SLOTS: Final = 10 * SLOTS_PER_SECOND
"""How long a game waits for a lost connection to come back."""

Ticks: TypeAlias = NDArray[np.int64]
"""``(k, 8)``: game, ply, row 0, col 0, row 1, col 1, heading 0, heading 1."""
TICK_NUMBERS: Final = 8
NO_TICKS: Final[Ticks] = np.zeros((0, TICK_NUMBERS), dtype=np.int64)
NO_SLOTS: Final[IntArray] = np.zeros(0, dtype=np.intp)


class LiveEnding(StrEnum):
    """What brought a live game to its end."""

    RULES = "rules"
    FORFEIT = "forfeit"
    """The model gave no valid logits: the person wins."""
    ABANDONED = "abandoned"
    """The person left."""
    CONCEDED = "conceded"
    """The person left when the game was proved lost, see ``web.judging``: the model wins."""
    CLOSED = "closed"
    """The site ended before the game did: counts as abandoned, and is nobody's doing."""
    VOID = "void"
    """The model's answer came too late, which is our fault: counts for nobody."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a live game starts from.

    ``game`` is its positive number, ``seat`` the person's, ``model`` the key of its opponent.
    ``prefix`` holds the plies that were played before, in another game: two actions each.
    """

    game: int
    seed: int
    seat: Seat
    speed: int
    model: str
    prefix: bytes = b""

    @property
    def played(self) -> UInt8Array:
        """The actions of ``prefix``, ``(plies, 2)``."""
        return np.frombuffer(self.prefix, dtype=np.uint8).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Positions that one model is to answer, all of one beat.

    ``seats`` are the model's. ``games`` and ``plies`` tell late answers from present ones.
    """

    model: str
    slots: IntArray
    seats: IntArray
    games: NDArray[np.int64]
    plies: Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class FinishedGame:
    """Everything a record needs. ``actions`` is uint8 ``(plies, 2)``, effective headings.

    ``outcome`` is the rules' for RULES, the person's win for FORFEIT, the model's for CONCEDED,
    else ONGOING. A game that was ``frozen`` on the way and went on gave its person time to think:
    it is no first try.
    """

    opening: Opening
    actions: UInt8Array
    outcome: Outcome
    causes: tuple[DeathCause, DeathCause]
    ending: LiveEnding
    frozen: bool = False

    @property
    def told(self) -> bool:
        """Whether there is a result to tell the person, who else has left."""
        return self.ending in (LiveEnding.RULES, LiveEnding.FORFEIT, LiveEnding.VOID)

    @property
    def begun(self) -> bool:
        """Whether a ply was played beyond what was played before."""
        return len(self.actions) > len(self.opening.played)

    @property
    def kept(self) -> bool:
        """Whether it is told of and stored: one that was left before its first ply never was."""
        return self.begun or self.told


@dataclass(frozen=True, slots=True, eq=False)
class Beat:
    """What one slot brought; a tick's row is as ``Ticks`` says, ``slots`` are its games'."""

    ticks: Ticks
    slots: IntArray
    finished: list[FinishedGame]
    asks: list[Ask]


def person_seat(spawns: tuple[Spawn, Spawn]) -> Seat:
    """Return the seat that starts in the lower half, or, on the middle row, in the left half."""
    first, second = spawns
    if first.row != second.row:
        return Seat.FIRST if first.row > second.row else Seat.SECOND
    return Seat.FIRST if first.col < second.col else Seat.SECOND


def cells_ahead(spawn: Spawn, ruleset: Ruleset) -> int:
    """Return how many cells lie between a start and the wall it heads for.

    >>> cells_ahead(Spawn(3, 5, Action.UP), Ruleset())
    2
    """
    match spawn.heading:
        case Action.UP:
            return spawn.row - 1
        case Action.DOWN:
            return ruleset.height - 2 - spawn.row
        case Action.LEFT:
            return spawn.col - 1
        case Action.RIGHT:
            return ruleset.width - 2 - spawn.col
