"""The eight symmetries of the square board: as augmentation, and as an ensemble in the graph.

A symmetry is a number 0 to 7: bit 0 exchanges rows and columns first, bit 1 then turns the rows
around, bit 2 the columns. A game seen through a symmetry is the same game, so that a policy's
values may be asked for on any of the eight boards and carried back.
"""

from typing import Final

import torch
from torch import Tensor, nn

from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.types import ACTIONS

SYMMETRIES: Final = 8


def transformed(planes: Tensor, symmetry: int) -> Tensor:
    """Return planes ``(..., 32, 32)`` seen through a symmetry."""
    if symmetry & 1:
        planes = planes.transpose(-1, -2)
    turned = [axis for axis, bit in ((-2, 2), (-1, 4)) if symmetry & bit]
    return planes.flip(turned) if turned else planes


def image_of(action: int, symmetry: int) -> int:
    """Return what ``action`` is called on the transformed board.

    >>> [image_of(action, 0b010) for action in range(4)]
    [2, 1, 0, 3]
    """
    row, col = int(ROW_STEP[action]), int(COL_STEP[action])
    if symmetry & 1:
        row, col = col, row
    if symmetry & 2:
        row = -row
    if symmetry & 4:
        col = -col
    steps = [(int(ROW_STEP[a]), int(COL_STEP[a])) for a in range(ACTIONS)]
    return steps.index((row, col))


def action_images() -> Tensor:
    """Return int64 ``(8, 4)``: the image of each action under each symmetry."""
    return torch.tensor([[image_of(a, s) for a in range(ACTIONS)] for s in range(SYMMETRIES)])


class SymmetricEnsemble(nn.Module):
    """A policy asked on all eight boards, its values carried back and averaged.

    Eight times the work of the policy alone, and the same answer on every image of a board.
    """

    images: Tensor

    def __init__(self, policy: nn.Module) -> None:
        super().__init__()
        self.policy = policy
        self.register_buffer("images", action_images(), persistent=False)

    def forward(self, observations: Tensor) -> Tensor:
        """Return logits ``(batch, 4)`` of observations ``(batch, 5, 32, 32)``."""
        boards = torch.cat([transformed(observations, s) for s in range(SYMMETRIES)])
        logits = self.policy(boards).reshape(SYMMETRIES, -1, ACTIONS)
        back = [logits[s].index_select(1, self.images[s]) for s in range(SYMMETRIES)]
        return torch.stack(back).mean(dim=0)
