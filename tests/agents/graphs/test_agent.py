import numpy as np
import pytest

from agents.errors import InvalidModelError
from agents.onnx_agent import shipped_agent
from tests.agents.games import play
from tests.agents.test_heuristic import advanced
from tron_env.agent import make_agent
from tron_env.errors import AgentSpecError
from tron_env.ruleset import ARENA, Ruleset


def test_a_tree_plays_what_the_compiled_model_plays():
    tree, model = (
        make_agent("tree:rounds=2,width=12,solo_rounds=0,rides=4,inner=1200"),
        shipped_agent("duelist"),
    )
    assert tree.name == "tree:rounds=2,width=12,solo_rounds=0,rides=4,inner=1200"
    for plies in (4, 20):
        engine = advanced(ARENA, 24, plies)
        games = np.flatnonzero(engine.outcomes == 0)
        for seat in range(2):
            seats = np.full(games.size, seat)
            played = tree.act(engine, games, seats)
            assert (played == model.act(engine, games, seats)).all()
            assert engine.masks[games, seats, played].sum() > games.size / 2


def test_every_number_of_a_description_can_be_given():
    cautious, blind = (
        make_agent(f"tree:rounds=1,width=4{rest}") for rest in ("", ",cell=0,edge=0")
    )
    assert play(cautious, blind, 4)[0] > 0.5


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("width=0", "width is 0; allowed"),
        ("cell=5000", "cell is 5000; allowed"),
        ("width=many", "every value is a whole number"),
        ("width=", "cannot read 'width='"),
        ("evaluation=3", "cannot read 'evaluation=3'"),
        ("prior=3000", "a prior needs a network"),
    ],
)
def test_nonsense_descriptions_are_named(argument, complaint):
    with pytest.raises(AgentSpecError, match=f"tree: .*{complaint}"):
        make_agent(f"tree:{argument}")


def test_another_board_is_refused():
    engine = advanced(Ruleset(height=16, width=16), 1, 1)
    with pytest.raises(InvalidModelError, match="not on 16 by 16"):
        make_agent("tree:rounds=1").act(engine, np.arange(1), np.zeros(1, np.intp))
