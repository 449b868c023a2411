"""The eight symmetries of the square board in PyTorch: augmentation, and an ensemble in the graph.

A symmetry is named by its place in ``tron_env.symmetry.SYMMETRIES``. A game seen through one is the
same game, so that a policy's values may be asked for on any of the eight boards and carried back.
"""

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from tron_env.symmetry import SYMMETRIES
from tron_env.types import ACTIONS

ACTION_IMAGES: Final = torch.from_numpy(
    np.stack([symmetry.actions for symmetry in SYMMETRIES]).astype(np.int64)
)
"""int64 ``(8, 4)``: what each action is called on the board seen through each symmetry."""


def transformed(planes: Tensor, symmetry: int) -> Tensor:
    """Return planes ``(..., 32, 32)`` seen through a symmetry, as ``Symmetry.boards`` does."""
    seen_through = SYMMETRIES[symmetry]
    if seen_through.transpose:
        planes = planes.transpose(-1, -2)
    flips = ((-2, seen_through.flip_rows), (-1, seen_through.flip_cols))
    turned = [axis for axis, flipped in flips if flipped]
    return planes.flip(turned) if turned else planes


class SymmetricEnsemble(nn.Module):
    """A policy asked on all eight boards, its values carried back and averaged.

    Eight times the work of the policy alone, and the same answer on every image of a board.
    """

    images: Tensor

    def __init__(self, policy: nn.Module) -> None:
        super().__init__()
        self.policy = policy
        self.register_buffer("images", ACTION_IMAGES, persistent=False)

    def forward(self, observations: Tensor) -> Tensor:
        """Return logits ``(batch, 4)`` of observations ``(batch, 5, 32, 32)``."""
        boards = torch.cat([transformed(observations, s) for s in range(len(SYMMETRIES))])
        logits = self.policy(boards).reshape(len(SYMMETRIES), -1, ACTIONS)
        back = [logits[s].index_select(1, self.images[s]) for s in range(len(SYMMETRIES))]
        return torch.stack(back).mean(dim=0)
