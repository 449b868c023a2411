"""An ONNX policy as an agent, run in this process: for shipped models and files just made here.

Anybody else's file goes through the arena's sandbox, whatever command was given.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from agents.errors import InvalidModelError
from agents.policy import select_actions
from agents.zoo import shipped_model
from tron_env.batch import BatchEngine
from tron_env.types import ACTIONS, PLANES, Float32Array, IntArray, UInt8Array

SIDE: Final = 32
MAX_BATCH: Final = 256
"""Positions in one call; more are cut into several, which bounds memory."""

_LOG_ERRORS_ONLY: Final = 3


class OnnxAgent:
    """Plays an ONNX file under the policy contract on one thread; calls may come from any thread.

    Args:
        model: path or content of the file; its batch axis must be symbolic.
        name: shown to people.

    Raises:
        InvalidModelError: the file is no policy.
    """

    def __init__(self, model: Path | bytes, name: str) -> None:
        self.name = name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS_ONLY
        content = model if isinstance(model, bytes) else model.read_bytes()
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise InvalidModelError(f"{name}: {error}") from error
        shapes = [entry.shape for entry in self._session.get_inputs()]
        fits = len(shapes) == 1 and shapes[0][1:] == [PLANES, SIDE, SIDE]
        if not fits or isinstance(shapes[0][0], int):
            raise InvalidModelError(
                f"{name}: inputs are {shapes}; expected one of (batch, {PLANES}, {SIDE}, {SIDE}) "
                "with a symbolic batch axis"
            )
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def logits(self, observations: Float32Array) -> Float32Array:
        """Return float32 ``(k, 4)`` for float32 ``(k, 5, 32, 32)``.

        Raises:
            InvalidModelError: the model fails, or its output has another shape.
        """
        try:
            result: Float32Array = self._session.run([self._output], {self._input: observations})[0]
        except Exception as error:
            raise InvalidModelError(f"{self.name}: {error}") from error
        if result.shape != (len(observations), ACTIONS):
            raise InvalidModelError(
                f"{self.name}: output is {result.shape}, expected ({len(observations)}, {ACTIONS})"
            )
        return result

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``.

        Raises:
            InvalidLogitsError: the model gave NaN or +inf for an accepted action.
            InvalidModelError: the board is not 32 by 32, or the output has another shape.
        """
        if (engine.ruleset.height, engine.ruleset.width) != (SIDE, SIDE):
            raise InvalidModelError(
                f"{self.name} plays on {SIDE} by {SIDE} cells, not on "
                f"{engine.ruleset.height} by {engine.ruleset.width}"
            )
        logits = np.empty((len(games), ACTIONS), dtype=np.float32)
        for start in range(0, len(games), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            observations = np.empty((len(games[part]), PLANES, SIDE, SIDE), dtype=np.float32)
            engine.gather(games[part], seats[part], observations)
            logits[part] = self.logits(observations)
        return select_actions(logits, engine.masks[games, seats], engine.headings[games, seats])


def shipped_agent(name: str) -> OnnxAgent:
    """Return the shipped model called ``name`` as an agent.

    Raises:
        ZooError: there is none.
    """
    return OnnxAgent(shipped_model(name).path, name)
