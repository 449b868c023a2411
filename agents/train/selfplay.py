"""Training: masked PPO against fixed anchors and a pool of the learner's own snapshots."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback

from agents.policy import select_actions
from agents.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from agents.train.config import TrainConfig
from agents.train.errors import RunFolderError
from agents.train.evaluation import Score, evaluate
from agents.train.network import PolicyNetwork, TronFeatures
from agents.train.vec_env import TronVecEnv
from tron_env.agent import Agent, make_agent
from tron_env.batch import BatchEngine
from tron_env.rewards import Rewards
from tron_env.types import PLANES, Float32Array, IntArray, UInt8Array

logger = logging.getLogger(__name__)

LATEST = "latest.zip"
SNAPSHOTS = "snapshots"
CONFIG = "config.json"
EVALUATION_SEED = 20_000
"""Names the starts of every evaluation during training, so that they compare."""


class NetworkAgent:
    """A network as an agent: the best accepted action, or one drawn by the policy's odds."""

    def __init__(
        self, name: str, network: PolicyNetwork, generator: np.random.Generator | None = None
    ) -> None:
        """Wrap ``network``; with a ``generator`` actions are drawn, without one the best is."""
        self.name = name
        self._network = network
        self._generator = generator

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        logits = self.logits(engine, games, seats)
        if self._generator is not None:
            # Adding Gumbel noise and taking the best draws from the softmax of the logits.
            logits = logits + self._generator.gumbel(size=logits.shape).astype(np.float32)
        masks, headings = engine.masks[games, seats], engine.headings[games, seats]
        return select_actions(logits, masks, headings)

    def logits(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> Float32Array:
        """Return the network's float32 ``(k, 4)`` for chosen riders."""
        shape = (len(games), PLANES, engine.ruleset.height, engine.ruleset.width)
        observations = np.empty(shape, dtype=np.float32)
        engine.gather(games, seats, observations)
        with torch.no_grad():
            logits: Float32Array = self._network(torch.from_numpy(observations)).numpy()
        return logits


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands after an update."""

    steps: int
    total: int
    steps_per_second: float
    mean_plies: float
    """Of the games ended since the last report; NaN when none did."""
    points: dict[str, float]
    """Points a game since the last report, by opponent; snapshots count as ``self``."""


class Reporter(Protocol):
    """Is told how a run goes."""

    def progressed(self, progress: Progress) -> None:
        """Take note of an update."""

    def evaluated(self, steps: int, scores: Sequence[Score]) -> None:
        """Take note of an evaluation."""


@dataclass(slots=True)
class OpponentPool:
    """Anchors and the newest snapshots, with their shares of the games."""

    config: TrainConfig
    anchors: list[Agent]
    snapshots: deque[Agent] = field(init=False)

    def __post_init__(self) -> None:
        self.snapshots = deque(maxlen=self.config.pool_size)

    def share(self, env: TronVecEnv) -> None:
        """Make new games of ``env`` follow the present pool."""
        agents = [*self.anchors, *self.snapshots]
        each = self.config.self_play_weight / max(1, len(self.snapshots))
        anchor_weights = [weight for _, weight in self.config.anchors]
        weights = [*anchor_weights, *[each] * len(self.snapshots)]
        env.set_opponents(list(zip(agents, weights, strict=True)))


def train(config: TrainConfig, out: Path, *, resume: bool, reporter: Reporter) -> Path:
    """Train until ``config.steps`` and return the last checkpoint.

    ``out`` receives ``config.json``, ``latest.zip`` and ``snapshots/``. A resumed run continues
    with the weights, optimizer and opponents of the last checkpoint, in games begun afresh.

    Raises:
        RunFolderError: ``out`` holds a run already and ``resume`` is False.
        CheckpointError: ``resume`` is True and there is no intact checkpoint.
    """
    torch.set_num_threads(config.threads)
    latest = out / LATEST
    checkpoint = load_checkpoint(latest) if resume else None
    if checkpoint is None and latest.exists():
        raise RunFolderError(f"{out} already holds a run; go on with --resume or choose another")
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG).write_text(config.to_json(), encoding="utf-8")

    done = 0 if checkpoint is None else checkpoint.steps
    model = _learner(config, checkpoint)
    pool = OpponentPool(config, [make_agent(spec) for spec, _ in config.anchors])
    for path in sorted((out / SNAPSHOTS).glob("*.zip"))[-config.pool_size :]:
        pool.snapshots.append(_snapshot_agent(load_checkpoint(path)))
    run = _Run(config, out, pool, reporter)
    if done < config.steps:
        model.learn(config.steps - done, callback=run, reset_num_timesteps=False)
        run.conclude()
    return latest


def _learner(config: TrainConfig, checkpoint: Checkpoint | None) -> MaskablePPO:
    done = 0 if checkpoint is None else checkpoint.steps
    # A resumed run draws other games than the run it continues did at its beginning.
    seed = (config.seed + done) % 2**32
    env = TronVecEnv(
        config.games,
        ruleset=config.board,
        rewards=Rewards(survival=config.survival_bonus),
        seed=seed,
    )
    model = MaskablePPO(
        "MlpPolicy",
        env,
        # The last rollout may go past the end of the run, where less than nothing remains.
        learning_rate=lambda remaining: config.learning_rate * max(remaining, 0.0),
        n_steps=config.rollout_plies,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        ent_coef=config.entropy_weight,
        vf_coef=config.value_weight,
        max_grad_norm=config.max_gradient_norm,
        policy_kwargs={
            "features_extractor_class": TronFeatures,
            "features_extractor_kwargs": {"config": config.network},
            "net_arch": [],
            "normalize_images": False,
        },
        seed=seed,
        device="cpu",
    )
    if checkpoint is not None:
        model.policy.load_state_dict(checkpoint.policy)
        model.policy.optimizer.load_state_dict(checkpoint.optimizer)
        model.num_timesteps = checkpoint.steps
    return model


def _snapshot_agent(snapshot: Checkpoint) -> NetworkAgent:
    generator = np.random.default_rng((snapshot.config.seed, snapshot.steps))
    return NetworkAgent(f"self@{snapshot.steps}", snapshot.network(), generator)


class _Run(BaseCallback):
    """Snapshots, checkpoints, evaluations and reports between two updates."""

    def __init__(
        self, config: TrainConfig, out: Path, pool: OpponentPool, reporter: Reporter
    ) -> None:
        super().__init__()
        self._config = config
        self._out = out
        self._pool = pool
        self._reporter = reporter
        self._since: dict[str, tuple[float, int]] = {}
        self._plies: list[int] = []
        self._snapshot_at = self._saved_at = self._evaluated_at = self._reported_at = 0
        self._clock = time.monotonic()

    def conclude(self) -> None:
        """Report, save and evaluate at the end of the run."""
        self._report()
        self._save()
        if self._evaluated_at < self.num_timesteps:
            self._evaluate()

    def _on_training_start(self) -> None:
        self._snapshot_at = self._saved_at = self._evaluated_at = self.num_timesteps
        self._reported_at = self.num_timesteps
        self._clock = time.monotonic()
        if not self._pool.snapshots:
            self._snapshot()
        self._share()

    def _on_rollout_start(self) -> None:
        steps = self.num_timesteps
        if steps > self._reported_at:
            self._report()
        if steps - self._snapshot_at >= self._config.snapshot_steps:
            self._snapshot()
            self._share()
        if steps - self._saved_at >= self._config.checkpoint_steps:
            self._save()
        if steps - self._evaluated_at >= self._config.evaluation_steps:
            self._evaluate()

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if info:
                name = str(info["opponent"]).partition("@")[0]
                winner = info["outcome"].winner
                points = 0.5 if winner is None else float(winner == info["seat"])
                total, games = self._since.get(name, (0.0, 0))
                self._since[name] = (total + points, games + 1)
                self._plies.append(info["episode"]["l"])
        return True

    def _report(self) -> None:
        now = time.monotonic()
        taken = self.num_timesteps - self._reported_at
        self._reporter.progressed(
            Progress(
                steps=self.num_timesteps,
                total=self._config.steps,
                steps_per_second=taken / max(now - self._clock, 1e-9),
                mean_plies=float(np.mean(self._plies)) if self._plies else float("nan"),
                points={name: total / games for name, (total, games) in self._since.items()},
            )
        )
        self._since.clear()
        self._plies.clear()
        self._reported_at, self._clock = self.num_timesteps, now

    def _ppo(self) -> MaskablePPO:
        assert isinstance(self.model, MaskablePPO)
        return self.model

    def _share(self) -> None:
        env = self.training_env
        assert isinstance(env, TronVecEnv)
        self._pool.share(env)

    def _snapshot(self) -> None:
        path = self._out / SNAPSHOTS / f"{self.num_timesteps:012d}.zip"
        save_checkpoint(self._ppo(), self._config, path)
        self._pool.snapshots.append(_snapshot_agent(load_checkpoint(path)))
        self._snapshot_at = self.num_timesteps

    def _save(self) -> None:
        save_checkpoint(self._ppo(), self._config, self._out / LATEST)
        self._saved_at = self.num_timesteps
        logger.info("checkpoint at %d steps", self.num_timesteps)

    def _evaluate(self) -> None:
        network = PolicyNetwork.from_state(self._ppo().policy.state_dict(), self._config.network)
        agent = NetworkAgent("learner", network)
        scores = [
            evaluate(
                agent,
                make_agent(spec),
                starts=self._config.evaluation_starts,
                seed=EVALUATION_SEED,
                ruleset=self._config.board,
            )
            for spec in self._config.evaluation_opponents
        ]
        self._reporter.evaluated(self.num_timesteps, scores)
        self._evaluated_at = self.num_timesteps
