"""The path train -> resume -> export, walked once with a tiny network."""

import dataclasses
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from click.testing import CliRunner

from agents.train import cli
from agents.train.checkpoint import OURS, POLICY, load_checkpoint
from agents.train.config import Algorithm, Device, NetworkConfig, TrainConfig
from agents.train.errors import CheckpointError, ParityError, RunFolderError
from agents.train.evaluation import Score
from agents.train.export import check_parity, export, real_positions, to_onnx
from agents.train.learner import NetworkAgent
from agents.train.network import PolicyNetwork
from agents.train.selfplay import Beginning, Progress, train
from agents.zoo import read_card
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA

TINY = TrainConfig(
    steps=2048,
    seed=3,
    games=16,
    rollout_plies=32,
    batch_size=256,
    epochs=1,
    pool_size=2,
    rivalry=1.0,
    latest_share=0.5,
    snapshot_steps=512,
    checkpoint_steps=512,
    evaluation_steps=1024,
    evaluation_starts=2,
    evaluation_opponents=("random",),
    device=Device.CPU,
    network=NetworkConfig(
        fovea_radius=7, fovea_channels=(4, 4, 4), periphery_channels=(4, 4), features=16
    ),
)


class Notes:
    """Keeps what a run reports."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.evaluations: list[tuple[int, Sequence[Score]]] = []
        self.promoted: list[int] = []

    def progressed(self, progress: Progress) -> None:
        self.progress.append(progress)

    def evaluated(self, steps: int, scores: Sequence[Score], *, promoted: bool) -> None:
        self.evaluations.append((steps, scores))
        if promoted:
            self.promoted.append(steps)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    out = tmp_path_factory.mktemp("run")
    notes = Notes()
    train(TINY, out, resume=False, reporter=notes)
    return out, notes


def test_a_run_reports_evaluates_and_leaves_checkpoints(run):
    out, notes = run
    assert [progress.steps for progress in notes.progress] == [512, 1024, 1536, 2048]
    assert [steps for steps, _ in notes.evaluations] == [1024, 2048]
    assert notes.evaluations[0][1][0].games == 4
    assert sorted(path.stem for path in (out / "snapshots").iterdir()) == [
        f"{steps:012d}" for steps in (0, 512, 1024, 1536)
    ]
    assert TrainConfig.from_json((out / "config.json").read_text()) == TINY
    assert load_checkpoint(out / "latest.zip").steps == 2048
    assert list((out / "tensorboard_0").iterdir())
    assert not list(out.rglob("*.partial"))


def test_anchors_and_snapshots_are_met_and_the_league_knows_how_it_went(run):
    out, notes = run
    met = {name for progress in notes.progress for name in progress.points}
    assert met == {"random", "wall-hugger", "self"}
    records = load_checkpoint(out / "latest.zip").state.notes["records"]
    games = {name: games for name, (_, games) in records.items() if games}
    assert games.keys() > {"random", "wall-hugger"}
    assert any(name.startswith("self@") for name in games)


def test_training_changes_the_policy(run):
    out, _ = run
    before = load_checkpoint(out / "snapshots" / f"{0:012d}.zip").policy
    after = load_checkpoint(out / "latest.zip").policy
    assert not torch.equal(before["action_net.weight"], after["action_net.weight"])


def test_a_run_is_not_overwritten(run):
    with pytest.raises(RunFolderError, match="--resume"):
        train(TINY, run[0], resume=False, reporter=Notes())


def test_the_best_policy_is_kept_and_met_again(run):
    out, notes = run
    assert notes.promoted[0] == 1024
    assert [score.opponent for score in notes.evaluations[0][1]] == ["random"]
    assert [score.opponent for score in notes.evaluations[1][1]] == ["random", "best"]
    best = load_checkpoint(out / "best.zip")
    assert best.steps == notes.promoted[-1]
    assert best.optimizer is None


def test_a_policy_that_is_no_better_than_the_best_is_not_promoted(tmp_path):
    """At a rate that changes no move, the second evaluation is the first again."""
    config = dataclasses.replace(TINY, steps=1024, evaluation_steps=512, learning_rate=1e-30)
    notes = Notes()
    train(config, tmp_path, resume=False, reporter=notes)
    assert [steps for steps, _ in notes.evaluations] == [512, 1024]
    assert notes.promoted == [512]


def same_weights(first: Path, second: Path) -> bool:
    one, other = load_checkpoint(first), load_checkpoint(second)
    assert one.policy.keys() == other.policy.keys()
    return all(torch.equal(weights, other.policy[name]) for name, weights in one.policy.items())


def test_the_same_seed_trains_the_same_policy(run, tmp_path):
    config = dataclasses.replace(TINY, evaluation_steps=4096)
    again = train(config, tmp_path, resume=False, reporter=Notes())
    assert same_weights(again, run[0] / "latest.zip")


class Stopping(Notes):
    """Interrupts the run after the rollout that follows some steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def progressed(self, progress: Progress) -> None:
        super().progressed(progress)
        if progress.steps >= self._steps:
            raise KeyboardInterrupt


