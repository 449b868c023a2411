"""Rulesets as data: size, spawn layout and ply limit."""

from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral
from typing import Final

from tron_env.errors import RulesetError

RULES_VERSION: Final = 1
"""Rises when a game would go on differently, or start elsewhere on its seed; datasets name it."""
MIN_SIDE: Final = 8
MAX_SIDE: Final = 64
MAX_PLIES_LIMIT: Final = 65_535
DEFAULT_MAX_PLIES: Final = 500


class SpawnLayout(StrEnum):
    """How a start places the two riders."""

    CORNERS = "corners"
    """Seat 0 at (1, 1) heading DOWN, seat 1 at (height - 2, width - 2) heading UP."""
    MIRRORED = "mirrored"
    """Seat 0 at random, seat 1 its image under half a turn."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One variant of the game.

    ``max_plies`` of 0 stands for the default, max(500, playable cells // 2).

    Raises:
        RulesetError: a field is out of range; the message names it.

    >>> Ruleset(height=16, width=20).max_plies
    500
    """

    height: int = 32
    width: int = 32
    spawn: SpawnLayout = SpawnLayout.MIRRORED
    max_plies: int = 0

    def __post_init__(self) -> None:
        for field in ("height", "width"):
            value = getattr(self, field)
            if not is_whole(value) or not MIN_SIDE <= value <= MAX_SIDE:
                raise RulesetError(
                    f"{field} is {value!r}; allowed are {MIN_SIDE} to {MAX_SIDE} cells, "
                    "walls included"
                )
            object.__setattr__(self, field, int(value))
        try:
            object.__setattr__(self, "spawn", SpawnLayout(self.spawn))
        except ValueError:
            names = ", ".join(SpawnLayout)
            raise RulesetError(f"spawn is {self.spawn!r}; allowed are {names}") from None
        if not is_whole(self.max_plies):
            raise RulesetError(f"max_plies is {self.max_plies!r}; allowed are whole numbers")
        object.__setattr__(self, "max_plies", int(self.max_plies))
        if self.max_plies == 0:
            object.__setattr__(self, "max_plies", max(DEFAULT_MAX_PLIES, self.playable_cells // 2))
        if not 1 <= self.max_plies <= MAX_PLIES_LIMIT:
            raise RulesetError(
                f"max_plies is {self.max_plies}; allowed are 1 to {MAX_PLIES_LIMIT}, "
                "or 0 for the default"
            )

    @property
    def playable_cells(self) -> int:
        """Cells inside the wall border."""
        return (self.height - 2) * (self.width - 2)

    def inside(self, row: int, col: int) -> bool:
        """Whether a cell lies inside the wall border.

        >>> Ruleset().inside(1, 30), Ruleset().inside(1, 31)
        (True, False)
        """
        return 1 <= row <= self.height - 2 and 1 <= col <= self.width - 2


def is_whole(value: object) -> bool:
    """Whether ``value`` is a whole number; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


APEX: Final = Ruleset(spawn=SpawnLayout.CORNERS)
ARENA: Final = Ruleset(spawn=SpawnLayout.MIRRORED)
RULESETS: Final = {"apex": APEX, "arena": ARENA}


def ruleset_named(name: str) -> Ruleset:
    """Return the preset called ``name``.

    Raises:
        RulesetError: there is no such preset.
    """
    try:
        return RULESETS[name]
    except KeyError:
        known = ", ".join(sorted(RULESETS))
        raise RulesetError(f"no ruleset is called {name!r}; known are {known}") from None
