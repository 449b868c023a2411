import dataclasses

import numpy as np
import pytest

from agents.train.config import TrainConfig
from agents.train.league import League, Named, Record
from agents.train.learner import NetworkAgent
from agents.train.network import PolicyNetwork
from tron_env.agent import make_agent

CONFIG = TrainConfig(
    anchors=(("random", 0.2), ("wall-hugger", 0.2)),
    self_play_weight=0.6,
    latest_share=0.5,
    rivalry=2.0,
    pool_size=3,
)


@pytest.fixture(scope="module")
def network() -> PolicyNetwork:
    return PolicyNetwork(CONFIG.network)


def league(network: PolicyNetwork, config: TrainConfig = CONFIG, snapshots: int = 3) -> League:
    made = League(config, [Named(spec, make_agent(spec)) for spec, _ in config.anchors])
    for number in range(snapshots):
        made.add(NetworkAgent(f"self@{number}", network))
    return made


def play(made: League, name: str, points: float, games: int = 50) -> None:
    for _ in range(games):
        made.record(name).add(points)


def shares(made: League) -> dict[str, float]:
    return {agent.name: weight for agent, weight in made.shares()}


def test_groups_keep_their_shares_whatever_the_results(network):
    made = league(network)
    play(made, "wall-hugger", 0.0)
    play(made, "random", 1.0)
    play(made, "self@1", 0.2)
    found = shares(made)
    assert found["random"] + found["wall-hugger"] == pytest.approx(0.4)
    assert sum(found[f"self@{k}"] for k in range(3)) == pytest.approx(0.6)
    assert found["self@2"] >= 0.3


def test_hard_opponents_are_met_more_often_and_beaten_ones_still(network):
    made = league(network)
    play(made, "wall-hugger", 0.1)
    play(made, "random", 1.0)
    play(made, "self@0", 0.9)
    found = shares(made)
    assert found["wall-hugger"] > 5 * found["random"] > 0
    assert found["self@1"] > 2 * found["self@0"] > 0


def test_without_rivalry_shares_are_as_configured(network):
    made = league(network, dataclasses.replace(CONFIG, rivalry=0.0, latest_share=0.0))
    play(made, "wall-hugger", 0.0)
    found = shares(made)
    assert found["random"] == found["wall-hugger"] == pytest.approx(0.2)
    assert [found[f"self@{k}"] for k in range(3)] == pytest.approx([0.2, 0.2, 0.2])


def test_the_easiest_snapshot_leaves_a_full_league_but_never_the_newest(network):
    made = league(network)
    play(made, "self@1", 1.0)
    made.add(NetworkAgent("self@3", network))
    assert [agent.name for agent in made.snapshots] == ["self@0", "self@2", "self@3"]
    play(made, "self@4", 1.0)
    made.add(NetworkAgent("self@4", network))
    assert "self@4" in [agent.name for agent in made.snapshots]


def test_without_rivalry_the_oldest_leaves(network):
    made = league(network, dataclasses.replace(CONFIG, rivalry=0.0))
    play(made, "self@1", 1.0)
    made.add(NetworkAgent("self@3", network))
    assert [agent.name for agent in made.snapshots] == ["self@1", "self@2", "self@3"]


def test_a_record_forgets_slowly_and_starts_even():
    record = Record()
    assert record.mean == 0.5
    for _ in range(500):
        record.add(0.0)
    low = record.mean
    for _ in range(500):
        record.add(1.0)
    assert low < 0.05
    assert record.mean > 0.9
    assert np.isclose(record.games, 100, rtol=0.02)
