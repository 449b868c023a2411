"""The eight symmetries of the board, with the permutation of actions that goes with each.

Turning a position and its actions together changes nothing about the game; training data can be
made eightfold this way.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tron_env.types import Action, Cell, GameState, IntArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Symmetry:
    """One of them: the transpose first, then rows mirrored, then columns mirrored.

    >>> turn = Symmetry(transpose=True, flip_cols=True)
    >>> turn.action(Action.UP)
    <Action.RIGHT: 1>
    """

    transpose: bool = False
    """Rows become columns; a board of H by W becomes one of W by H."""
    flip_rows: bool = False
    flip_cols: bool = False

    @property
    def inverse(self) -> "Symmetry":
        """The one that undoes it."""
        if not self.transpose:
            return self
        return Symmetry(True, self.flip_cols, self.flip_rows)

    @property
    def actions(self) -> IntArray:
        """Where each action goes, ``(4,)``: action a on the old board is ``actions[a]`` on the new.

        >>> Symmetry(flip_rows=True).actions.tolist()
        [2, 1, 0, 3]
        """
        up, right, down, left = Action
        order = [left, down, right, up] if self.transpose else [up, right, down, left]
        flips = {up: down, down: up} if self.flip_rows else {}
        flips |= {left: right, right: left} if self.flip_cols else {}
        return np.array([flips.get(action, action) for action in order], dtype=np.intp)

    def action(self, action: Action) -> Action:
        """Return where one action goes."""
        return Action(self.actions[action])

    def boards(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return a view of observations, cells or masks of cells, turned in their last two axes."""
        turned = array.swapaxes(-1, -2) if self.transpose else array
        turned = turned[..., ::-1, :] if self.flip_rows else turned
        return turned[..., ::-1] if self.flip_cols else turned

    def by_action(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return logits, masks or anything else ``(..., 4)`` in action order, permuted alike."""
        permuted: NDArray[Any] = np.empty_like(array)
        permuted[..., self.actions] = array
        return permuted

    def cell(self, cell: tuple[int, int], height: int, width: int) -> Cell:
        """Return where a cell of a board of ``height`` by ``width`` goes."""
        row, col = cell
        if self.transpose:
            row, col, height, width = col, row, width, height
        row = height - 1 - row if self.flip_rows else row
        return Cell(row, width - 1 - col if self.flip_cols else col)

    def state(self, state: GameState) -> GameState:
        """Return a copy of a position, turned."""
        height, width = state.cells.shape
        first, second = (self.cell(head, height, width) for head in state.heads)
        return GameState(
            cells=np.ascontiguousarray(self.boards(state.cells)),
            heads=(first, second),
            headings=(self.action(state.headings[0]), self.action(state.headings[1])),
            causes=state.causes,
            ply=state.ply,
            outcome=state.outcome,
        )


SYMMETRIES: Final = tuple(
    Symmetry(transpose, flip_rows, flip_cols)
    for transpose in (False, True)
    for flip_rows in (False, True)
    for flip_cols in (False, True)
)
"""All eight, the identity first; the first four keep the shape of any board."""

HALF_TURN: Final = Symmetry(flip_rows=True, flip_cols=True)
"""What makes a mirrored start of itself, with seats exchanged."""
