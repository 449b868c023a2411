import numpy as np
import pytest
import torch

from agents.train.config import NetworkConfig
from agents.train.network import BLOCK, PERIPHERY, SIDE, PolicyNetwork
from tron_env.batch import BatchEngine
from tron_env.ruleset import APEX, ARENA
from tron_env.types import CellKind


@pytest.fixture(scope="module")
def engine() -> BatchEngine:
    """Eight games some plies old."""
    engine = BatchEngine(ARENA, 8)
    engine.reset(range(8), range(8))
    for _ in range(5):
        actions = engine.masks.argmax(axis=2).astype(np.uint8)
        engine.step(actions)
    return engine


def board_around(engine: BatchEngine, game: int, seat: int, reach: int) -> np.ndarray:
    """Cut the neighbourhood of a head out of the cells, walls beyond the board."""
    padded = np.pad(engine.cells[game], reach, constant_values=CellKind.WALL)
    row, col = engine.heads[game, seat]
    return padded[row : row + 2 * reach + 1, col : col + 2 * reach + 1]


def test_fovea_is_the_board_around_the_own_head(engine):
    network = PolicyNetwork(NetworkConfig(fovea_radius=9))
    for seat in range(2):
        seen = torch.from_numpy(engine.planes[:, seat].astype(np.float32))
        fovea = network.features_extractor.windows(seen)[0].numpy()
        assert fovea.shape == (8, 4, 19, 19)
        for game in range(8):
            around = board_around(engine, game, seat, 9)
            np.testing.assert_array_equal(fovea[game, 0], around == CellKind.EMPTY)
            np.testing.assert_array_equal(fovea[game, 1], around == CellKind.TRAIL_0 + seat)
            np.testing.assert_array_equal(fovea[game, 2], around == CellKind.TRAIL_1 - seat)


def test_periphery_is_the_whole_board_in_blocks_around_the_own_head(engine):
    network = PolicyNetwork(NetworkConfig())
    seen = torch.from_numpy(engine.planes[:, 0].astype(np.float32))
    periphery = network.features_extractor.windows(seen)[1].numpy()
    for game in range(8):
        free = board_around(engine, game, 0, SIDE)[: 2 * SIDE, : 2 * SIDE] == CellKind.EMPTY
        blocks = free.reshape(PERIPHERY, BLOCK, PERIPHERY, BLOCK).mean(axis=(1, 3))
        np.testing.assert_allclose(periphery[game, 0], blocks, atol=1e-6)
        assert periphery[game, 3].sum() * BLOCK**2 == pytest.approx(1.0)


def test_the_corner_of_the_board_is_as_good_as_its_middle():
    engine = BatchEngine(APEX, 1)
    engine.reset([0], [0])
    network = PolicyNetwork(NetworkConfig())
    logits = network(torch.from_numpy(engine.planes[0].astype(np.float32)))
    assert logits.shape == (2, 4)
    assert torch.isfinite(logits).all()
