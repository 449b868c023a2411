"""`tron bench train`: what the environment costs those who train in it.

The learner is on one thread. What is compared in one process takes turns and is measured in seconds
of the processor, as an update takes so long that other work comes in between each time.
"""

from collections.abc import Iterator
from functools import partial
from time import process_time
from typing import Any, Final

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv
from torch import Tensor, nn

from agents.train.vec_env import TronVecEnv
from tron_env.bench_games import recorded_steps, shortest_ply_times
from tron_env.benchmarks import Measurement, Setting, shortest_times
from tron_env.env import TronEnv
from tron_env.options import Observation

GAMES: Final = (64, 1024, 8192)
PPO_GAMES: Final = 64
STEPS: Final = 64
"""Plies of each game between two updates; a quick run takes a quarter."""
WORKERS: Final = 8
"""Processes of ``SubprocVecEnv``, each with one game."""
SHARE_OF_FREE: Final = 0.97


def train(setting: Setting) -> Iterator[Measurement]:
    """Measure ``TronVecEnv``, and PPO with it, with a free environment and with processes."""
    torch.set_num_threads(1)
    seconds = 0.2 if setting.quick else 3.0
    yield from _alone(setting, seconds)
    yield from _against_free(setting, seconds, STEPS // 4 if setting.quick else STEPS)
    if not setting.quick:
        yield from _against_processes(setting, seconds)


class SmallCnn(BaseFeaturesExtractor):
    """Two convolutions and a layer: less than anybody would train with in earnest."""

    def __init__(self, space: spaces.Box, features: int = 64) -> None:
        super().__init__(space, features)
        channels, height, width = space.shape
        convolutions = (
            nn.Conv2d(channels, 16, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            wide = nn.Sequential(*convolutions)(torch.zeros(1, channels, height, width)).shape[1]
        self.layers = nn.Sequential(*convolutions, nn.Linear(wide, features), nn.ReLU())

    def forward(self, observations: Tensor) -> Tensor:
        """Return the features of a batch of observations."""
        features: Tensor = self.layers(observations)
        return features


class FreeVecEnv(TronVecEnv):
    """An environment that costs nothing: each step returns what the reset did."""

    def reset(self) -> Observation:
        """Return the first observations, for good."""
        self._seen = super().reset()
        self._paid = np.zeros(self.num_envs, dtype=np.float32)
        self._dones = np.zeros(self.num_envs, dtype=np.bool_)
        self._infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        return self._seen

    def step_async(self, actions: NDArray[np.integer[Any]]) -> None:
        """Do nothing."""

    def step_wait(self) -> tuple[Observation, NDArray[Any], NDArray[Any], list[dict[str, Any]]]:
        """Return the same again."""
        return self._seen, self._paid, self._dones, self._infos


class TimedVecEnv(TronVecEnv):
    """Adds up the time of its steps.

    Attributes:
        seconds: of the processor, so far.
    """

    seconds = 0.0

    def step(self, actions: NDArray[np.integer[Any]]) -> Any:
        """Play a ply; see ``TronVecEnv``."""
        before = process_time()
        result = super().step(actions)
        self.seconds += process_time() - before
        return result


def _alone(setting: Setting, seconds: float) -> Iterator[Measurement]:
    for n in GAMES[:2] if setting.quick else GAMES:
        setting.note(f"TronVecEnv, {n} games")
        games = TronVecEnv(n, seed=0)
        actions = recorded_steps(games.reset, games.step, games.action_masks)
        plies = [partial(games.step, each) for each in actions]
        times = shortest_ply_times(partial(_restart, games), plies, seconds)
        metric = f"train: TronVecEnv against a random opponent, {n} games"
        yield Measurement(metric, n * len(plies) / float(times.sum()), "steps/s")


def _restart(games: TronVecEnv) -> None:
    games.seed(0)
    games.reset()


def ppo(games: VecEnv, plies: int = STEPS, *, channels_last: bool = False) -> PPO:
    """Return a learner with a small network, whose updates take ``plies`` of all games."""
    options = {
        "features_extractor_class": SmallCnn,
        "net_arch": [],
        "normalize_images": False,
    }
    model = PPO(
        "CnnPolicy", games, n_steps=plies, batch_size=512, n_epochs=4, policy_kwargs=options,
        seed=0, device="cpu",
    )  # fmt: skip
    if channels_last:
        # PyTorch's own annotation of ``to`` leaves this out.
        model.policy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def _update(model: PPO) -> None:
    model.learn(model.n_steps * model.n_envs, reset_num_timesteps=False)


def _against_free(setting: Setting, seconds: float, plies: int) -> Iterator[Measurement]:
    setting.note(f"PPO, {PPO_GAMES} games")
    own = ppo(TronVecEnv(PPO_GAMES, seed=0), plies)
    free = ppo(FreeVecEnv(PPO_GAMES, seed=0), plies)
    last = ppo(TronVecEnv(PPO_GAMES, seed=0), plies, channels_last=True)
    works = [partial(_update, model) for model in (own, free, last)]
    time, free_time, last_time = shortest_times(*works, seconds=10 * seconds, clock=process_time)
    steps = plies * PPO_GAMES
    yield Measurement("train: PPO with TronVecEnv", steps / time, "steps/s")
    metric = "train: the same against an environment that costs nothing"
    yield Measurement(metric, free_time / time, "times", SHARE_OF_FREE)
    yield Measurement("train: the same with channels_last", time / last_time, "times")
    timed = TimedVecEnv(PPO_GAMES, seed=0)
    model = ppo(timed, plies)
    _update(model)
    timed.seconds, began = 0.0, process_time()
    _update(model)
    share = 100 * timed.seconds / (process_time() - began)
    yield Measurement("train: share of TronVecEnv in the same", share, "%", 2.0, at_most=True)


def _against_processes(setting: Setting, seconds: float) -> Iterator[Measurement]:
    setting.note(f"PPO, {WORKERS} games, against as many processes")
    processes = SubprocVecEnv([partial(TronEnv, "random", dtype="uint8")] * WORKERS)
    try:
        works = [partial(_update, ppo(games)) for games in (TronVecEnv(WORKERS, seed=0), processes)]
        own, theirs = shortest_times(*works, seconds=5 * seconds)
    finally:
        processes.close()
    metric = f"train: PPO, {WORKERS} games, TronVecEnv against SubprocVecEnv"
    yield Measurement(metric, theirs / own, "times")
