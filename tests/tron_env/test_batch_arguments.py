"""The batch engine refuses what it cannot play, and changes nothing."""

import numpy as np
import pytest

from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.ruleset import ARENA


@pytest.fixture
def engine() -> BatchEngine:
    engine = BatchEngine(ARENA, 3)
    engine.reset([0, 1, 2], [5, 6, 7])
    return engine


@pytest.mark.parametrize(
    "games", [[-1], [3], [0.5], np.array([True, False, True]), [[0]], [2**63]], ids=repr
)
def test_games_must_be_indices(engine: BatchEngine, games) -> None:
    before = engine.cells.copy()
    with pytest.raises(RulesetError, match="indices from 0 to 2"):
        engine.reset(games, [1])
    assert (engine.cells == before).all()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, np.int64(-1), "7"], ids=repr)
def test_a_seed_is_a_whole_number_of_64_bits(engine: BatchEngine, seed) -> None:
    with pytest.raises(RulesetError, match="seed is"):
        engine.reset([0], [seed])


def test_the_greatest_seed_is_played(engine: BatchEngine) -> None:
    engine.reset([0], [2**64 - 1])
    engine.reset([1], np.array([2**64 - 1], dtype=np.uint64))
    assert (engine.cells[0] == engine.cells[1]).all()


@pytest.mark.parametrize(
    ("games", "seats", "rows", "dtype"),
    [
        ([0, 1], [0], 2, np.float32),
        ([0], [2], 1, np.float32),
        ([0], [-1], 1, np.float32),
        ([0, 1], [0, 1], 1, np.float32),
        ([0], [0], 1, np.float64),
        ([3], [0], 1, np.float32),
    ],
)
def test_gather_writes_nothing_past_its_tensor(engine, games, seats, rows, dtype) -> None:
    out = np.full((rows, 5, 32, 32), 7, dtype=dtype)
    with pytest.raises(RulesetError):
        engine.gather(np.array(games), np.array(seats), out)
    assert (out == 7).all()


def test_any_layout_of_actions_is_played_alike(engine: BatchEngine) -> None:
    wide = np.array([[0, 9, 1], [1, 9, 2], [3, 9, 0]], dtype=np.int64)[:, ::2]
    frozen = np.ascontiguousarray(wide, dtype=np.uint8)
    frozen.setflags(write=False)
    twin = BatchEngine(ARENA, 3)
    twin.reset([0, 1, 2], [5, 6, 7])
    engine.step(wide)
    twin.step(frozen)
    assert (engine.cells == twin.cells).all()
    with pytest.raises(InvalidActionError, match="allowed are 0 to 3"):
        engine.step(np.array([[0, 4], [0, 0], [0, 0]]))
