import numpy as np
import pytest
from click.testing import CliRunner

from agents.tune import FEATURES, Samples, fit
from agents.tune.__main__ import main


def test_a_fit_finds_the_weights_that_results_were_drawn_with():
    rng = np.random.default_rng(3)
    k = 20_000
    features = rng.normal(0, 1000, (k, len(FEATURES)))
    free = np.full(k, 350.0)
    names = ("path", "inner")
    columns = [list(FEATURES).index(name) for name in names]
    chance = 1 / (1 + np.exp(-(features[:, columns] @ [1.0, 3.0]) / 1000))
    won = (rng.random(k) < chance).astype(float)
    found = fit(Samples(features, free, won, np.arange(k)), names)
    assert found.weights == pytest.approx((1, 3), rel=0.1)
    assert found.accuracy > 0.8
    assert found.log_loss < fit(Samples(features, free, won, np.arange(k)), ("fill",)).log_loss


def test_games_are_played_and_fitted():
    result = CliRunner().invoke(main, ["--games", "10", "--nodes", "20"])
    assert result.exit_code == 0, result.output
    assert "path 1, inner" in result.output
