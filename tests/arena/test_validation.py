import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from agents.zoo import shipped_model
from arena import cli_validate
from arena.divisions import Cost, Usage
from arena.estimate import USUAL_PLIES, position_ms
from arena.inspection import RUNTIME_DOMAINS
from arena.limits import Limits
from arena.probes import FRESH, PROBES, probe_positions
from arena.records import EntryKind, EntryRow, Standing
from arena.trial import TRIAL_SECONDS, extent, play_trial
from arena.validation import Verdict, after_trial, validate_model
from replays.format import decode
from replays.playback import verify
from tests.arena import graphs
from tron_env.types import Plane

ACCEPTED_CHECKS = [
    *("size", "format", "opset", "operators", "self-contained", "structure", "loads"),
    *("values", "repeatable", "batches", "latency", "memory"),
]

REJECTED = {
    "text renamed .onnx": (b"I am a text file\n" * 50, "format", "not an ONNX file"),
    "noise": (np.random.Generator(np.random.PCG64(0)).bytes(4096), "format", "not an ONNX"),
    "empty": (b"", "size", "empty"),
    "cut in half": (graphs.policy()[:40_000], "format", "not an ONNX"),
    "opset 6": (graphs.policy(opset=6), "opset", "export with opset 17"),
    "custom operator": (graphs.custom_operator(), "operators", "com.example.Backdoor"),
    "random operator": (graphs.counts_with_random(), "operators", "RandomNormalLike is random"),
    "random in a subgraph": (graphs.random_in_subgraph(), "operators", "is random"),
    "decoy function": (graphs.decoy_function("RandomUniformLike"), "operators", "of its own"),
    "random default attribute": (graphs.random_default_attribute(), "operators", "is random"),
    "external default attribute": (
        graphs.external_default_attribute("/etc/passwd"),
        "self-contained",
        "another file",
    ),
    "nested too deep": (graphs.nested(20), "operators", "nested more than 16"),
    "external data": (graphs.external_data("/etc/passwd"), "self-contained", "another file"),
    "weights cut short": (graphs.truncated_weights(), "structure", "raw_data"),
    "recursive function": (graphs.recursive_function(), "structure", "recursive"),
    "batch fixed at 8": (graphs.policy(batch=8), "loads", "fixed at 8"),
    "double input": (graphs.double_input(), "loads", "tensor(double)"),
    "five columns": (graphs.five_columns(), "loads", "expected float"),
    "crashes": (graphs.out_of_range(), "loads", "a node Gather: indices element out of data"),
    "NaN": (graphs.nan(), "values", "NaN or +inf for an accepted action in 64 of 64"),
    "sleeps": (graphs.sleeper(), "loads", "CPU time"),
    "allocates without end": (graphs.grower(), "loads", "256 MB of memory"),
    "giant tensor": (graphs.giant_tensor(), "loads", "256 MB of memory"),
}

ACCEPTED = {
    "linear": graphs.policy(),
    "masks itself": graphs.masks_itself(),
    "nested a little": graphs.nested(3),
    "Apex, (1, 4)": graphs.apex_cnn("(1, 4)"),
    "Apex, (4,)": graphs.apex_cnn("(4,)"),
    "Apex, reshaped": graphs.apex_cnn("reshaped"),
    "functions of an exporter": graphs.local_function(
        [helper.make_node("Relu", ["x"], ["y"])], domain="pkg.onnxscript.torch_lib", name="Relu"
    ),
    "minds its neighbours": graphs.minds_its_neighbours(),
}


@pytest.mark.parametrize("name", REJECTED)
def test_is_rejected_with_its_reason(name):
    content, check, reason = REJECTED[name]
    verdict = validate_model(content, limits=graphs.QUICK)
    assert not verdict.accepted
    assert [found.name for found in verdict.checks if not found.passed] == [check]
    assert verdict.checks[-1].name == check
    assert reason in verdict.reason


@pytest.mark.parametrize("name", ACCEPTED)
def test_is_accepted(name):
    verdict = validate_model(ACCEPTED[name])
    assert verdict.reason == ""
    assert verdict.accepted
    assert [check.name for check in verdict.checks] == ACCEPTED_CHECKS
    assert 0.0 < verdict.cost.single_ms <= verdict.cost.single_p99_ms <= 100.0
    assert verdict.machine_factor > 0.0
    assert verdict.peak_memory_bytes > 1 << 20
    assert verdict.light


