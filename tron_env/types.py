"""The vocabulary of the game: one type for each concept."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

UInt8Array: TypeAlias = NDArray[np.uint8]
Int8Array: TypeAlias = NDArray[np.int8]
Int16Array: TypeAlias = NDArray[np.int16]
Int32Array: TypeAlias = NDArray[np.int32]
Int64Array: TypeAlias = NDArray[np.int64]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]
Float32Array: TypeAlias = NDArray[np.float32]
SeedArray: TypeAlias = NDArray[np.uint64]

SEATS: Final = 2
ACTIONS: Final = 4
PLANES: Final = 5


class Action(IntEnum):
    """An absolute direction; UP is row - 1, RIGHT is col + 1. Headings use the same numbers."""

    UP = 0
    RIGHT = 1
    DOWN = 2
    LEFT = 3

    @property
    def reverse(self) -> "Action":
        """The opposite direction.

        >>> Action.UP.reverse
        <Action.DOWN: 2>
        """
        return Action(self ^ 2)

    @property
    def offset(self) -> tuple[int, int]:
        """The change of row and column.

        >>> Action.LEFT.offset
        (0, -1)
        """
        return (-1, 0, 1, 0)[self], (0, 1, 0, -1)[self]


class Seat(IntEnum):
    """A position in every array whose axis is "the two riders"."""

    FIRST = 0
    SECOND = 1

    @property
    def other(self) -> "Seat":
        """The seat across the board."""
        return Seat(1 - self)


class Cell(NamedTuple):
    """One square of the board, wall border included."""

    row: int
    col: int


class CellKind(IntEnum):
    """What a cell of ``cells`` holds."""

    EMPTY = 0
    WALL = 1
    TRAIL_0 = 2
    TRAIL_1 = 3


class Plane(IntEnum):
    """The observation planes, each 0 or 1 per cell, seen from one seat."""

    WALLS = 0
    OWN_TRAIL = 1
    OTHER_TRAIL = 2
    OWN_HEAD = 3
    OTHER_HEAD = 4


class DeathCause(IntEnum):
    """Why a rider is dead; NONE while it lives."""

    NONE = 0
    WALL = 1
    SELF = 2
    OPPONENT = 3
    HEAD_ON = 4


class Outcome(IntEnum):
    """How a game stands by the rules."""

    ONGOING = 0
    FIRST_WINS = 1
    SECOND_WINS = 2
    DRAW = 3
    """Both died on the same ply."""
    TRUNCATED = 4
    """``max_plies`` was reached with both alive: a draw."""

    @property
    def winner(self) -> Seat | None:
        """The winning seat, or None for a draw and while the game goes on."""
        if self is Outcome.FIRST_WINS:
            return Seat.FIRST
        if self is Outcome.SECOND_WINS:
            return Seat.SECOND
        return None


class Spawn(NamedTuple):
    """Where one rider starts."""

    row: int
    col: int
    heading: Action


@dataclass(frozen=True, slots=True, eq=False)
class GameState:
    """A copy of one game at one ply, safe to keep."""

    cells: UInt8Array
    """``(height, width)``, values of ``CellKind``."""
    heads: tuple[Cell, Cell]
    """The last cell each rider stood on, dead or alive."""
    headings: tuple[Action, Action]
    """The direction each rider last went, or died going."""
    causes: tuple[DeathCause, DeathCause]
    ply: int
    outcome: Outcome
