"""Games that a small search labelled, recorded once for all tests of imitation."""

from pathlib import Path

import pytest

RECORDED_NODES = 40


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    from agents.train.record import RecordConfig, record

    path = tmp_path_factory.mktemp("recorded") / "games.npz"
    record(RecordConfig(games=8, nodes=RECORDED_NODES, seed=3), path, lambda done, total: None)
    return path