def test_only_models_that_need_it_are_asked_alone():
    alone = {name for name, content in ACCEPTED.items() if validate_model(content).alone}
    assert alone == {"Apex, (4,)", "minds its neighbours"}


def test_no_function_may_stand_where_the_runtime_has_operators():
    taken = {schema.domain for schema in runtime.get_all_operator_schema()}
    assert taken == {domain for domain in taken if RUNTIME_DOMAINS.fullmatch(domain)}
    assert not RUNTIME_DOMAINS.fullmatch("pkg.torch.ops.com.microsoft")


def test_progress_names_every_step_that_is_taken():
    steps = []
    validate_model(graphs.nan(), limits=graphs.QUICK, progress=steps.append)
    assert steps == ["loads", "values"]


def test_a_file_over_the_size_limit_is_not_looked_into():
    verdict = validate_model(bytes(1025), limits=graphs.Limits(model_bytes=1024))
    assert [(check.name, check.passed) for check in verdict.checks] == [("size", False)]


def test_a_slow_model_is_rejected_for_its_latency():
    verdict = validate_model(graphs.policy(), limits=graphs.Limits(latency_ms=0.0001))
    assert verdict.checks[-1].name in ("values", "latency")
    assert "use a smaller network" in verdict.reason


def test_probe_positions_are_real_varied_and_reach_to_the_end_of_long_games():
    observations, masks, headings = probe_positions(1)
    assert len(observations) == PROBES
    assert masks.any(axis=1).all()
    assert set(np.unique(observations)) == {0.0, 1.0}
    assert (observations[:, Plane.OWN_HEAD].sum(axis=(1, 2)) == 1).all()
    assert len(np.unique(observations.reshape(PROBES, -1), axis=0)) > 56
    assert set(headings) == {0, 1, 2, 3}
    lengths = np.sort(observations[:, Plane.OWN_TRAIL].sum(axis=(1, 2)))
    assert lengths[0] < 5
    assert lengths[-1] > 300
    assert np.diff(lengths).max() < 40


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_quarter_of_the_probe_positions_is_drawn_by_the_seed(seed):
    once, again, other = (probe_positions(each)[0] for each in (seed, seed, 0))
    np.testing.assert_array_equal(once, again)
    assert (once == other).all(axis=(1, 2, 3)).sum() == PROBES - FRESH
    fresh = once[(once != other).any(axis=(1, 2, 3))]
    assert fresh[:, Plane.OWN_TRAIL].sum(axis=(1, 2)).max() > 150


def test_a_model_that_fails_late_in_a_game_is_rejected():
    verdict = validate_model(graphs.fails_late(), limits=graphs.QUICK)
    assert "NaN or +inf for an accepted action" in verdict.reason


def test_a_verdict_can_be_found_again_by_its_seed():
    content = graphs.fails_late(40)
    once = validate_model(content, limits=graphs.QUICK)
    again = validate_model(content, limits=graphs.QUICK, seed=once.seed)
    assert again.reason == once.reason
    assert validate_model(graphs.policy(), seed=7).seed == 7


ADMITTED = Verdict(True, (), cost=Cost(0.2, 0.4, 0.1))


@pytest.mark.parametrize(
    ("usage", "accepted", "light", "batch64_ms"),
    [
        (Usage(1000, 1000, 1.0, 0.05), True, True, 0.1),
        (Usage(1000, 2000, 1.0, 1.0), True, True, 0.5),
        (Usage(1000, 1000, 3.0, 3.0), True, False, 3.0),
        (Usage(1000, 1000, 9.0, 11.0), False, False, 11.0),
        (Usage(10**5, 10**5, 300.0, 300.0), True, False, 3.0),
        (Usage(), True, True, 0.1),
    ],
    ids=["cheaper", "dearer", "not light", "far dearer", "many games", "no answer"],
)
def test_what_trial_games_cost_counts(usage, accepted, light, batch64_ms):
    verdict = after_trial(ADMITTED, usage, Limits())
    assert verdict.accepted is accepted
    assert verdict.light is light
    assert verdict.cost.batch64_ms == pytest.approx(batch64_ms)
    assert verdict.accepted == (not verdict.reason)


