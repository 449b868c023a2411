"""Checkpoint to ONNX under the policy contract, with a proof that both compute the same."""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch

from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.train.errors import ParityError
from agents.train.network import SIDE, PolicyNetwork
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
    UInt8Array,
)

OPSET: Final = 17
INPUT: Final = "observations"
OUTPUT: Final = "logits"
TOLERANCE: Final = 1e-4
"""Largest allowed difference of a logit; float32 sums in another order differ by about 1e-6."""
PARITY_POSITIONS: Final = 2000
PARITY_SEED: Final = 17
PARITY_BATCH: Final = 64


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


def export(network: PolicyNetwork, path: Path) -> Parity:
    """Write ``network`` to ``path``, once it is shown to compute the same.

    Raises:
        ParityError: it does not; nothing is written.
    """
    model = to_onnx(network)
    parity = check_parity(network, model)
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


def to_onnx(network: PolicyNetwork) -> bytes:
    """Return an ONNX model, opset 17, float32 ``(batch, 5, 32, 32)`` to ``(batch, 4)``.

    The TorchScript exporter is used: the newer one needs further packages.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "model.onnx"
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, PLANES, SIDE, SIDE),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
        )
        model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    serialized: bytes = model.SerializeToString()
    return serialized


def check_parity(network: PolicyNetwork, model: bytes, positions: int = PARITY_POSITIONS) -> Parity:
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


def real_positions(network: PolicyNetwork, count: int, seed: int = PARITY_SEED) -> Positions:
    """Collect positions from games in which the network plays, one ply in eight at random."""
    generator = np.random.default_rng(seed)
    engine = BatchEngine(ARENA, PARITY_BATCH)
    games = np.arange(engine.n, dtype=np.intp)
    observations: list[Float32Array] = []
    masks: list[BoolArray] = []
    collected = 0
    while collected < count:
        over = games[engine.outcomes != Outcome.ONGOING]
        seeds: SeedArray = generator.integers(0, 2**64, size=(len(over),), dtype=np.uint64)
        engine.reset(over, seeds)
        actions: UInt8Array = np.zeros((engine.n, SEATS), dtype=np.uint8)
        for seat in range(SEATS):
            seen = np.empty((engine.n, PLANES, SIDE, SIDE), dtype=np.float32)
            seats = np.full(engine.n, seat, dtype=np.intp)
            engine.gather(games, seats, seen)
            with torch.no_grad():
                logits = network(torch.from_numpy(seen)).numpy()
            wild = generator.random(engine.n) < 1 / 8
            logits[wild] = generator.random((int(wild.sum()), ACTIONS), dtype=np.float32)
            accepted = engine.masks[:, seat].copy()
            actions[:, seat] = select_actions(logits, accepted, engine.headings[:, seat])
            able = accepted.any(axis=1)
            observations.append(seen[able])
            masks.append(accepted[able])
            collected += int(able.sum())
        engine.step(actions)
    return Positions(np.concatenate(observations)[:count], np.concatenate(masks)[:count])


def _batches(observations: Float32Array) -> list[Float32Array]:
    return [
        observations[start : start + PARITY_BATCH]
        for start in range(0, len(observations), PARITY_BATCH)
    ]
