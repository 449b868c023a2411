"""Checkpoints: an SB3 archive that can be read without unpickling anything.

Stable-Baselines3 writes the archive, and its ``MaskablePPO.load`` opens it. Here only its tensors
are read, with ``weights_only``, next to ``tron.json``, which holds our configuration; so a file
from a stranger cannot run code.
"""

import io
import json
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sb3_contrib import MaskablePPO
from torch import Tensor

from agents.train.config import TrainConfig
from agents.train.errors import CheckpointError
from agents.train.network import PolicyNetwork

POLICY = "policy.pth"
OPTIMIZER = "policy.optimizer.pth"
OURS = "tron.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a training run can go on from."""

    config: TrainConfig
    steps: int
    """Steps trained so far."""
    policy: dict[str, Tensor]
    optimizer: dict[str, Any]

    def network(self) -> PolicyNetwork:
        """Return the acting part, in evaluation mode.

        Raises:
            CheckpointError: the weights do not fit the configuration.
        """
        try:
            return PolicyNetwork.from_state(self.policy, self.config.network)
        except (RuntimeError, KeyError) as error:
            raise CheckpointError(f"the weights do not fit the configuration: {error}") from error


def save_checkpoint(model: MaskablePPO, config: TrainConfig, path: Path) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        model.save(file)
    with zipfile.ZipFile(partial, "a") as archive:
        ours = {"steps": model.num_timesteps, "config": json.loads(config.to_json())}
        archive.writestr(OURS, json.dumps(ours))
    partial.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what ``save_checkpoint`` wrote.

    Raises:
        CheckpointError: the file is missing, damaged or not ours.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            ours = json.loads(archive.read(OURS))
            return Checkpoint(
                config=TrainConfig.from_json(json.dumps(ours["config"])),
                steps=int(ours["steps"]),
                policy=_tensors(archive.read(POLICY)),
                optimizer=_tensors(archive.read(OPTIMIZER)),
            )
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint {path}") from error
    except (
        zipfile.BadZipFile,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        OSError,
    ) as error:
        raise CheckpointError(f"{path} is not a checkpoint of `tron train`: {error}") from error


def _tensors(data: bytes) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError("it holds more than tensors") from error
    return state
