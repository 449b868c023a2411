"""Loaded models: shipped ones in this process, others behind their sandbox; how long each takes."""

import time
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from agents.errors import AgentError
from agents.onnx_agent import OnnxAgent
from arena.errors import ArenaFault
from arena.sandbox import SandboxedModel
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import PLANES, Float32Array
from web.capacity import Cost

MAX_BATCH: Final = 512
"""Positions in one call of a shipped model. After each call the interpreter's lock may have to be
waited for, so that many a phase of games is asked about in one; more would only take memory."""
PROBE_BATCH: Final = 16
SLOW_SECONDS: Final = 0.05
"""A model that takes so long for one position is not timed with more."""
PROBES: Final = 9
"""Calls of each size that are timed; the shortest is what the model takes on a free core, which
this one may be for a moment only."""
LONG_SECONDS: Final = 0.01
LONG_PROBES: Final = 3
"""Of a model that takes so long for one position, so many batches are timed."""


class Policy(Protocol):
    """A loaded model, used by one thread at a time."""

    def start(self) -> None:
        """Have it ready to answer at once; raises as ``infer``."""

    def infer(self, observations: Float32Array) -> Float32Array:
        """Return float32 ``(k, 4)`` for float32 ``(k, 5, 32, 32)``.

        Raises:
            AgentError: the model's fault.
            ArenaFault: ours.
        """

    def close(self) -> None:
        """Give everything back."""


class ShippedPolicy:
    """A model that the package ships, run in this process."""

    def __init__(self, model: Path, name: str) -> None:
        self._agent = OnnxAgent(model, name)

    def start(self) -> None:
        """A loaded session is always ready."""

    def infer(self, observations: Float32Array) -> Float32Array:
        """Return float32 ``(k, 4)``."""
        parts = [
            self._agent.logits(observations[first : first + MAX_BATCH])
            for first in range(0, observations.shape[0], MAX_BATCH)
        ]
        return np.concatenate(parts)

    def close(self) -> None:
        """Nothing is held beyond memory."""


class SandboxedPolicy:
    """A submitted model behind its sandbox, fed in batches that fit."""

    def __init__(self, model: SandboxedModel) -> None:
        self._model = model

    @property
    def fed_alone(self) -> bool:
        """Whether the model is fed one position at a time; known once started."""
        return self._model.fed_alone

    def start(self) -> None:
        """Start the child, which may never have been or may have been given up since."""
        self._model.start()

    def infer(self, observations: Float32Array) -> Float32Array:
        """Return float32 ``(k, 4)``, asking as often as the sandbox's batch requires."""
        batch = self._model.max_batch
        parts = []
        for first in range(0, observations.shape[0], batch):
            part = observations[first : first + batch]
            self._model.observations[: part.shape[0]] = part
            parts.append(self._model.infer(part.shape[0]))
        return np.concatenate(parts)

    def close(self) -> None:
        """End the child process."""
        self._model.close()


def warmed(policy: Policy) -> tuple[Policy, Cost]:
    """Start a policy and time it; close it where that fails."""
    try:
        policy.start()
        policy.infer(_positions(1))
        seconds: list[float] = []
        for size in (1, PROBE_BATCH):
            long = bool(seconds) and seconds[0] > LONG_SECONDS
            times = LONG_PROBES if long else PROBES
            seconds.append(min(_timed(policy, size) for _ in range(times)))
            if seconds[0] > SLOW_SECONDS:
                break
    except (AgentError, ArenaFault):
        policy.close()
        raise
    return policy, Cost.measured(seconds[0], seconds[-1], PROBE_BATCH if seconds[1:] else 1)


def _timed(policy: Policy, size: int) -> float:
    positions = _positions(size)
    begun = time.perf_counter()
    policy.infer(positions)
    return time.perf_counter() - begun


def _positions(count: int) -> Float32Array:
    engine = BatchEngine(ARENA, count)
    engine.reset(range(count), range(count))
    observations = np.zeros((count, PLANES, ARENA.height, ARENA.width), dtype=np.float32)
    engine.gather(np.arange(count), np.zeros(count, dtype=np.intp), observations)
    return observations