def test_a_stopped_run_ends_as_one_that_was_not(run, tmp_path):
    """Running games, opponents, results against them and all random draws are taken up again."""
    with pytest.raises(KeyboardInterrupt):
        train(TINY, tmp_path, resume=False, reporter=Stopping(1536))
    kept = load_checkpoint(tmp_path / "latest.zip")
    assert kept.steps == 1024
    notes = Notes()
    train(TINY, tmp_path, resume=True, reporter=notes)
    assert [progress.steps for progress in notes.progress] == [1536, 2048]
    assert [steps for steps, _ in notes.evaluations] == [2048]
    assert notes.evaluations[-1] == run[1].evaluations[-1]
    assert same_weights(tmp_path / "latest.zip", run[0] / "latest.zip")
    resumed = load_checkpoint(tmp_path / "latest.zip")
    updates = next(iter(resumed.optimizer["state"].values()))["step"]
    assert updates == 2 * next(iter(kept.optimizer["state"].values()))["step"]
    (stage,) = resumed.history
    assert stage.steps == 2048
    assert stage.seconds > kept.history[0].seconds > 0
    finished = Notes()
    train(TINY, tmp_path, resume=True, reporter=finished)
    assert finished.progress == []


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path):
    half = dataclasses.replace(TINY, steps=1024)
    train(half, tmp_path, resume=False, reporter=Notes())
    train(dataclasses.replace(TINY, steps=1536), tmp_path, resume=True, reporter=Notes())
    assert load_checkpoint(tmp_path / "latest.zip").steps == 1536


def test_a_run_without_random_among_its_anchors_goes_on_while_its_first_games_last(tmp_path):
    config = dataclasses.replace(
        TINY,
        anchors=(("wall-hugger", 0.5),),
        steps=256,
        rollout_plies=8,
        batch_size=128,
        checkpoint_steps=128,
        evaluation_steps=4096,
    )
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path, resume=False, reporter=Stopping(256))
    assert "random" in load_checkpoint(tmp_path / "latest.zip").state.notes["opponents"]
    notes = Notes()
    train(config, tmp_path, resume=True, reporter=notes)
    assert [progress.steps for progress in notes.progress] == [256]


def test_a_snapshot_is_no_run_to_resume(run, tmp_path):
    (tmp_path / "latest.zip").write_bytes((run[0] / "best.zip").read_bytes())
    with pytest.raises(CheckpointError, match="--init"):
        train(TINY, tmp_path, resume=True, reporter=Notes())


def test_a_run_begins_with_given_weights(run, tmp_path):
    teacher = load_checkpoint(run[0] / "best.zip")
    config = dataclasses.replace(TINY, steps=512, seed=9)
    given = Beginning("tron train --init best.zip", teacher)
    train(config, tmp_path, resume=False, reporter=Notes(), beginning=given)
    first = load_checkpoint(tmp_path / "snapshots" / f"{0:012d}.zip")
    assert torch.equal(first.policy["action_net.weight"], teacher.policy["action_net.weight"])
    commands = [stage.command for stage in load_checkpoint(tmp_path / "latest.zip").history]
    assert commands == ["tron train", "tron train --init best.zip"]


def test_plain_ppo_learns_too(tmp_path):
    config = dataclasses.replace(TINY, steps=1024, algorithm=Algorithm.PPO)
    notes = Notes()
    train(config, tmp_path, resume=False, reporter=notes)
    before = load_checkpoint(tmp_path / "snapshots" / f"{0:012d}.zip").policy
    after = load_checkpoint(tmp_path / "latest.zip").policy
    assert not torch.equal(before["action_net.weight"], after["action_net.weight"])
    assert notes.progress[-1].mean_plies > 0


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        train(TINY, tmp_path, resume=True, reporter=Notes())


