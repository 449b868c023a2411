import numpy as np
import torch
from torch import nn

from agents.train.config import NetworkConfig
from agents.train.network import PolicyNetwork
from agents.train.symmetry import ACTION_IMAGES, SymmetricEnsemble, transformed
from agents.train.territory import TerritoryMaps
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.symmetry import SYMMETRIES


def positions() -> torch.Tensor:
    engine = BatchEngine(ARENA, 4)
    engine.reset(range(4), range(4))
    for _ in range(4):
        engine.step(engine.masks.argmax(axis=2).astype(np.uint8))
    return torch.from_numpy(engine.planes[:, 1].astype(np.float32))


def test_symmetries_are_those_of_the_board():
    boards = torch.arange(5 * 1024.0).reshape(5, 32, 32)
    for number, symmetry in enumerate(SYMMETRIES):
        expected = np.ascontiguousarray(symmetry.boards(boards.numpy()))
        assert torch.equal(transformed(boards, number), torch.from_numpy(expected))


def test_symmetries_are_eight_different_boards_and_renamed_actions():
    boards = {transformed(torch.arange(1024.0).reshape(32, 32), s) for s in range(8)}
    assert len({tuple(board.flatten().tolist()) for board in boards}) == 8
    assert len({tuple(row) for row in ACTION_IMAGES.tolist()}) == 8
    assert all(sorted(row) == [0, 1, 2, 3] for row in ACTION_IMAGES.tolist())


def test_actions_are_renamed_as_the_board_is_turned():
    """Facts about an action are the same on every image of a board, under the action's image."""
    seen, maps = positions(), TerritoryMaps(60)
    expected = maps(seen)[1]
    for symmetry in range(8):
        facts = maps(transformed(seen, symmetry))[1]
        assert torch.equal(facts.index_select(1, ACTION_IMAGES[symmetry]), expected)


class Rowwise(nn.Module):
    """Anything but symmetric."""

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return observations[:, 1, 3:20, :4].sum(dim=1) + torch.arange(4.0)


def test_an_ensemble_answers_alike_on_every_image_of_a_board():
    seen = positions()
    network = PolicyNetwork(NetworkConfig(territory_steps=4)).eval().requires_grad_(False)
    for policy in (Rowwise(), network):
        ensemble = SymmetricEnsemble(policy)
        expected = ensemble(seen)
        assert not torch.allclose(policy(seen), expected, atol=1e-3)
        for symmetry in range(8):
            logits = ensemble(transformed(seen, symmetry))
            back = logits.index_select(1, ACTION_IMAGES[symmetry])
            torch.testing.assert_close(back, expected, atol=1e-5, rtol=1e-4)
