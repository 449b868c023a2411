"""Training: PPO against a league of fixed anchors and the learner's own snapshots."""

import dataclasses
import importlib.util
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from agents.train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_snapshot,
)
from agents.train.config import TrainConfig
from agents.train.errors import CheckpointError, RunFolderError
from agents.train.evaluation import Score, evaluate
from agents.train.league import League, Named
from agents.train.league_env import LeagueEnv, Start, load_starts, save_starts
from agents.train.learner import Learner, NetworkAgent, make_learner
from agents.train.network import PolicyNetwork
from agents.train.provenance import Stage, commit
from agents.train.run_state import Marks, capture, restore, snapshot_names
from tron_env.agent import make_agent
from tron_env.rewards import Rewards

logger = logging.getLogger(__name__)

LATEST = "latest.zip"
BEST = "best.zip"
SNAPSHOTS = "snapshots"
CONFIG = "config.json"
TENSORBOARD = "tensorboard"
STARTS = "starts.npz"
EVALUATION_SEED = 20_000
"""Names the starts of every evaluation during training, so that they compare."""


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

    def evaluated(self, steps: int, scores: Sequence[Score], *, promoted: bool) -> None:
        """Take note of an evaluation, and of whether its policy is now the best of the run."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new run begins with, beside its configuration."""

    command: str = "tron train"
    """For the card of what becomes of it."""
    teacher: Checkpoint | None = None
    """Whose weights to begin with; the configuration must have its network."""
    defeats: tuple[Start, ...] = ()
    """Positions that a share of the games begins with."""
    tensorboard: bool = True
    """Whether to log for TensorBoard, where that is installed."""


def train(
    config: TrainConfig,
    out: Path,
    *,
    resume: bool,
    reporter: Reporter,
    beginning: Beginning | None = None,
) -> Path:
    """Train until ``config.steps`` and return the last checkpoint.

    ``out`` receives ``config.json``, ``latest.zip``, the promoted ``best.zip``, ``snapshots/`` and
    ``tensorboard_0/``. A run that was stopped and resumed ends with the weights of one that was
    not, on the same machine.

    Raises:
        RunFolderError: ``out`` holds a run already and ``resume`` is False.
        CheckpointError: ``resume`` is True and there is no intact checkpoint.
    """
    given = beginning or Beginning()
    torch.set_num_threads(config.threads)
    latest = out / LATEST
    checkpoint = load_checkpoint(latest) if resume else None
    if checkpoint is None and latest.exists():
        raise RunFolderError(f"{out} already holds a run; go on with --resume or choose another")
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG).write_text(config.to_json(), encoding="utf-8")

    env = LeagueEnv(
        config.games,
        ruleset=config.board,
        rewards=Rewards(survival=config.survival_bonus),
        seed=config.seed,
    )
    learner = make_learner(config, env)
    league = League(config, [Named(spec, make_agent(spec)) for spec, _ in config.anchors])
    marks = Marks()
    if checkpoint is not None:
        marks = _go_on(checkpoint, latest, learner, env, league)
        history = checkpoint.history
    else:
        history = (() if given.teacher is None else given.teacher.history) + (
            Stage(given.command, _summary(config), config.seed, 0, 0.0, commit()),
        )
        if given.teacher is not None:
            learner.policy.load_state_dict(given.teacher.policy)
    starts = out / STARTS
    if checkpoint is None:
        # A run that ended before its first checkpoint may have left some.
        starts.unlink(missing_ok=True)
        if given.defeats:
            save_starts(given.defeats, starts)
    env.games.set_starts(load_starts(starts) if starts.exists() else (), config.losses_share)
    if given.tensorboard and importlib.util.find_spec("tensorboard") is not None:
        learner.tensorboard_log = str(out)
    run = _Run(config, out, league, reporter, history, marks)
    done = learner.num_timesteps
    if done < config.steps:
        learner.learn(
            config.steps - done,
            callback=run,
            reset_num_timesteps=False,
            tb_log_name=TENSORBOARD,
        )
        run.conclude()
    return latest


def _summary(config: TrainConfig) -> str:
    met = ", ".join(spec for spec, _ in config.anchors) or "nobody else"
    return f"{config.algorithm} by self-play beside {met}"


def _go_on(
    checkpoint: Checkpoint, path: Path, learner: Learner, env: LeagueEnv, league: League
) -> Marks:
    state = checkpoint.state
    if state is None or checkpoint.optimizer is None:
        raise CheckpointError(f"{path} holds no run to go on with, only a policy; use --init")
    learner.policy.load_state_dict(checkpoint.policy)
    learner.policy.optimizer.load_state_dict(checkpoint.optimizer)
    learner.num_timesteps = checkpoint.steps
    folder = path.parent / SNAPSHOTS
    try:
        snapshots = {
            name: _snapshot_agent(load_checkpoint(folder / _file_name(name)), learner)
            for name in snapshot_names(state)
        }
        return restore(state, learner, env, league, snapshots)
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} does not fit its own configuration: {error}") from error


def _snapshot_agent(snapshot: Checkpoint, learner: Learner) -> NetworkAgent:
    generator = np.random.default_rng((snapshot.config.seed, snapshot.steps))
    network = snapshot.network().to(learner.device)
    return NetworkAgent(f"self@{snapshot.steps}", network, generator)


