"""Checkpoints: an SB3 archive that can be read without unpickling anything.

Stable-Baselines3 writes the archive, and its ``load`` opens it. Here only its tensors are read,
with ``weights_only``, next to ``tron.json``, which holds our configuration and history, and
``tron.npz``, which holds the state of the run; so a file from a stranger cannot run code.
"""

import io
import json
import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agents.train.config import TrainConfig
from agents.train.errors import CheckpointError
from agents.train.learner import Learner
from agents.train.network import PolicyNetwork
from agents.train.provenance import Stage
from agents.train.run_state import RunState

POLICY = "policy.pth"
OPTIMIZER = "policy.optimizer.pth"
OURS = "tron.json"
STATE = "tron.npz"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a training run can go on from."""

    config: TrainConfig
    steps: int
    """Steps trained so far."""
    policy: dict[str, Tensor]
    optimizer: dict[str, Any] | None
    """None in a snapshot, which nothing goes on from."""
    history: tuple[Stage, ...] = ()
    """How the weights came about, oldest first."""
    state: RunState | None = None

    def network(self) -> PolicyNetwork:
        """Return the acting part, in evaluation mode.

        Raises:
            CheckpointError: the weights do not fit the configuration.
        """
        try:
            return PolicyNetwork.from_state(self.policy, self.config.network)
        except (RuntimeError, KeyError) as error:
            raise CheckpointError(f"the weights do not fit the configuration: {error}") from error


def save_checkpoint(
    model: Learner,
    config: TrainConfig,
    path: Path,
    history: Sequence[Stage] = (),
    state: RunState | None = None,
) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        model.save(file)
    with zipfile.ZipFile(partial, "a") as archive:
        archive.writestr(OURS, _notes(model, config, history))
        if state is not None:
            archive.writestr(STATE, state.encode())
    partial.replace(path)


def save_snapshot(
    model: Learner, config: TrainConfig, path: Path, history: Sequence[Stage] = ()
) -> None:
    """Write only what plays, for an opponent or an export: a third of a checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tensors = io.BytesIO()
    torch.save(model.policy.state_dict(), tensors)
    with zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(OURS, _notes(model, config, history))
        archive.writestr(POLICY, tensors.getvalue())
    partial.replace(path)


def _notes(model: Learner, config: TrainConfig, history: Sequence[Stage]) -> str:
    ours = {
        "steps": model.num_timesteps,
        "config": json.loads(config.to_json()),
        "history": [asdict(stage) for stage in history],
    }
    return json.dumps(ours)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what ``save_checkpoint`` or ``save_snapshot`` wrote.

    Raises:
        CheckpointError: the file is missing, damaged or not ours.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = set(archive.namelist())
            ours = json.loads(archive.read(OURS))
            optimizer = _tensors(archive.read(OPTIMIZER)) if OPTIMIZER in parts else None
            return Checkpoint(
                config=TrainConfig.from_json(json.dumps(ours["config"])),
                steps=int(ours["steps"]),
                policy=_tensors(archive.read(POLICY)),
                optimizer=optimizer,
                history=tuple(Stage(**stage) for stage in ours["history"]),
                state=RunState.decode(archive.read(STATE)) if STATE in parts else None,
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
