import pytest

from agents.bench import STRENGTH_ROWS, Row, positions, strength
from agents.errors import ZooError
from agents.search import make_minimax
from tron_env.agent import make_agent
from tron_env.benchmarks import Setting
from tron_env.errors import AgentSpecError


def test_positions_are_of_the_kind_asked_for():
    middle, apart = positions(2)
    agent = make_minimax("depth=1")
    assert middle.n == apart.n == 2
    assert not any(agent.think(middle, game, 0).alone for game in range(2))
    for game in range(2):
        thought = agent.think(apart, game, 0)
        assert thought.alone or apart.masks[game, 0].sum() < 2


def test_the_strength_table_measures_the_champions_and_the_trained_policy():
    targets = {row.first for row in STRENGTH_ROWS if row.target is not None}
    assert {"duelist", "warden", "sovereign", "ppo-small"} <= targets


def test_every_row_of_the_strength_table_can_be_played():
    for spec in {spec for row in STRENGTH_ROWS for spec in (row.first_spec, row.second)}:
        assert make_agent(spec).name


def test_a_row_about_nobody_is_refused():
    with pytest.raises(ZooError, match="open-champion"):
        assert Row("open-champion", "voronoi").first_spec


def test_a_row_is_chosen_by_its_name():
    setting = Setting(note=str, quick=True, only="depth=4,eval=voronoi")
    metrics = [measured.metric for measured in strength(setting)]
    assert len(metrics) == 3
    assert all("minimax:depth=4 against minimax:depth=4,eval=voronoi" in m for m in metrics)
    with pytest.raises(AgentSpecError, match="somebody"):
        list(strength(Setting(note=str, only="somebody")))
