"""Models that answer live games: one thread each, in-process for shipped files, else sandboxed."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from agents.errors import AgentError
from agents.onnx_agent import MAX_BATCH, OnnxAgent
from agents.policy import invalid_rows, select_actions
from arena.errors import ArenaFault, SandboxLostError
from arena.sandbox import SandboxedModel
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import PLANES, BoolArray, Float32Array, UInt8Array
from web.live_types import Ask

logger = logging.getLogger(__name__)

MAX_IDLE_MODELS: Final = 8
"""Models kept loaded beyond those in use; the least recently used goes first."""
PREPARE_SECONDS: Final = 10.0
"""How long a new game may wait for its model to come to it."""
IN_USE_SECONDS: Final = 30.0
"""A model asked for within this time is in use; a countdown is far shorter."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An ask with copies of its positions: ``(k, 5, 32, 32)``, ``(k, 4)`` and ``(k,)``."""

    ask: Ask
    observations: Float32Array
    masks: BoolArray
    headings: UInt8Array


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """What came of a question; ``actions`` is None where there is no answer and never will be."""

    ask: Ask
    actions: UInt8Array | None
    faulty: BoolArray


def decide(policy: Policy, question: Question) -> Reply:
    """Return a model's answer; rows with invalid logits are marked, not raised.

    Raises:
        AgentError: the model failed as a whole.
        ArenaFault: so did we.
    """
    logits = policy.infer(question.observations)
    faulty = invalid_rows(logits, question.masks)
    logits[faulty] = 0.0
    return Reply(question.ask, select_actions(logits, question.masks, question.headings), faulty)


def _unanswered(question: Question) -> Reply:
    return Reply(question.ask, None, np.zeros(0, dtype=np.bool_))


class ModelThread:
    """Answers one model's questions in order, on its own thread."""

    def __init__(self, key: str, policy: Policy, deliver: Callable[[Reply], None]) -> None:
        self.used_at = time.monotonic()
        self._key = key
        self._policy = policy
        self._deliver = deliver
        self._questions: queue.SimpleQueue[Question | Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"model-{key[:8]}", daemon=True)
        self._thread.start()

    def prepare(self) -> None:
        """Have the policy ready, once what is queued is answered.

        Raises:
            AgentError: the model's fault.
            ArenaFault: ours; also where it stays busy for ``PREPARE_SECONDS``.
        """
        ready: Future[None] = Future()
        self._questions.put(ready)
        try:
            ready.result(PREPARE_SECONDS)
        except TimeoutError as error:
            raise SandboxLostError("it is busy; try again in a moment") from error

    def submit(self, question: Question) -> None:
        """Queue a question; never blocks."""
        self.used_at = time.monotonic()
        self._questions.put(question)

    def close(self) -> None:
        """Answer what is queued, then end."""
        self._questions.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            if isinstance(question, Future):
                self._start(question)
                continue
            try:
                reply = decide(self._policy, question)
            except (AgentError, ArenaFault) as error:
                # A whole call that fails cannot be laid on one position, so nobody loses by it.
                logger.warning("model %s gave no answer: %s", self._key[:8], error)
                reply = _unanswered(question)
            except Exception:
                # A fault in our own code; the thread must outlive it, for the games that follow.
                logger.exception("model %s gave no answer", self._key[:8])
                reply = _unanswered(question)
            self._deliver(reply)
        self._policy.close()

    def _start(self, ready: "Future[None]") -> None:
        try:
            self._policy.start()
        except Exception as error:
            logger.debug("model %s cannot be started", self._key[:8], exc_info=True)
            ready.set_exception(error)
        else:
            ready.set_result(None)


class InferencePool:
    """The loaded models by key; loads on request, and lets the least used go.

    Args:
        deliver: takes every reply, on the model's thread.
    """

    def __init__(self, deliver: Callable[[Reply], None]) -> None:
        self._deliver = deliver
        self._models: dict[str, ModelThread] = {}
        self._loading = threading.Lock()

    def ensure(self, key: str, load: Callable[[], Policy]) -> None:
        """Have the model ready; blocks while it is loaded and warmed up.

        Raises:
            AgentError: the model cannot be loaded or does not answer.
            ArenaFault: a fault of ours.
        """
        with self._loading:
            present = self._models.get(key)
            if present is None:
                policy = load()
                try:
                    policy.start()
                    policy.infer(_some_position())
                except (AgentError, ArenaFault):
                    policy.close()
                    raise
                self._models[key] = ModelThread(key, policy, self._deliver)
                self._let_go()
                return
            present.used_at = time.monotonic()
        # Outside the lock: a busy model holds up its own players, and nobody else.
        present.prepare()

    def submit(self, question: Question) -> bool:
        """Pass a question to its model without blocking; False where it is not loaded."""
        model = self._models.get(question.ask.model)
        if model is None:
            return False
        model.submit(question)
        return True

    def close(self) -> None:
        """End every model's thread."""
        with self._loading:
            models, self._models = self._models, {}
        for model in models.values():
            model.close()

    def _let_go(self) -> None:
        in_use_since = time.monotonic() - IN_USE_SECONDS
        idle = [key for key, model in self._models.items() if model.used_at < in_use_since]
        idle.sort(key=lambda key: self._models[key].used_at)
        for key in idle[: max(0, len(idle) - MAX_IDLE_MODELS)]:
            self._models.pop(key).close()


def _some_position() -> Float32Array:
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [0])
    observations = np.zeros((1, PLANES, ARENA.height, ARENA.width), dtype=np.float32)
    engine.gather(np.array([0]), np.array([0]), observations)
    return observations
