"""Labelled plies on a device of PyTorch, and batches of them with all that a network should see."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.train.board_network import free_cells
from agents.train.boards import SIDE, Boards
from agents.train.games import UNLABELLED, LabelledGames
from agents.train.symmetry import ACTION_IMAGES, transformed
from tron_env.types import ACTIONS, SEATS

MIXED_WEIGHT = 0.4
"""What a result counts where others than the teacher rode, beside 1 in the teacher's own games."""

MOST_VALUE = 1_000_000
"""Larger values of the teacher are won or lost anyway."""


class Batch(NamedTuple):
    """``b`` samples, each seen from the rider to move, all on the samples' device."""

    observations: Tensor
    """float32 ``(b, 5, 32, 32)``."""
    free: Tensor
    """float32 ``(b, 32, 32)``: 1 where there is neither wall nor trail yet."""
    owners: Tensor
    """int64 ``(b, 32, 32)``: at the game's end 1 on the own trail, 2 on the other's, else 0."""
    actions: Tensor
    """int64 ``(b,)``: the teacher's."""
    values: Tensor
    """float32 ``(b,)``: the teacher's."""
    labelled: Tensor
    """bool ``(b,)``: whether there are such; where not, both mean nothing."""
    results: Tensor
    """float32 ``(b,)``: 1 for a win, 0 for a draw, -1 for a loss."""
    weights: Tensor
    """float32 ``(b,)``: what the result counts; 0 where somebody still rides at random."""


class Samples:
    """All plies of games from both seats that are labelled, or tell something by their result.

    Everything lies on the device from the beginning, packed, 0.3 KiB a ply.
    """

    def __init__(self, games: LabelledGames, boards: Boards, device: torch.device) -> None:
        """Move the samples to ``device``."""

        def moved(array: np.ndarray) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        labels = games.rows["labels"]
        plies, seats = np.nonzero((labels != UNLABELLED) | boards.calm[:, None])
        self.games = boards.games[plies]
        """``(len(self),)``: place of each sample's game."""
        self.device = device
        self._plies, self._seats = moved(plies), moved(seats)
        self._trails, self._last = moved(boards.trails), moved(boards.last)
        self._heads = moved(boards.heads.astype(np.int64))
        self._game = moved(boards.games.astype(np.int64))
        self._labels = moved(labels.astype(np.int64))
        values = np.clip(games.rows["values"], -MOST_VALUE, MOST_VALUE)
        self._values = moved(values.astype(np.float32))
        self._results = moved(games.result[boards.games].astype(np.float32))
        purity = np.where(boards.pure, 1.0, MIXED_WEIGHT)
        self._weights = moved((boards.calm * purity).astype(np.float32))
        self._columns = torch.arange(SIDE, device=device, dtype=torch.int32)
        walls = torch.zeros(SIDE, SIDE, device=device)
        walls[0] = walls[-1] = 1
        walls[:, 0] = walls[:, -1] = 1
        self._walls = walls
        self._images = ACTION_IMAGES.to(device)

    def __len__(self) -> int:
        return len(self.games)

    def batch(self, samples: Tensor, symmetry: int) -> Batch:
        """Return samples by their places, seen through one of ``tron_env.symmetry.SYMMETRIES``."""
        plies, seats = self._plies[samples], self._seats[samples]
        count = len(samples)
        place = torch.arange(count, device=self.device)

        def own_first(of_seats: Tensor) -> Tensor:
            return torch.stack((of_seats[place, seats], of_seats[place, 1 - seats]), dim=1)

        trails = self._unpacked(own_first(self._trails[plies])).float()
        at = own_first(self._heads[plies])
        heads = torch.zeros(count, SEATS, SIDE * SIDE, device=self.device)
        heads.scatter_(2, (at[..., 0] * SIDE + at[..., 1]).unsqueeze(2), 1.0)
        observations = torch.cat(
            (
                self._walls.expand(count, 1, SIDE, SIDE),
                trails,
                heads.view(count, SEATS, SIDE, SIDE),
            ),
            dim=1,
        )
        last = self._unpacked(own_first(self._last[self._game[plies]])).long()
        # Both trails hold the cell of a crash into the other's; it is taken already, or a draw's.
        owners = (last[:, 0] + 2 * last[:, 1]).clamp(max=2)
        labels = self._labels[plies, seats]
        actions = self._images[symmetry].index_select(0, labels.clamp(max=ACTIONS - 1))
        seen = transformed(observations, symmetry)
        return Batch(
            observations=seen,
            free=free_cells(seen).squeeze(1),
            owners=transformed(owners, symmetry),
            actions=actions,
            values=self._values[plies, seats],
            labelled=labels < ACTIONS,
            results=self._results[plies] * (1 - 2 * seats.float()),
            weights=self._weights[plies],
        )

    def _unpacked(self, rows: Tensor) -> Tensor:
        """Return int32 0/1 ``(..., 32, 32)`` of packed rows ``(..., 32)``."""
        return (rows.unsqueeze(-1) >> self._columns) & 1
