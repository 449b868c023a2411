"""The path teacher -> positions -> student, walked once with a tiny network."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.policy import select_actions
from agents.train.checkpoint import load_checkpoint
from agents.train.config import Device, NetworkConfig
from agents.train.distill import DistillConfig, Fit, distill
from agents.train.errors import RunFolderError, TrainingConfigError
from agents.train.learner import NetworkAgent
from agents.train.network import PolicyNetwork
from agents.train.positions import Plan, Positions, play_labelled
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import IntArray, Plane, UInt8Array

TINY = DistillConfig(
    teacher="voronoi",
    rounds=2,
    positions=700,
    epochs=1,
    last_epochs=3,
    batch_size=32,
    learning_rate=5e-3,
    seed=5,
    device=Device.CPU,
    network=NetworkConfig(
        fovea_radius=7,
        fovea_channels=(4, 4, 4),
        periphery_channels=(4, 4),
        features=16,
        territory_steps=10,
    ),
)


class Notes:
    """Keeps what a distillation reports."""

    def __init__(self) -> None:
        self.fits: list[Fit] = []

    def advanced(self, doing: str, done: int, total: int) -> None:
        assert 0 <= done <= total

    def fitted(self, fit: Fit) -> None:
        self.fits.append(fit)


class Stopping(Notes):
    """Interrupts in the second round."""

    def advanced(self, doing: str, done: int, total: int) -> None:
        super().advanced(doing, done, total)
        if doing.startswith("round 2: learning"):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    notes = Notes()
    out = tmp_path_factory.mktemp("distilled")
    return distill(TINY, out, resume=False, reporter=notes), notes


def agreement(network: PolicyNetwork, positions: Positions) -> float:
    seen = positions.observations(np.arange(len(positions)), 32).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.from_numpy(seen)).numpy()
    return float((select_actions(logits, positions.masks) == positions.actions).mean())


def test_the_student_learns_what_the_teacher_plays(run):
    latest, notes = run
    assert [fit.round for fit in notes.fits] == [1, 2]
    assert notes.fits[1].positions > notes.fits[0].positions
    teacher = make_agent(TINY.teacher)
    plan = Plan(count=600, opening_plies=20, wild_share=0.0, gamma=1.0)
    fresh = play_labelled(
        teacher, [teacher], plan, ARENA, np.random.default_rng(77), lambda done, total: None
    )
    untaught = agreement(PolicyNetwork(TINY.network).eval(), fresh)
    taught = agreement(load_checkpoint(latest).network(), fresh)
    assert taught > untaught + 0.1


def test_a_stopped_distillation_ends_as_one_that_was_not(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        distill(TINY, tmp_path, resume=False, reporter=Stopping())
    once = load_checkpoint(tmp_path / "latest.zip")
    assert once.steps == 1
    # The second round labels games that the student of the first rides in beside the teacher.
    teacher, draw = make_agent(TINY.teacher), np.random.default_rng((TINY.seed, 1))
    riders = [teacher, NetworkAgent("student", once.network(), draw)]
    plan = Plan(TINY.positions, TINY.opening_plies, TINY.wild_share, once.config.gamma)
    expected = play_labelled(teacher, riders, plan, ARENA, draw, lambda done, total: None)
    labelled = Positions.load(tmp_path / "positions" / "001.npz")
    np.testing.assert_array_equal(labelled.packed, expected.packed)
    notes = Notes()
    again = load_checkpoint(distill(TINY, tmp_path, resume=True, reporter=notes))
    assert [fit.round for fit in notes.fits] == [2]
    for name, weights in load_checkpoint(run[0]).policy.items():
        assert torch.equal(weights, again.policy[name]), name


def test_a_distillation_is_not_overwritten_nor_changed_on_the_way(run):
    out = run[0].parent
    with pytest.raises(RunFolderError, match="--resume"):
        distill(TINY, out, resume=False, reporter=Notes())
    with pytest.raises(RunFolderError, match="other settings"):
        distill(dataclasses.replace(TINY, seed=6), out, resume=True, reporter=Notes())


def test_self_play_can_go_on_with_the_student(run):
    checkpoint = load_checkpoint(run[0])
    assert checkpoint.config.network == TINY.network
    (stage,) = checkpoint.history
    assert stage.command.startswith("tron distill")
    assert stage.steps >= 1400


@pytest.mark.parametrize(
    ("field", "value"), [("rounds", 0), ("wild_share", 1.5), ("seed", -1), ("learning_rate", 0.0)]
)
def test_a_bad_setting_is_named(field, value):
    with pytest.raises(TrainingConfigError, match=field):
        dataclasses.replace(TINY, **{field: value})


class Straight:
    """Rides straight on, and knows where it was asked."""

    name = "straight"

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        return engine.headings[games, seats].copy()


def test_labels_are_the_teachers_and_outcomes_the_riders():
    plan = Plan(count=400, opening_plies=6, wild_share=0.0, gamma=0.9)
    teacher = make_agent("wall-hugger")
    positions = play_labelled(
        teacher, [Straight()], plan, ARENA, np.random.default_rng(1), lambda done, total: None
    )
    assert len(positions) >= 400
    assert (positions.masks.sum(axis=1) >= 2).all()
    assert positions.masks[np.arange(len(positions)), positions.actions].all()
    seen = positions.observations(np.arange(len(positions)), 32)
    assert (seen[:, Plane.OWN_HEAD].sum(axis=(1, 2)) == 1).all()
    # Whoever rides straight into a wall dies within 30 plies of a game without random moves.
    assert (np.abs(positions.returns[positions.returns != 0]) >= 0.9**40).all()
    assert (positions.returns > 0).any()
    assert (positions.returns < 0).any()


def test_labelled_positions_survive_a_file(tmp_path):
    plan = Plan(count=50, opening_plies=2, wild_share=0.5, gamma=1.0)
    agent = make_agent("random")
    positions = play_labelled(
        agent, [agent], plan, ARENA, np.random.default_rng(2), lambda done, total: None
    )
    positions.save(tmp_path / "a.npz")
    again = Positions.load(tmp_path / "a.npz")
    for field in ("packed", "masks", "actions", "returns"):
        np.testing.assert_array_equal(getattr(again, field), getattr(positions, field))
    assert set(np.unique(positions.returns)) <= {-1.0, 0.0, 1.0}
