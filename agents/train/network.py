"""A small network that looks at the board from its own head.

The board is recentred inside the graph: the own head's row and column, one-hot, are multiplied with
constant tables into two selection matrices, and ``rows @ plane @ columns`` cuts out a window around
the head. Two windows are taken. The *fovea* shows the nearest cells one by one; the *periphery*
shows the whole board in blocks of 4x4 cells, each the mean of what lies in it. So a small
convolutional network sees its own surroundings exactly, wherever it stands, and all of the rest
roughly, for the price of a few small matrix products. Cells off the board read as not free.

With ``territory_steps`` the maps of ``agents.train.territory`` are seen through both windows too,
and its facts about each action are turned into a score an action by one small network for all four.
"""

from collections.abc import Mapping

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.train.config import NetworkConfig
from agents.train.territory import FACTS, MAPS, TerritoryMaps
from tron_env.types import ACTIONS, PLANES, Plane

SIDE = 32
BLOCK = 4
PERIPHERY = 2 * SIDE // BLOCK
VIEWS = 4
"""Planes of a window: free, own trail, other trail, other head; then the territory's maps."""
CONTEXT = 16
"""Numbers about the whole position that the score of an action depends on."""
SCORER = 32
"""Width of the hidden layer that scores an action."""


def selection_table(offsets: range, block: int) -> Tensor:
    """Return the table that turns a one-hot coordinate into a selection matrix.

    Args:
        offsets: first coordinate of each block, relative to the head's.
        block: cells a block, averaged.

    Returns:
        float32 ``(32, len(offsets) * 32)``; row ``h`` is the flattened matrix
        ``(len(offsets), 32)`` for a head at coordinate ``h``.
    """
    table = torch.zeros(SIDE, len(offsets), SIDE)
    for head in range(SIDE):
        for place, offset in enumerate(offsets):
            for cell in range(head + offset, head + offset + block):
                if 0 <= cell < SIDE:
                    table[head, place, cell] = 1.0 / block
    return table.reshape(SIDE, -1)


class TronFeatures(BaseFeaturesExtractor):
    """Observation ``(batch, 5, 32, 32)`` float32 to features, ``(batch, features_dim)``.

    There are ``config.features`` of them, and one more an action where territory is seen.
    """

    fovea_table: Tensor
    periphery_table: Tensor

    def __init__(self, observation_space: spaces.Box, config: NetworkConfig) -> None:
        scores = ACTIONS if config.territory_steps else 0
        super().__init__(observation_space, config.features + scores)
        views = VIEWS + (MAPS if config.territory_steps else 0)
        radius = config.fovea_radius
        self.fovea_side = 2 * radius + 1
        self.register_buffer(
            "fovea_table", selection_table(range(-radius, radius + 1), 1), persistent=False
        )
        self.register_buffer(
            "periphery_table", selection_table(range(-SIDE, SIDE, BLOCK), BLOCK), persistent=False
        )
        near, middle, far = config.fovea_channels
        self.fovea = nn.Sequential(
            nn.Conv2d(views, near, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(near, middle, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(middle, far, 3),
            nn.ReLU(),
            nn.Flatten(),
        )
        first, second = config.periphery_channels
        self.periphery = nn.Sequential(
            nn.Conv2d(views, first, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            joined = (
                self.fovea(torch.zeros(1, views, self.fovea_side, self.fovea_side)).shape[1]
                + self.periphery(torch.zeros(1, views, PERIPHERY, PERIPHERY)).shape[1]
            )
        self.territory: TerritoryMaps | None = None
        if config.territory_steps:
            self.territory = TerritoryMaps(config.territory_steps)
            joined += ACTIONS * FACTS
            self.context = nn.Sequential(nn.Linear(config.features, CONTEXT), nn.ReLU())
            self.scorer = nn.Sequential(
                nn.Linear(FACTS + CONTEXT, SCORER), nn.ReLU(), nn.Linear(SCORER, 1)
            )
        self.hidden = nn.Sequential(nn.Linear(joined, config.features), nn.ReLU())

    def windows(self, observations: Tensor, maps: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the fovea ``(batch, n, side, side)`` and the periphery ``(batch, n, 16, 16)``.

        ``n`` is 4, and more by the number of ``maps``, float32 ``(batch, m, 32, 32)``.
        """
        own = observations[:, Plane.OWN_TRAIL]
        other = observations[:, Plane.OTHER_TRAIL]
        free = 1.0 - observations[:, Plane.WALLS] - own - other
        planes = torch.stack((free, own, other, observations[:, Plane.OTHER_HEAD]), dim=1)
        if maps is not None:
            planes = torch.cat((planes, maps), dim=1)
        head = observations[:, Plane.OWN_HEAD]
        row, col = head.sum(dim=2), head.sum(dim=1)
        return (
            _window(planes, row, col, self.fovea_table, self.fovea_side),
            _window(planes, row, col, self.periphery_table, PERIPHERY),
        )

    def forward(self, observations: Tensor) -> Tensor:
        """Return the features of a batch of observations."""
        if self.territory is None:
            fovea, periphery = self.windows(observations)
            joined = torch.cat((self.fovea(fovea), self.periphery(periphery)), dim=1)
            features: Tensor = self.hidden(joined)
            return features
        maps, facts = self.territory(observations)
        fovea, periphery = self.windows(observations, maps)
        known = (self.fovea(fovea), self.periphery(periphery), facts.flatten(1))
        features = self.hidden(torch.cat(known, dim=1))
        context = self.context(features).unsqueeze(1).expand(-1, ACTIONS, -1)
        scores = self.scorer(torch.cat((facts, context), dim=2)).squeeze(2)
        return torch.cat((features, scores), dim=1)


def _window(planes: Tensor, row: Tensor, col: Tensor, table: Tensor, side: int) -> Tensor:
    rows = (row @ table).reshape(-1, 1, side, SIDE)
    cols = (col @ table).reshape(-1, 1, side, SIDE)
    return rows @ planes @ cols.transpose(2, 3)


class PolicyNetwork(nn.Module):
    """Observation ``(batch, 5, 32, 32)`` to logits ``(batch, 4)``: what plays, and is exported.

    Its parameters bear the names that Stable-Baselines3's policy gives them.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        space = spaces.Box(0, 1, (PLANES, SIDE, SIDE))
        self.features_extractor = TronFeatures(space, config)
        self.action_net = nn.Linear(self.features_extractor.features_dim, ACTIONS)

    def forward(self, observations: Tensor) -> Tensor:
        """Return the logits of a batch of observations."""
        logits: Tensor = self.action_net(self.features_extractor(observations))
        return logits

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], config: NetworkConfig) -> "PolicyNetwork":
        """Return a copy of the acting part of an SB3 policy's ``state_dict``, in evaluation mode.

        Raises:
            RuntimeError: shapes or names do not fit ``config``.
        """
        # Initial weights are drawn and thrown away; whoever trains must not notice.
        with torch.random.fork_rng(devices=[]):
            network = cls(config)
        names = network.state_dict().keys()
        network.load_state_dict({name: state[name] for name in names if name in state})
        return network.eval().requires_grad_(False)
