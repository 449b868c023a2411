"""A residual network over the whole board, with territory as part of its input.

The planes of the observation, the free cells and the maps of ``agents.train.territory`` go through
residual blocks on three scales, 32, 16 and 8 cells wide, and back up again, each scale added to
what the way down kept of it (Ronneberger, Fischer and Brox (2015), "U-Net"; He, Zhang, Ren and Sun
(2015), "Deep residual learning for image recognition"). The score of an action is then read at the
cell that it leads to, together with a summary of the board and the territory's facts about it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from agents.train.config import require_all
from agents.train.errors import TrainingConfigError
from agents.train.territory import FACTS, MAPS, TerritoryMaps
from tron_env.types import ACTIONS, PLANES, Plane

HIDDEN: Final = 64
"""Width of the summary of the board, and of the layers that score actions and positions."""

OWNERS: Final = 3
"""Whose a cell is when the game has ended: nobody's, the own rider's, the other's."""


@dataclass(frozen=True, slots=True)
class BoardConfig:
    """The size of the network.

    Raises:
        TrainingConfigError: a number is out of range; the message names it.
    """

    channels: tuple[int, int, int] = (64, 96, 128)
    """Width at 32, 16 and 8 cells; 1 to 1024 each."""
    down: tuple[int, int, int] = (3, 4, 4)
    """Residual blocks at each scale on the way down; 0 to 64 each."""
    up: tuple[int, int] = (1, 2)
    """Residual blocks on the way up, at 16 and then at 32 cells; 0 to 64 each."""
    territory_steps: int = 40
    """Steps of the territory floods inside the network, 0 for none; see ``territory``."""

    def __post_init__(self) -> None:
        _require("channels", self.channels, 3, range(1, 1025))
        _require("down", self.down, 3, range(65))
        _require("up", self.up, 2, range(65))
        _require("territory_steps", (self.territory_steps,), 1, range(901))

    def to_json(self) -> str:
        """Return all fields as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "BoardConfig":
        """Return the configuration that ``to_json`` wrote.

        Raises:
            TrainingConfigError: a field is missing, unknown, malformed or out of range.

        >>> BoardConfig.from_json(BoardConfig(up=(2, 1)).to_json()).up
        (2, 1)
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            require_all(cls, fields)
            steps = fields.pop("territory_steps")
            sizes = {name: tuple(numbers) for name, numbers in fields.items()}
            return cls(territory_steps=steps, **sizes)
        except (TypeError, ValueError, AttributeError) as error:
            raise TrainingConfigError(f"not a network's configuration: {error}") from error


def _require(name: str, numbers: Sequence[int], count: int, allowed: range) -> None:
    if len(numbers) != count or any(number not in allowed for number in numbers):
        raise TrainingConfigError(
            f"{name} is {numbers}; expected {count} of {allowed.start} to {allowed.stop - 1}"
        )


class Outlook(NamedTuple):
    """What the network sees in ``b`` observations, all as the rider to move sees it."""

    logits: Tensor
    """``(b, 4)``, of refused actions too."""
    result: Tensor
    """``(b,)``: log-odds of a win."""
    value: Tensor
    """``(b,)``: log-odds for which the teacher's value stands."""
    owners: Tensor
    """``(b, 3, 32, 32)``: logits of whose each cell will be."""