def test_trial_games_of_a_dear_model_are_ended():
    anchors = (shipped_model("wall-hugger"),)
    limits = Limits(trial_cpu_seconds=0.0)
    content = graphs.policy()
    options = {"alone": False, "limits": limits, "cost": Cost(0.1, 0.1, 0.1), "anchors": anchors}
    dear = play_trial(content, position_ms=1e-9, **options)
    assert dear.trial.games == ()
    assert dear.usage.positions > 0
    fine = play_trial(content, position_ms=100.0, **options)
    assert len(fine.trial.games) == 8
    assert fine.usage.positions > dear.usage.positions


@given(st.floats(0.01, 100.0), st.floats(0.01, 50.0), st.integers(1, 12))
def test_trial_games_take_no_longer_than_others_can_wait(single, share, anchors):
    cost = Cost(single, single, single * share)
    starts, met = extent(cost, anchors)
    games = 2 * starts * len(met)
    assert sorted(set(met)) == list(met)
    assert set(met) <= set(range(anchors))
    assert games == 2 or games * USUAL_PLIES * position_ms(cost, games) <= 1000 * TRIAL_SECONDS
    if starts > 1:
        assert len(met) == anchors


def test_a_dear_model_meets_fewer_anchors_in_the_same_starts():
    content = graphs.policy()
    anchors = (shipped_model("wall-hugger"), shipped_model("ppo-early"), shipped_model("hunter"))
    options = {"alone": False, "limits": Limits(), "position_ms": 100.0, "anchors": anchors}
    cheap = play_trial(content, cost=Cost(0.1, 0.1, 0.1), **options)
    dear = play_trial(content, cost=Cost(90.0, 90.0, 90.0), **options)
    assert len(cheap.trial.games) == 24
    assert [game.opponent for game in dear.trial.games] == ["wall-hugger"] * 2 + ["ppo-early"] * 2
    assert dear.replays == cheap.replays[:2] + cheap.replays[8:10]


def rated(number, anchor, rating):
    standing = Standing(1 + number, 0.0, 0, 0, 0, 0, 0, rating, rating, rating, 0.0)
    what = (number, 1, number, anchor.name, EntryKind.ANCHOR, True, False, anchor.sha256, None)
    return EntryRow(*what, standing)


def test_too_few_trial_games_tell_no_place():
    anchors = (shipped_model("wall-hugger"), shipped_model("ppo-early"), shipped_model("hunter"))
    field = [rated(number, anchor, 1200.0) for number, anchor in enumerate(anchors)]
    options = {"alone": False, "limits": Limits(), "position_ms": 100.0, "anchors": anchors}

    def told(milliseconds):
        cost = Cost(milliseconds, milliseconds, milliseconds)
        return play_trial(graphs.policy(), cost=cost, field=field, **options).trial.estimate

    enough = told(31.0)  # two starts against each
    assert enough.entrants == 4
    assert enough.rating_low < enough.rating_high
    assert told(60.0) is None  # one


def run_command(path, *options):
    return CliRunner().invoke(cli_validate.validate, [str(path), "--no-trial", *options])


def test_the_command_shows_every_check_and_accepts(tmp_path):
    path = tmp_path / "fine.onnx"
    path.write_bytes(graphs.policy())
    result = run_command(path)
    assert result.exit_code == 0
    for check in ACCEPTED_CHECKS:
        assert check in result.output
    assert "fine.onnx is accepted" in result.output


def test_the_command_fails_for_a_rejected_model(tmp_path):
    path = tmp_path / "notes.onnx"
    path.write_text("not a model")
    result = run_command(path)
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert "notes.onnx is rejected" in result.output


def test_the_command_prints_json(tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(graphs.custom_operator())
    result = run_command(path, "--json")
    assert result.exit_code == 1
    verdict = json.loads(result.output)
    assert verdict["accepted"] is False
    assert verdict["checks"][-1]["name"] == "operators"


def test_the_command_plays_a_trial_and_keeps_its_replays(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    path = tmp_path / "fine.onnx"
    path.write_bytes(graphs.policy())
    arguments = [str(path), "--json", "--save", str(tmp_path / "kept")]
    result = CliRunner().invoke(cli_validate.validate, arguments)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["checks"][-1]["name"] == "trial"
    games = found["trial"]["games"]
    kept = sorted((tmp_path / "kept").iterdir())
    assert [file.name for file in kept] == [f"{g['number']:02}-{g['opponent']}.trp" for g in games]
    for file, game in zip(kept, games, strict=True):
        replay = decode(file.read_bytes())
        verify(replay)
        assert replay.plies == game["plies"]
