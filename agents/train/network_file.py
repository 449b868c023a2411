"""A board network in a file, with how it came about: tensors and JSON, nothing that is executed."""

import json
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from agents.train.board_network import BoardConfig, BoardNetwork
from agents.train.errors import NetworkFileError, TrainingConfigError
from agents.train.provenance import Stage


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """A network and its past."""

    network: BoardNetwork
    history: tuple[Stage, ...] = ()
    """How the weights came about, oldest first."""


def save_network(network: BoardNetwork, history: Sequence[Stage], path: Path) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    stored = {
        "weights": state,
        "config": network.config.to_json(),
        "history": json.dumps([asdict(stage) for stage in history]),
    }
    torch.save(stored, partial)
    partial.replace(path)


def load_network(path: Path) -> StoredNetwork:
    """Return what ``save_network`` wrote, in evaluation mode, on the processor.

    Raises:
        NetworkFileError: the file is missing, damaged or not ours.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        # Initial weights are drawn and thrown away; whoever trains must not notice.
        with torch.random.fork_rng(devices=[]):
            network = BoardNetwork(BoardConfig.from_json(stored["config"]))
        network.load_state_dict(stored["weights"])
        history = tuple(Stage(**stage) for stage in json.loads(stored["history"]))
    except (OSError, EOFError, pickle.UnpicklingError, RuntimeError) as error:
        raise NetworkFileError(f"{path} cannot be read as a network: {error}") from error
    except (TrainingConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NetworkFileError(f"{path} is no network of `tron imitate`: {error}") from error
    return StoredNetwork(network.eval(), history)