def _file_name(snapshot: str) -> str:
    return f"{int(snapshot.partition('@')[2]):012d}.zip"


class _Run(BaseCallback):
    """Snapshots, evaluations, checkpoints and reports between two updates."""

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        league: League,
        reporter: Reporter,
        history: Sequence[Stage],
        marks: Marks,
    ) -> None:
        super().__init__()
        self._config = config
        self._out = out
        self._league = league
        self._reporter = reporter
        self._history = tuple(history)
        self._marks = marks
        self._since: dict[str, tuple[float, int]] = {}
        self._plies: list[int] = []
        self._reported_at = 0
        self._clock = self._charged = time.monotonic()

    def conclude(self) -> None:
        """Report, evaluate and save at the end of the run."""
        self._report()
        if self._marks.evaluated < self.num_timesteps:
            self._evaluate()
        self._save()

    def _on_training_start(self) -> None:
        self._reported_at = self.num_timesteps
        self._clock = self._charged = time.monotonic()
        if not self._league.snapshots:
            self._snapshot()

    def _on_rollout_start(self) -> None:
        steps, marks = self.num_timesteps, self._marks
        if steps > self._reported_at:
            self._report()
        if steps - marks.snapshot >= self._config.snapshot_steps:
            self._snapshot()
        self._env().set_opponents(self._league.shares())
        if steps - marks.evaluated >= self._config.evaluation_steps:
            self._evaluate()
        if steps - marks.saved >= self._config.checkpoint_steps:
            self._save()

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if info:
                opponent = str(info["opponent"])
                winner = info["outcome"].winner
                points = 0.5 if winner is None else float(winner == info["seat"])
                self._league.record(opponent).add(points)
                name = "self" if opponent.startswith("self@") else opponent
                total, games = self._since.get(name, (0.0, 0))
                self._since[name] = (total + points, games + 1)
                self._plies.append(info["episode"]["l"])
        return True

    def _report(self) -> None:
        now = time.monotonic()
        taken = self.num_timesteps - self._reported_at
        points = {name: total / games for name, (total, games) in self._since.items()}
        self._reporter.progressed(
            Progress(
                steps=self.num_timesteps,
                total=self._config.whole_steps,
                steps_per_second=taken / max(now - self._clock, 1e-9),
                mean_plies=float(np.mean(self._plies)) if self._plies else float("nan"),
                points=points,
            )
        )
        for name, share in points.items():
            self.logger.record(f"points/{name}", share)
        self._since.clear()
        self._plies.clear()
        self._reported_at, self._clock = self.num_timesteps, now

    def _learner(self) -> Learner:
        assert isinstance(self.model, MaskablePPO | PPO)
        return self.model

    def _env(self) -> LeagueEnv:
        env = self.training_env
        assert isinstance(env, LeagueEnv)
        return env

    def _snapshot(self) -> None:
        path = self._out / SNAPSHOTS / _file_name(f"self@{self.num_timesteps}")
        save_snapshot(self._learner(), self._config, path, self._told_history())
        self._league.add(_snapshot_agent(load_checkpoint(path), self._learner()))
        self._marks.snapshot = self.num_timesteps

    def _save(self) -> None:
        learner, marks = self._learner(), self._marks
        marks.saved, marks.updates = self.num_timesteps, learner._n_updates
        state = capture(learner, self._env(), self._league, marks)
        self._history = self._told_history()
        self._charged = time.monotonic()
        save_checkpoint(learner, self._config, self._out / LATEST, self._history, state)
        logger.info("checkpoint at %d steps", self.num_timesteps)

    def _told_history(self) -> tuple[Stage, ...]:
        """Return the history with this run's steps and time up to now."""
        *before, now = self._history
        seconds = now.seconds + time.monotonic() - self._charged
        return (*before, dataclasses.replace(now, steps=self.num_timesteps, seconds=seconds))

    def _evaluate(self) -> None:
        network = PolicyNetwork.from_state(
            self._learner().policy.state_dict(), self._config.network
        )
        agent = NetworkAgent("learner", network)
        opponents: Mapping[str, Named] = {
            spec: Named(spec, make_agent(spec)) for spec in self._config.evaluation_opponents
        }
        scores = [self._score(agent, opponent) for opponent in opponents.values()]
        best = self._out / BEST
        against_best = 0.5
        if best.exists() and self._marks.best:
            known = NetworkAgent("best", load_checkpoint(best).network())
            scores.append(self._score(agent, Named("best", known)))
            against_best = scores[-1].points
        points = {score.opponent: score.points for score in scores if score.opponent in opponents}
        # Compared on the same opponents, among them the best itself, which scores 1/2 there.
        gain = sum(points[name] - self._marks.best.get(name, 0.0) for name in points)
        promoted = not self._marks.best or gain + against_best - 0.5 > 0
        if promoted:
            save_snapshot(self._learner(), self._config, best, self._told_history())
            self._marks.best = points
        self._reporter.evaluated(self.num_timesteps, scores, promoted=promoted)
        for score in scores:
            self.logger.record(f"ladder/{score.opponent}", score.points)
        self._marks.evaluated = self.num_timesteps

    def _score(self, agent: NetworkAgent, opponent: Named) -> Score:
        return evaluate(
            agent,
            opponent,
            starts=self._config.evaluation_starts,
            seed=EVALUATION_SEED,
            ruleset=self._config.board,
        )
