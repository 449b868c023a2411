"""Distillation: a network learns what a search plays, then what it would play in its place.

The first round labels the teacher's own games; in each later one half of the riders are the
student, so that its own mistakes are labelled too. After each round the student is fitted to all
positions so far, each seen through a symmetry of the board drawn anew every time.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from agents.policy import select_actions
from agents.train.checkpoint import load_checkpoint, save_checkpoint
from agents.train.config import Device, NetworkConfig, TrainConfig, require_all
from agents.train.errors import RunFolderError, TrainingConfigError
from agents.train.learner import Learner, NetworkAgent, make_learner
from agents.train.network import PolicyNetwork
from agents.train.positions import Plan, Positions, joined, play_labelled
from agents.train.provenance import Stage, commit
from agents.train.symmetry import ACTION_IMAGES, transformed
from agents.train.vec_env import TronVecEnv
from tron_env.agent import make_agent
from tron_env.symmetry import SYMMETRIES
from tron_env.types import IntArray

LATEST = "latest.zip"
CONFIG = "distill.json"
POSITIONS = "positions"

CHECKED_SHARE = 0.05
"""Share of the newest positions that is not learned from but measured on."""


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """One distillation.

    Raises:
        TrainingConfigError: a field is out of range; the message names it.
    """

    teacher: str = "minimax:depth=6"
    """SPEC of the agent that is imitated."""
    rounds: int = 4
    """The first on the teacher's own games, the later ones with the student riding too."""
    positions: int = 30_000
    """Labelled a round."""
    epochs: int = 3
    """Passes over all positions so far in each round but the last."""
    last_epochs: int = 8
    """Passes in the last round."""
    batch_size: int = 256
    learning_rate: float = 2e-3
    """Adam's rate at the start of a round, falling to 0 along half a cosine."""
    value_weight: float = 0.5
    """Of the squared error of the value beside the cross-entropy of the policy."""
    opening_plies: int = 20
    """Games begin with 0 to this many random plies."""
    wild_share: float = 0.05
    """Share of later plies played at random."""
    seed: int = 0
    threads: int = 1
    device: Device = Device.AUTO
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            fovea_channels=(48, 48, 64), periphery_channels=(24, 24), territory_steps=40
        )
    )

    def __post_init__(self) -> None:
        for name in ("rounds", "positions", "epochs", "last_epochs", "batch_size", "threads"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} is {getattr(self, name)}; allowed are 1 or more")
        if not 0 <= self.wild_share <= 1 or self.opening_plies < 0 or self.learning_rate <= 0:
            raise TrainingConfigError("wild_share, opening_plies or learning_rate is out of range")
        if not 0 <= self.seed < 2**32:
            raise TrainingConfigError(f"seed is {self.seed}; allowed are 0 to 2**32 - 1")

    def to_json(self) -> str:
        """Return all fields as indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "DistillConfig":
        """Return the configuration that ``to_json`` wrote.

        Raises:
            TrainingConfigError: a field is missing, unknown, malformed or out of range.

        >>> DistillConfig.from_json(DistillConfig(seed=7).to_json()) == DistillConfig(seed=7)
        True
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            require_all(cls, fields)
            network = NetworkConfig.from_fields(fields.pop("network"))
            device = Device(fields.pop("device"))
            return cls(network=network, device=device, **fields)
        except (TypeError, ValueError, AttributeError) as error:
            raise TrainingConfigError(f"not a distillation's configuration: {error}") from error

    def learner(self) -> TrainConfig:
        """Return the settings under which self-play may go on from the result."""
        return TrainConfig(
            seed=self.seed, threads=self.threads, device=self.device, network=self.network
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """How a round ended, on positions that were not learned from."""

    round: int
    rounds: int
    positions: int
    """Learned from."""
    agreement: float
    """Share of positions on which the student plays as the teacher would."""
    value_error: float
    """Share of the outcomes' variance that the value leaves unexplained."""


class Reporter(Protocol):
    """Is told how a distillation goes."""

    def advanced(self, doing: str, done: int, total: int) -> None:
        """Take note of work done."""

    def fitted(self, fit: Fit) -> None:
        """Take note of a round's end."""


def distill(
    config: DistillConfig,
    out: Path,
    *,
    resume: bool,
    reporter: Reporter,
    command: str = "tron distill",
) -> Path:
    """Distil and return the checkpoint, which ``tron export`` and ``tron train --init`` read.

    ``out`` receives ``distill.json``, ``positions/`` and ``latest.zip``. The same configuration
    gives the same network on the same machine, resumed or not.

    Raises:
        RunFolderError: ``out`` holds a distillation already and ``resume`` is False, or the
            settings differ from those it was begun with.
    """
    torch.set_num_threads(config.threads)
    latest, data = out / LATEST, out / POSITIONS
    if (out / CONFIG).exists() and not resume:
        raise RunFolderError(f"{out} already holds a run; go on with --resume or choose another")
    if resume and stored_config(out) != config:
        raise RunFolderError(f"{out} was begun with other settings, which a resumed run keeps")
    data.mkdir(parents=True, exist_ok=True)
    (out / CONFIG).write_text(config.to_json(), encoding="utf-8")
    teacher = make_agent(config.teacher)
    learner = _learner(config)
    done, stage = 0, Stage(command, f"imitation of {config.teacher}", config.seed, 0, 0.0, commit())
    if resume and latest.exists():
        checkpoint = load_checkpoint(latest)
        done, (stage,) = checkpoint.steps, checkpoint.history
        learner.policy.load_state_dict(checkpoint.policy)
    parts = [Positions.load(data / f"{number:03d}.npz") for number in range(done)]
    ruleset = config.learner().board
    for number in range(done, config.rounds):
        begun = time.monotonic()
        generator = np.random.default_rng((config.seed, number))
        riders = [teacher]
        if number:
            network = PolicyNetwork.from_state(learner.policy.state_dict(), config.network)
            riders.append(NetworkAgent("student", network, generator))
        plan = Plan(
            config.positions, config.opening_plies, config.wild_share, config.learner().gamma
        )

        def labelled(ready: int, total: int, at: int = number) -> None:
            reporter.advanced(f"round {at + 1}: labelling", ready, total)

        parts.append(play_labelled(teacher, riders, plan, ruleset, generator, labelled))
        parts[-1].save(data / f"{number:03d}.npz")
        reporter.fitted(_fit(config, learner, parts, number, reporter))
        learner.num_timesteps = number + 1
        seconds = stage.seconds + time.monotonic() - begun
        stage = replace(stage, steps=sum(map(len, parts)), seconds=seconds)
        save_checkpoint(learner, config.learner(), latest, [stage])
    return latest


def stored_config(out: Path) -> DistillConfig:
    """Return the settings of the distillation in a folder.

    Raises:
        RunFolderError: there is none.
        TrainingConfigError: its settings cannot be read.
    """
    try:
        return DistillConfig.from_json((out / CONFIG).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{out} holds no distillation to resume") from error


def _learner(config: DistillConfig) -> Learner:
    settings = replace(config.learner(), games=1, rollout_plies=2, batch_size=2)
    return make_learner(settings, TronVecEnv(1, seed=config.seed))


def _fit(
    config: DistillConfig,
    learner: Learner,
    parts: Sequence[Positions],
    number: int,
    reporter: Reporter,
) -> Fit:
    """Fit the learner to all parts but the end of the last, and measure it on that."""
    positions = joined(parts)
    checked = max(1, int(CHECKED_SHARE * len(parts[-1])))
    learned = len(positions) - checked
    generator = np.random.default_rng((config.seed, number, 1))
    policy = learner.policy
    optimizer = torch.optim.Adam(policy.parameters(), lr=config.learning_rate)
    epochs = config.last_epochs if number == config.rounds - 1 else config.epochs
    batches = -(-learned // config.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches)
    policy.train()
    for epoch in range(epochs):
        order = generator.permutation(learned)
        for place in range(batches):
            rows = order[place * config.batch_size : (place + 1) * config.batch_size]
            symmetry = int(generator.integers(0, len(SYMMETRIES)))
            logits, values, actions, returns = _seen(policy, positions, rows, symmetry)
            loss = nn.functional.cross_entropy(logits, actions)
            loss = loss + config.value_weight * nn.functional.mse_loss(values, returns)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            done = epoch * batches + place + 1
            reporter.advanced(f"round {number + 1}: learning", done, epochs * batches)
    policy.eval()
    agreement, error = _measure(policy, positions, np.arange(learned, len(positions)))
    return Fit(number + 1, config.rounds, learned, agreement, error)


def _seen(
    policy: Any, positions: Positions, rows: IntArray, symmetry: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return logits, of refused actions -inf, and values, with what they should be."""
    device = policy.device
    side = policy.observation_space.shape[-1]
    planes = torch.from_numpy(positions.observations(rows, side)).to(device)
    images = ACTION_IMAGES[symmetry].to(device)
    masks = torch.from_numpy(positions.masks[rows]).to(device)
    actions = torch.from_numpy(positions.actions[rows].astype(np.int64)).to(device)
    features = policy.extract_features(transformed(planes, symmetry).float())
    logits = policy.action_net(features).index_select(1, images)
    values = policy.value_net(features).squeeze(1)
    returns = torch.from_numpy(positions.returns[rows]).to(device)
    return logits.masked_fill(~masks, -torch.inf), values, actions, returns


def _measure(policy: Any, positions: Positions, rows: IntArray) -> tuple[float, float]:
    agreed, squares = 0, 0.0
    with torch.no_grad():
        for start in range(0, len(rows), 256):
            part = rows[start : start + 256]
            logits, values, _, returns = _seen(policy, positions, part, 0)
            played = select_actions(logits.cpu().numpy(), positions.masks[part])
            agreed += int((played == positions.actions[part]).sum())
            squares += float(((values - returns) ** 2).sum())
    spread = float(np.var(positions.returns[rows])) * len(rows)
    return agreed / len(rows), squares / max(spread, 1e-9)
