from agents.bench import positions, strength_rows
from agents.search import make_minimax
from agents.zoo import shipped
from tron_env.agent import make_agent


def test_positions_are_of_the_kind_asked_for():
    middle, apart = positions(2)
    agent = make_minimax("depth=1")
    assert middle.n == apart.n == 2
    assert not any(agent.think(middle, game, 0).alone for game in range(2))
    for game in range(2):
        thought = agent.think(apart, game, 0)
        assert thought.alone or apart.masks[game, 0].sum() < 2


def test_every_row_of_the_strength_table_can_be_played():
    models = {model.name for model in shipped()}
    rows = strength_rows()
    assert len(rows) >= 4
    for name in {name for row in rows for name in (row.first, row.second)}:
        assert name in models or make_agent(name).name
