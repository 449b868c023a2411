"""The order in which cells were ridden: no state holds it, and only pictures need it."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from tron_env.types import Cell, CellKind, GameState, Seat

Trails: TypeAlias = tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]
"""Each seat's cells, the present one last."""

STARTING_CELLS = 2
"""A spawn and the cell behind it: the longest trail whose order its head alone tells."""


class TrailLog:
    """Watches one game ply by ply."""

    def __init__(self) -> None:
        self._cells: tuple[list[Cell], list[Cell]] = ([], [])
        self._known = False

    def start(self, state: GameState) -> None:
        """Begin with the first position of a game."""
        self._cells = ([], [])
        for seat in Seat:
            found = np.argwhere(state.cells == CellKind.TRAIL_0 + seat)
            trail = sorted((Cell(*map(int, cell)) for cell in found), key=state.heads[seat].__eq__)
            self._cells[seat].extend(trail)
        self._known = max(map(len, self._cells)) <= STARTING_CELLS

    def note(self, heads: tuple[Cell, Cell]) -> None:
        """Add where the riders stand now."""
        for trail, head in zip(self._cells, heads, strict=True):
            if trail[-1] != head:
                trail.append(head)

    def trails(self) -> Trails | None:
        """Return a copy, or None where the game began amid trails of unknown order."""
        return (tuple(self._cells[0]), tuple(self._cells[1])) if self._known else None
