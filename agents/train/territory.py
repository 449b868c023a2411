"""Territory as part of the network: who reaches what first, computed inside the exported graph.

A board is packed into int32 rows, bit ``c`` for column ``c``; bit 31 is wall and never set. Six
floods run side by side for a fixed number of steps: one from each of the own rider's four targets,
one from all of them at once, and one from all of the other rider's. What the own flood reaches
strictly first is its territory, as ``tron_env.territory`` defines it, with the reply left open: the
other rider may use whichever of its targets is nearest. Everything is whole numbers, so that the
graph and PyTorch agree to the last bit.
"""

from typing import Final

import torch
from torch import Tensor, nn

from tron_env.types import ACTIONS, Plane

SIDE: Final = 32
OWN: Final = 4
"""Place of the flood from all own targets, behind the four of single targets."""
OTHER: Final = 5

MAPS: Final = 6
"""Planes: own territory, the other's; nearness to either; reached by either at all."""
FACTS: Final = 8
"""Numbers an action; see ``TerritoryMaps.forward``."""

NEARNESS_STEPS: Final = (1, 2, 4, 7, 11, 16, 22, 30)
"""Steps whose frontiers make up nearness: fine close by, coarse far away."""

_CELLS: Final = 64.0
"""Counts are divided by this, which brings most of them near 1."""


class TerritoryMaps(nn.Module):
    """Observation ``(batch, 5, 32, 32)`` to maps and facts of the territory."""

    weights: Tensor
    above: Tensor
    below: Tensor
    checkers: Tensor
    bits: Tensor

    def __init__(self, steps: int) -> None:
        """Prepare floods of ``steps`` steps, 1 or more."""
        super().__init__()
        self.steps = steps
        rows = torch.arange(SIDE)
        halves = torch.zeros(SIDE, 2)
        halves[:16, 0] = halves[16:, 1] = 2.0 ** torch.arange(16)
        checkers = torch.where(rows % 2 == 0, 0x55555555, 0x2AAAAAAA).to(torch.int32)
        bits = (2 ** torch.arange(SIDE - 1)).to(torch.int32)
        for name, value in (
            ("weights", halves),
            ("above", (rows - 1).clamp(min=0)),
            ("below", (rows + 1).clamp(max=SIDE - 1)),
            ("checkers", checkers.reshape(SIDE, 1, 1)),
            ("bits", torch.cat((bits, torch.zeros(1, dtype=torch.int32)))),
        ):
            self.register_buffer(name, value, persistent=False)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps and the facts of a batch of observations.

        Returns:
            maps float32 ``(batch, 6, 32, 32)``, each 0 to 1, and facts float32 ``(batch, 4, 8)``,
            one row an action: whether it is accepted, own territory, the other's, their
            difference, cells reached, a bound of the plies left there, ways on from the target,
            and whether the riders are apart.
        """
        taken = observations[:, : Plane.OTHER_TRAIL + 1].sum(dim=1, keepdim=True)
        packed = self._pack(
            torch.cat((1.0 - taken, observations[:, Plane.OWN_HEAD :]), dim=1)
        )  # (32, batch, 3): free, own head, other head
        free, own_head, other_head = packed[..., 0:1], packed[..., 1:2], packed[..., 2:3]
        own_targets = torch.cat(self._moved(own_head), dim=2) & free
        all_own = self._touching(own_head) & free
        all_other = self._touching(other_head) & free
        reach = torch.cat((own_targets, all_own, all_other), dim=2)
        spread = free.repeat(1, 1, reach.shape[2])
        mine = theirs = torch.zeros_like(reach[..., :OTHER])
        near = torch.zeros_like(observations[:, :2])
        for step in range(1, self.steps + 1):
            own, other = reach[..., :OTHER], reach[..., OTHER:]
            both = own & other
            mine = _either(mine, own - both)
            theirs = _either(theirs, other - both)
            if step in NEARNESS_STEPS:
                near = near + self._unpack(reach[..., OWN:])
            grown = self._touching(reach) & spread
            reach = _either(reach, grown)
        areas = torch.cat((mine[..., OWN:], theirs[..., OWN:], reach[..., OWN:]), dim=2)
        area_maps = self._unpack(areas)
        maps = torch.cat((area_maps[:, :2], near / len(NEARNESS_STEPS), area_maps[:, 2:]), dim=1)
        return maps, self._facts(own_targets, free, reach, mine, theirs)

    def _facts(
        self, targets: Tensor, free: Tensor, reach: Tensor, mine: Tensor, theirs: Tensor
    ) -> Tensor:
        reached = reach[..., :ACTIONS]
        light = reached & self.checkers
        exits = self._touching(targets) & free
        counted = torch.cat(
            (targets, mine[..., :ACTIONS], theirs[..., :ACTIONS], reached, light, exits), dim=2
        )
        counts = _count(counted).reshape(-1, 6, ACTIONS)  # (batch, 6, 4)
        accepted, own, other, cells, lights, ways = counts.unbind(dim=1)
        # A path changes the colour of its cell with each ply.
        bound = 2.0 * torch.minimum(lights, cells - lights)
        apart = (_count(reach[..., OWN:OTHER] & reach[..., OTHER:]) == 0).float()
        return torch.stack(
            (
                accepted,
                own / _CELLS,
                other / _CELLS,
                (own - other) / _CELLS,
                cells / _CELLS,
                bound / _CELLS,
                ways,
                apart.expand(-1, ACTIONS),
            ),
            dim=2,
        )

    def _pack(self, planes: Tensor) -> Tensor:
        """Pack 0/1 planes ``(batch, n, 32, 32)`` into int32 ``(32, batch, n)``.

        A float32 product holds 16 bits exactly, not 32, so that each row is packed in two halves.
        """
        halves = (planes @ self.weights).to(torch.int32)
        packed: Tensor = (halves[..., 0] + halves[..., 1] * 65536).permute(2, 0, 1)
        return packed.contiguous()

    def _unpack(self, boards: Tensor) -> Tensor:
        """Return float32 0/1 planes ``(batch, n, 32, 32)`` of int32 ``(32, batch, n)``."""
        planes = (boards.permute(1, 2, 0).unsqueeze(3) & self.bits) != 0
        return planes.float()

    def _moved(self, boards: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return ``boards``, axis 0 rows, moved by one cell in the order of ``Action``."""
        return (
            boards.index_select(0, self.below),
            boards * 2,
            boards.index_select(0, self.above),
            torch.div(boards, 2, rounding_mode="trunc"),
        )

    def _touching(self, boards: Tensor) -> Tensor:
        up, right, down, left = self._moved(boards)
        return _either(_either(up, down), _either(right, left))


def _either(first: Tensor, second: Tensor) -> Tensor:
    return torch.bitwise_or(first, second)


def _count(boards: Tensor) -> Tensor:
    """Return float32 ``(batch, n)``, the set bits of int32 ``(32, batch, n)``."""
    words = boards - (_right(boards, 1) & 0x55555555)
    words = (words & 0x33333333) + (_right(words, 2) & 0x33333333)
    words = (words + _right(words, 4)) & 0x0F0F0F0F
    words = words + _right(words, 8)
    words = (words + _right(words, 16)) & 0x3F
    return words.float().sum(dim=0)


def _right(words: Tensor, places: int) -> Tensor:
    """Shift words without a sign bit to the right; division is what every opset can do."""
    return torch.div(words, 2**places, rounding_mode="trunc")
