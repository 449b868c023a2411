import numpy as np
from click.testing import CliRunner

from agents.graphs.agent import make_tree
from agents.graphs.description import Correction
from agents.graphs.learn import Choices, correction_of, fit, record
from agents.graphs.learn.__main__ import main


def test_a_correction_that_made_the_choices_is_found_again():
    rng = np.random.default_rng(1)
    features = np.concatenate(
        [rng.normal(0, 5000, (6000, 4, 1)), rng.integers(0, 4000, (6000, 4, 4))], axis=2
    ).astype(float)
    worth = features[:, :, 0] + features[:, :, 1] * 0.5 - features[:, :, 2] * 0.25
    worth += features[:, :, 3] * 2 - features[:, :, 4] * 3
    noise = rng.gumbel(0, 300, worth.shape)
    choices = Choices(
        features=features,
        open=np.ones((6000, 4), dtype=bool),
        chosen=(worth + noise).argmax(axis=1),
        games=np.arange(6000) // 10,
    )
    found = fit(choices, 5)
    learned = correction_of(found)
    assert abs(learned.promise - 32) <= 2
    assert abs(learned.spare + 16) <= 2
    assert learned.share == 2
    assert learned.exits == -3
    assert found.log_loss < fit(choices, 1).log_loss
    assert found.agreement > fit(choices, 1).agreement


def test_positions_are_described_by_what_each_unit_adds():
    search = make_tree("rounds=1,width=4").description
    choices = record(search, 5, 1, 50)
    assert len(choices.chosen) > 50
    assert choices.open[np.arange(len(choices.chosen)), choices.chosen].all()
    exits = choices.features[:, :, 4][choices.open]
    assert set(np.unique(exits)) <= {0, 1, 2, 3}
    share = choices.features[:, :, 3]
    assert (share >= 0).all()
    assert (share.sum(axis=1) <= 64).all()


def test_the_command_prints_what_a_spec_takes():
    result = CliRunner().invoke(main, ["rounds=0", "--games", "5", "--nodes", "20"])
    assert result.exit_code == 0, result.output
    fragment = result.output.splitlines()[-1]
    assert isinstance(make_tree(fragment).description.correction, Correction)