def test_sb3_opens_the_checkpoint_too(run):
    from sb3_contrib import MaskablePPO

    latest = run[0] / "latest.zip"
    state = MaskablePPO.load(latest, device="cpu").policy.state_dict()
    assert torch.equal(state["action_net.bias"], load_checkpoint(latest).policy["action_net.bias"])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("text", "not a zip"),
        ("foreign", OURS),
        ("misfit", "do not fit"),
        ("pickle", "more than tensors"),
    ],
)
def test_what_is_no_checkpoint_is_refused(run, tmp_path, damage, reason):
    bad = tmp_path / "bad.zip"
    parts = {}
    with zipfile.ZipFile(run[0] / "latest.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if damage == "foreign":
        del parts[OURS]
    if damage == "misfit":
        ours = json.loads(parts[OURS])
        ours["config"]["network"]["features"] = 17
        parts[OURS] = json.dumps(ours).encode()
    if damage == "pickle":
        torch.save({"action_net.weight": Notes()}, tmp_path / "hostile.pth")
        parts[POLICY] = (tmp_path / "hostile.pth").read_bytes()
    with zipfile.ZipFile(bad, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    if damage == "text":
        bad.write_text("not a checkpoint")
    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(bad).network()


def test_export_keeps_the_policy_contract(run, tmp_path):
    network = load_checkpoint(run[0] / "latest.zip").network()
    path = tmp_path / "policy.onnx"
    parity = export(network, path)
    assert parity.positions >= 1000
    assert parity.passed
    assert parity.decision_changes == 0
    model = onnx.load(path)
    assert [opset.version for opset in model.opset_import] == [17]
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert given.type == result.type == "tensor(float)"
    assert given.shape == ["batch", 5, 32, 32]
    assert result.shape == ["batch", 4]
    observations = real_positions(network, 7).observations
    together = session.run(None, {given.name: observations})[0]
    assert together.shape == (7, 4)
    alone = session.run(None, {given.name: observations[3:4]})[0]
    np.testing.assert_allclose(alone[0], together[3], atol=1e-5)


def test_export_refuses_a_graph_that_computes_something_else(run, tmp_path, monkeypatch):
    network = load_checkpoint(run[0] / "latest.zip").network()
    other = PolicyNetwork(TINY.network)
    assert not check_parity(network, to_onnx(other), 200).passed
    monkeypatch.setattr("agents.train.export.to_onnx", lambda _: to_onnx(other))
    with pytest.raises(ParityError, match="not written"):
        export(network, tmp_path / "policy.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_sampling_agent_follows_the_odds_of_the_policy():
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [5])
    games = np.zeros(4000, dtype=np.intp)
    network = PolicyNetwork(TINY.network).eval().requires_grad_(False)
    network.action_net.bias.copy_(torch.tensor([0.0, 1.0, 2.0, 0.5]))
    agent = NetworkAgent("drawn", network, np.random.default_rng(0))
    drawn = np.bincount(agent.act(engine, games, games), minlength=4) / len(games)
    logits = agent.logits(engine, games[:1], games[:1])[0]
    odds = np.where(engine.masks[0, 0], np.exp(logits), 0)
    np.testing.assert_allclose(drawn, odds / odds.sum(), atol=0.03)
    best = NetworkAgent("best", network).act(engine, games[:1], games[:1])
    assert best[0] == odds.argmax()


def test_commands_walk_the_same_path(run, tmp_path):
    runner = CliRunner()
    target = tmp_path / "policy.onnx"
    done = runner.invoke(
        cli.export, [str(run[0] / "latest.zip"), str(target), "--json", "--starts", "2"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["opponent"] for row in told["results"]] == ["random", "wall-hugger", "voronoi"]
    card = read_card(target.with_suffix(".md"))
    assert card["name"] == "policy"
    assert card["command"].startswith("tron train && tron export")
    assert card["steps"] == "2048"
    assert "random 0." in card["results"] or "random 1." in card["results"]
    assert told["bytes"] == target.stat().st_size
    assert told["decision_changes"] == 0
    resumed = runner.invoke(cli.train, ["--out", str(run[0]), "--resume"])
    assert resumed.exit_code == 0, resumed.output
    assert "next: tron export" in resumed.output
    clash = runner.invoke(cli.train, ["--out", str(run[0]), "--resume", "--seed", "4"])
    assert clash.exit_code == 2
    scored = runner.invoke(cli.evaluate, ["wall-hugger", "random", "--starts", "3", "--json"])
    assert scored.exit_code == 0, scored.output
    (score,) = json.loads(scored.output)
    assert score["wins"] + score["draws"] + score["losses"] == 6


def test_a_card_written_by_hand_is_not_overwritten_unasked(run, tmp_path):
    card = tmp_path / "policy.md"
    card.write_text("By hand.\n")
    command = [str(run[0] / "latest.zip"), str(tmp_path / "policy.onnx"), "--starts", "0"]
    refused = CliRunner().invoke(cli.export, command)
    assert refused.exit_code == 2
    assert "policy.md exists already" in refused.output
    assert card.read_text() == "By hand.\n"
    assert not (tmp_path / "policy.onnx").exists()
    done = CliRunner().invoke(cli.export, [*command, "--force"])
    assert done.exit_code == 0, done.output
    assert "--force" not in read_card(card)["command"]


def test_without_torch_the_commands_say_what_to_install(tmp_path):
    script = (
        "import sys; sys.modules['torch'] = None; "
        "from tron_env.cli import main; "
        f"sys.argv = ['tron', 'train', '--out', {str(tmp_path)!r}]; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'tron-arena[train]'" in done.stderr
    assert "Traceback" not in done.stderr
