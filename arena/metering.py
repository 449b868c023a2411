"""What a sandboxed model costs: timed with looks at how fast the machine is in between."""

from typing import Final, Protocol

import numpy as np

from arena.divisions import BATCH, Cost
from arena.yardstick import Yardstick
from tron_env.types import Float32Array, UInt8Array

YARDSTICK_EVERY: Final = 4
"""Single positions between two looks."""


class TimedModel(Protocol):
    """What is needed of a sandbox; ``SandboxedModel`` is one."""

    observations: UInt8Array

    @property
    def cpu_seconds(self) -> float:
        """CPU time used so far."""

    def infer(self, k: int) -> Float32Array:
        """Return float32 ``(k, 4)``."""


class Meter:
    """Times a sandboxed model, with looks at how fast the machine is in between."""

    def __init__(self, model: TimedModel, yardstick: Yardstick | None = None) -> None:
        self._model = model
        self._yardstick = yardstick or Yardstick()
        self._single_ms: list[float] = []
        self._batch_ms: list[float] = []

    def single(self, position: Float32Array) -> Float32Array:
        """Return the logits ``(4,)`` of one position."""
        if len(self._single_ms) % YARDSTICK_EVERY == 0:
            self._yardstick.measure(single=True)
        self._model.observations[0] = position
        logits, milliseconds = self._timed(1)
        self._single_ms.append(milliseconds)
        values: Float32Array = logits[0]
        return values

    def batch(self, positions: Float32Array) -> None:
        """Evaluate ``(64, 5, 32, 32)`` together."""
        self._yardstick.measure(batch=True)
        self._model.observations[:] = positions
        self._batch_ms.append(self._timed(BATCH)[1] / BATCH)

    @property
    def singles(self) -> int:
        """How many single positions were timed."""
        return len(self._single_ms)

    @property
    def factor(self) -> float:
        """How many times as long as the reference machine this one takes."""
        return self._yardstick.single_factor

    @property
    def fastest_ms(self) -> float:
        """The least that a single position took, in milliseconds on the reference machine."""
        return min(self._single_ms) / self.factor

    def cost(self) -> Cost:
        """Return what was measured; without batches, that of a model asked one by one."""
        single, p99 = np.percentile(np.array(self._single_ms), [50, 99]) / self.factor
        batch64 = single
        if self._batch_ms:
            batch64 = np.median(self._batch_ms) / self._yardstick.batch_factor
        return Cost(float(single), float(p99), float(batch64))

    def _timed(self, k: int) -> tuple[Float32Array, float]:
        """Return logits and the CPU time they took here, in milliseconds."""
        before = self._model.cpu_seconds
        logits = self._model.infer(k)
        return logits, 1000 * (self._model.cpu_seconds - before)
