"""Asking which of two sides is better: stops as soon as it is known, and says so."""

import json

import pytest
from click.testing import CliRunner

from agents.zoo import shipped_model
from arena.cli_round import round_
from arena.contestants import AgentContestant
from arena.sequential import STARTS_AT_ONCE, try_sides
from arena.sprt import Decision, Test
from tron_env.agent import make_agent
from tron_env.ruleset import ARENA

SEED = "5a" * 32
WIDE = Test(0.0, 100.0)


def sides(*specs):
    return [AgentContestant(make_agent(spec)) for spec in specs]


@pytest.mark.parametrize(
    ("specs", "decision"),
    [
        (("voronoi", "wall-hugger"), Decision.BETTER),
        (("wall-hugger", "voronoi"), Decision.NOT_BETTER),
    ],
)
def test_a_clear_difference_is_decided_at_the_first_look(specs, decision):
    looks = []
    trial = try_sides(
        *(ARENA, sides(*specs), WIDE),
        seed=SEED,
        most_starts=1000,
        progress=lambda pairs, ratio: looks.append((pairs.starts, ratio)),
    )
    assert trial.decision is decision
    assert looks == [(STARTS_AT_ONCE, trial.log_ratio)]
    assert trial.pairs.starts == STARTS_AT_ONCE
    assert trial.tally.games == 2 * STARTS_AT_ONCE


def test_what_is_not_decided_ends_after_the_most_starts():
    even = Test(-1.0, 1.0)
    trial = try_sides(ARENA, sides("wall-hugger", "wall-hugger"), even, seed=SEED, most_starts=20)
    assert trial.decision is Decision.UNDECIDED
    assert trial.pairs.starts == 20
    again = try_sides(ARENA, sides("wall-hugger", "wall-hugger"), even, seed=SEED, most_starts=20)
    assert again == trial


def test_the_command_says_whether_a_model_is_better(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    model = str(shipped_model("wall-hugger").path)
    arguments = [
        "compare",
        model,
        "--against",
        str(shipped_model("voronoi").path),
        "--elo1",
        "100",
        "--seed",
        "1",
    ]
    shown = CliRunner().invoke(round_, arguments)
    assert shown.exit_code == 0, shown.output
    assert "wall-hugger is not better" in shown.output
    told = json.loads(CliRunner().invoke(round_, [*arguments, "--json"]).stdout)
    assert told["decision"] == "not better"
    assert told["log_ratio"] < told["bounds"][0]
    refused = CliRunner().invoke(round_, [*arguments, "--elo0", "200"])
    assert refused.exit_code == 2
    assert "must be below" in refused.output
