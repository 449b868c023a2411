"""The network's territory against the rules' own, cell by cell."""

from collections import deque

import numpy as np
import pytest
import torch

from agents.train.territory import FACTS, MAPS, TerritoryMaps
from tron_env.batch import BatchEngine
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.ruleset import ARENA
from tron_env.types import ACTIONS, CellKind, Outcome

ENOUGH_STEPS = 120


@pytest.fixture(scope="module")
def engine() -> BatchEngine:
    """Eight games as far as random but careful riders come in 60 plies."""
    engine = BatchEngine(ARENA, 8)
    engine.reset(range(8), range(100, 108))
    generator = np.random.default_rng(5)
    for _ in range(60):
        noise = generator.random(engine.masks.shape)
        before = [engine.state(game) for game in range(8)]
        engine.step(np.where(engine.masks, noise, -1).argmax(axis=2).astype(np.uint8))
        for game in np.flatnonzero(engine.outcomes != Outcome.ONGOING).tolist():
            if before[game].outcome == Outcome.ONGOING:
                engine.reset_to_state(game, before[game])
    return engine


def distances(engine: BatchEngine, game: int, starts: list[tuple[int, int]]) -> np.ndarray:
    """Return plies from any of ``starts`` over empty cells, a large number where there is none."""
    found = np.full(engine.cells[game].shape, 10_000)
    queue = deque(start for start in starts if engine.cells[game][start] == CellKind.EMPTY)
    for cell in queue:
        found[cell] = 0
    while queue:
        row, col = queue.popleft()
        for step in zip(ROW_STEP.tolist(), COL_STEP.tolist(), strict=True):
            cell = (row + step[0], col + step[1])
            if engine.cells[game][cell] == CellKind.EMPTY and found[cell] == 10_000:
                found[cell] = found[row, col] + 1
                queue.append(cell)
    return found


def targets(engine: BatchEngine, game: int, seat: int) -> list[tuple[int, int]]:
    row, col = engine.heads[game, seat].tolist()
    return [(row + int(ROW_STEP[a]), col + int(COL_STEP[a])) for a in range(ACTIONS)]


@pytest.mark.parametrize("seat", [0, 1])
def test_maps_are_who_reaches_what_first(engine, seat):
    seen = torch.from_numpy(engine.planes[:, seat].astype(np.float32))
    maps = TerritoryMaps(ENOUGH_STEPS)(seen)[0].numpy()
    assert maps.shape == (8, MAPS, 32, 32)
    for game in range(8):
        own = distances(engine, game, targets(engine, game, seat))
        other = distances(engine, game, targets(engine, game, 1 - seat))
        np.testing.assert_array_equal(maps[game, 0], own < other)
        np.testing.assert_array_equal(maps[game, 1], other < own)
        np.testing.assert_array_equal(maps[game, 4], own < 10_000)
        np.testing.assert_array_equal(maps[game, 5], other < 10_000)
        np.testing.assert_allclose(maps[game, 2][own == 0], 1.0)
        assert (np.diff(maps[game, 2].reshape(-1)[own.reshape(-1).argsort()]) <= 1e-6).all()


@pytest.mark.parametrize("seat", [0, 1])
def test_facts_count_what_each_action_leads_to(engine, seat):
    seen = torch.from_numpy(engine.planes[:, seat].astype(np.float32))
    facts = TerritoryMaps(ENOUGH_STEPS)(seen)[1].numpy()
    assert facts.shape == (8, ACTIONS, FACTS)
    for game in range(8):
        other = distances(engine, game, targets(engine, game, 1 - seat))
        reached = distances(engine, game, targets(engine, game, seat))
        apart = not ((reached < 10_000) & (other < 10_000)).any()
        for action, target in enumerate(targets(engine, game, seat)):
            own = distances(engine, game, [target])
            accepted = engine.cells[game][target] == CellKind.EMPTY
            assert facts[game, action, 0] == accepted == engine.masks[game, seat, action]
            assert facts[game, action, 1] * 64 == (own < other).sum()
            assert facts[game, action, 4] * 64 == (own < 10_000).sum()
            assert facts[game, action, 7] == apart
            if accepted:
                assert facts[game, action, 2] * 64 == (other < own).sum()
                assert facts[game, action, 6] == (own == 1).sum()


def test_floods_stop_after_their_steps(engine):
    seen = torch.from_numpy(engine.planes[:, 0].astype(np.float32))
    few, more = (TerritoryMaps(steps)(seen)[0][:, 4].sum() for steps in (3, 30))
    assert 0 < few < more