class Block(nn.Module):
    """Two convolutions, added to what they are given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, planes: Tensor) -> Tensor:
        """Return planes of the same shape."""
        change = functional.relu(self.first_norm(self.first(planes)))
        return functional.relu(planes + self.second_norm(self.second(change)))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


def _scaled(channels_in: int, channels_out: int, size: int, stride: int) -> nn.Sequential:
    padding = (size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def _widened(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)
    )


class BoardNetwork(nn.Module):
    """Observation float32 ``(b, 5, 32, 32)`` to an ``Outlook``."""

    def __init__(self, config: BoardConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.channels
        steps = config.territory_steps
        maps, facts = (MAPS, FACTS) if steps else (0, 0)
        self.territory = TerritoryMaps(steps) if steps else None
        self.stem = _scaled(PLANES + 1 + maps, fine, 3, 1)
        self.down_fine = _blocks(fine, config.down[0])
        self.to_middle = _scaled(fine, middle, 2, 2)
        self.down_middle = _blocks(middle, config.down[1])
        self.to_coarse = _scaled(middle, coarse, 2, 2)
        self.down_coarse = _blocks(coarse, config.down[2])
        self.back_to_middle = _widened(coarse, middle)
        self.up_middle = _blocks(middle, config.up[0])
        self.back_to_fine = _widened(middle, fine)
        self.up_fine = _blocks(fine, config.up[1])
        self.summary = nn.Linear(2 * coarse + 2 * fine, HIDDEN)
        self.policy = nn.Sequential(
            nn.Linear(fine + HIDDEN + facts, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
        )
        self.position = nn.Sequential(
            nn.Linear(HIDDEN + ACTIONS * facts, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2)
        )
        self.owners = nn.Conv2d(fine, OWNERS, 1)

    def forward(self, observations: Tensor) -> Outlook:
        """Return what is seen in a batch of observations."""
        inputs = [observations, free_cells(observations)]
        facts: Tensor | None = None
        if self.territory is not None:
            # Whole numbers up to 2**31: no rounding to 16 bits here.
            with torch.autocast(observations.device.type, enabled=False):
                maps, facts = self.territory(observations.float())
            inputs.append(maps)
        fine = self.down_fine(self.stem(torch.cat(inputs, dim=1)))
        middle = self.down_middle(self.to_middle(fine))
        coarse = self.down_coarse(self.to_coarse(middle))
        middle = self.up_middle(functional.relu(middle + _doubled(self.back_to_middle(coarse))))
        fine = self.up_fine(functional.relu(fine + _doubled(self.back_to_fine(middle))))
        heads = observations[:, Plane.OWN_HEAD :]
        cells = torch.cat((target_cells(observations), heads), dim=1).flatten(2)
        features = fine.flatten(2).transpose(1, 2)
        read = cells.to(features.dtype) @ features  # (b, 6, fine): four targets, two heads
        whole = (coarse.mean((2, 3)), coarse.amax((2, 3)), read[:, ACTIONS], read[:, ACTIONS + 1])
        summary = functional.relu(self.summary(torch.cat(whole, dim=1)))
        known = [read[:, :ACTIONS], summary.unsqueeze(1).expand(-1, ACTIONS, -1)]
        position = [summary]
        if facts is not None:
            known.append(facts.to(summary.dtype))
            position.append(facts.flatten(1).to(summary.dtype))
        logits = self.policy(torch.cat(known, dim=2)).squeeze(2)
        seen = self.position(torch.cat(position, dim=1))
        return Outlook(logits, seen[:, 0], seen[:, 1], self.owners(fine))


class BoardPolicy(nn.Module):
    """What plays and is exported: observation ``(b, 5, 32, 32)`` to logits ``(b, 4)``."""

    def __init__(self, network: BoardNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, observations: Tensor) -> Tensor:
        """Return the logits of a batch of observations."""
        outlook: Outlook = self.network(observations)
        return outlook.logits


def free_cells(observations: Tensor) -> Tensor:
    """Return ``(b, 1, 32, 32)``: 1 where there is neither wall nor trail."""
    walls, own, other = (
        observations[:, plane : plane + 1]
        for plane in (Plane.WALLS, Plane.OWN_TRAIL, Plane.OTHER_TRAIL)
    )
    return 1.0 - walls - own - other


def target_cells(observations: Tensor) -> Tensor:
    """Return ``(b, 4, 32, 32)``: the cell that each action leads to, in the order of ``Action``."""
    # No head stands on the border, so that nothing comes in again on the other side.
    head = observations[:, Plane.OWN_HEAD]
    return torch.stack(
        (head.roll(-1, 1), head.roll(1, 2), head.roll(1, 1), head.roll(-1, 2)),
        dim=1,
    )


def accepted_actions(observations: Tensor) -> Tensor:
    """Return bool ``(b, 4)``: whether the cell that an action leads to is free."""
    accepted: Tensor = (target_cells(observations) * free_cells(observations)).sum((2, 3)) > 0.5
    return accepted


def _doubled(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2.0, mode="nearest")
