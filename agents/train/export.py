"""Checkpoint to ONNX under the policy contract, with a proof that both compute the same."""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from torch import nn

from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.train.errors import ParityError
from agents.train.symmetry import SymmetricEnsemble
from agents.train.territory import SIDE, TerritoryMaps
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    BoolArray,
    Float32Array,
    Outcome,
    SeedArray,
)

OPSET: Final = 17
BITWISE_OPSET: Final = 18
"""For networks with territory, whose boards are packed bits."""
INPUT: Final = "observations"
OUTPUT: Final = "logits"
TOLERANCE: Final = 1e-4
"""Largest allowed difference of a logit; float32 sums in another order differ by about 1e-6."""
PARITY_POSITIONS: Final = 1000
PARITY_SEED: Final = 17
PARITY_BATCH: Final = 64
PARITY_GAMES: Final = 16
PARITY_EVERY: Final = 3
"""Plies from one position kept to the next of its game, so that whole games are seen."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How the exported graph compares with the network."""

    positions: int
    largest_error: float
    """Largest absolute difference of any logit."""
    decision_changes: int
    """Positions on which another action would be played."""

    @property
    def passed(self) -> bool:
        """Whether the graph may stand for the network."""
        return self.largest_error <= TOLERANCE and self.decision_changes == 0


@dataclass(frozen=True, slots=True)
class Positions:
    """Real positions, each seen from the rider to move."""

    observations: Float32Array
    """``(k, 5, 32, 32)``."""
    masks: BoolArray
    """``(k, 4)``, at least one accepted action in every row."""


def export(network: nn.Module, path: Path, *, ensemble: bool = False) -> Parity:
    """Write ``network`` to ``path``, once it is shown to compute the same.

    With ``ensemble`` it is asked on all eight images of the board, inside the graph.

    Raises:
        ParityError: it does not; nothing is written.
    """
    policy = SymmetricEnsemble(network).eval() if ensemble else network
    model = to_onnx(policy)
    parity = check_parity(policy, model)
    if not parity.passed:
        raise ParityError(
            f"not written: on {parity.positions} positions the graph changes "
            f"{parity.decision_changes} decisions, its largest error is "
            f"{parity.largest_error:.2g} (allowed: 0 and {TOLERANCE:.0e})"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(model)
    partial.replace(path)
    return parity


def to_onnx(network: nn.Module) -> bytes:
    """Return an ONNX model, float32 ``(batch, 5, 32, 32)`` to ``(batch, 4)``.

    The TorchScript exporter is used: the newer one needs further packages.
    """
    packed = any(isinstance(module, TerritoryMaps) for module in network.modules())
    opset = BITWISE_OPSET if packed else OPSET
    # The exporter knows the operator but not that it may stand for PyTorch's.
    torch.onnx.register_custom_op_symbolic(  # type: ignore[attr-defined]
        "aten::bitwise_or", _bitwise_or, BITWISE_OPSET
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "model.onnx"
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, PLANES, SIDE, SIDE),),
            path,
            dynamo=False,
            opset_version=opset,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
        )
        model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    serialized: bytes = model.SerializeToString()
    return serialized


def _bitwise_or(graph: Any, first: Any, second: Any) -> Any:
    return graph.op("BitwiseOr", first, second)


def check_parity(network: nn.Module, model: bytes, positions: int = PARITY_POSITIONS) -> Parity:
    """Compare ``model`` with ``network`` on ``positions`` real positions.

    The graph is asked in batches of 64 and, for the first 64 positions, one by one as well.
    ``model`` must come from ``to_onnx``: it is opened in this process.
    """
    probes = real_positions(network, positions)
    observations, masks = probes.observations, probes.masks
    with torch.no_grad():
        expected = np.concatenate(
            [network(torch.from_numpy(batch)).numpy() for batch in _batches(observations)]
        )
    graph = OnnxAgent(model, "exported")
    batched = np.concatenate([graph.logits(batch) for batch in _batches(observations)])
    single = np.concatenate([graph.logits(row[None]) for row in observations[:PARITY_BATCH]])
    changed = select_actions(batched, masks) != select_actions(expected, masks)
    return Parity(
        positions=positions,
        largest_error=float(
            max(np.abs(batched - expected).max(), np.abs(single - expected[:PARITY_BATCH]).max())
        ),
        decision_changes=int(changed.sum()),
    )


def real_positions(network: nn.Module, count: int, seed: int = PARITY_SEED) -> Positions:
    """Collect positions from games in which the network plays, one ply in eight at random."""
    generator = np.random.default_rng(seed)
    engine = BatchEngine(ARENA, PARITY_GAMES)
    games = np.repeat(np.arange(engine.n, dtype=np.intp), SEATS)
    seats = np.tile(np.arange(SEATS, dtype=np.intp), engine.n)
    observations: list[Float32Array] = []
    masks: list[BoolArray] = []
    collected = ply = 0
    while collected < count:
        over = np.flatnonzero(engine.outcomes != Outcome.ONGOING)
        seeds: SeedArray = generator.integers(0, 2**64, size=(len(over),), dtype=np.uint64)
        engine.reset(over, seeds)
        seen = np.empty((len(games), PLANES, SIDE, SIDE), dtype=np.float32)
        engine.gather(games, seats, seen)
        with torch.no_grad():
            logits = network(torch.from_numpy(seen)).numpy()
        wild = generator.random(len(games)) < 1 / 8
        logits[wild] = generator.random((int(wild.sum()), ACTIONS), dtype=np.float32)
        accepted = engine.masks[games, seats]
        if ply % PARITY_EVERY == 0:
            able = accepted.any(axis=1)
            observations.append(seen[able])
            masks.append(accepted[able])
            collected += int(able.sum())
        actions = select_actions(logits, accepted, engine.headings[games, seats])
        engine.step(actions.reshape(engine.n, SEATS))
        ply += 1
    return Positions(np.concatenate(observations)[:count], np.concatenate(masks)[:count])


def _batches(observations: Float32Array) -> list[Float32Array]:
    return [
        observations[start : start + PARITY_BATCH]
        for start in range(0, len(observations), PARITY_BATCH)
    ]
