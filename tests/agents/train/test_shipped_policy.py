"""What the cards of the trained policies promise, measured again."""

from agents.onnx_agent import shipped_agent
from agents.train.evaluation import evaluate
from agents.zoo import shipped_model
from tron_env.agent import make_agent

NAME = "ppo-small"


def test_it_beats_random_in_95_of_100_games():
    score = evaluate(shipped_agent(NAME), make_agent("random"), starts=100, seed=1)
    assert score.games == 200
    assert score.wins / score.games >= 0.95


def test_it_is_small():
    assert shipped_model(NAME).path.stat().st_size < 2_000_000


def test_the_early_one_is_harmless_but_no_fool():
    early = shipped_agent("ppo-early")
    assert evaluate(early, make_agent("random"), starts=25, seed=2).points > 0.75
    assert evaluate(early, make_agent("wall-hugger"), starts=25, seed=2).points < 0.55


def test_the_distilled_one_beats_the_wall_hugger_clearly():
    distilled = shipped_agent("distilled")
    assert evaluate(distilled, make_agent("wall-hugger"), starts=25, seed=2).points > 0.75
    assert evaluate(distilled, make_agent("voronoi"), starts=25, seed=2).points > 0.5
