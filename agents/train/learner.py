"""The learner: a Stable-Baselines3 algorithm around the network, and the network as an agent."""

from typing import TypeAlias

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO

from agents.policy import select_actions
from agents.train.config import Algorithm, TrainConfig
from agents.train.network import PolicyNetwork, TronFeatures
from agents.train.vec_env import TronVecEnv
from tron_env.batch import BatchEngine
from tron_env.types import PLANES, Float32Array, IntArray, UInt8Array

Learner: TypeAlias = MaskablePPO | PPO

ALGORITHMS: dict[Algorithm, type[MaskablePPO] | type[PPO]] = {
    Algorithm.MASKABLE_PPO: MaskablePPO,
    Algorithm.PPO: PPO,
}


def make_learner(config: TrainConfig, env: TronVecEnv) -> Learner:
    """Return an untrained learner of ``config`` that acts in ``env``."""
    return ALGORITHMS[config.algorithm](
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
        seed=config.seed,
        device=config.device,
    )


class NetworkAgent:
    """A network as an agent: the best accepted action, or one drawn by the policy's odds."""

    def __init__(
        self, name: str, network: PolicyNetwork, generator: np.random.Generator | None = None
    ) -> None:
        """Wrap ``network``; with a ``generator`` actions are drawn, without one the best is."""
        self.name = name
        self.generator = generator
        self._network = network

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        logits = self.logits(engine, games, seats)
        if self.generator is not None:
            # Adding Gumbel noise and taking the best draws from the softmax of the logits.
            logits = logits + self.generator.gumbel(size=logits.shape).astype(np.float32)
        masks, headings = engine.masks[games, seats], engine.headings[games, seats]
        return select_actions(logits, masks, headings)

    def logits(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> Float32Array:
        """Return the network's float32 ``(k, 4)`` for chosen riders."""
        shape = (len(games), PLANES, engine.ruleset.height, engine.ruleset.width)
        observations = np.empty(shape, dtype=np.float32)
        engine.gather(games, seats, observations)
        device = self._network.action_net.bias.device
        with torch.no_grad():
            seen = torch.from_numpy(observations).to(device)
            logits: Float32Array = self._network(seen).cpu().numpy()
        return logits
