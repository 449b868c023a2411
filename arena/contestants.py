"""Who can ride in lockstep: sandboxed models, and agents of any kind."""

import hashlib
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from agents.errors import AgentError
from agents.policy import select_actions
from arena.divisions import Usage, charged_positions
from arena.limits import Limits
from arena.sandbox import SandboxedModel
from replays.format import PERSON, PREFIX_BYTES
from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.rows import KeptRows
from tron_env.types import BoolArray, Float32Array, IntArray, UInt8Array


class BatchModel(Protocol):
    """What ``ModelContestant`` needs of a sandbox; ``SandboxedModel`` is one."""

    observations: UInt8Array

    @property
    def cpu_seconds(self) -> float:
        """CPU time used so far, loading included."""

    def submit(self, k: int) -> None:
        """Ask for the first ``k`` rows."""

    def collect(self) -> Float32Array:
        """Return float32 ``(k, 4)``."""

    def close(self) -> None:
        """End it."""


class ModelContestant:
    """A model in its sandbox. One that cannot be loaded fails every call, at once.

    Args:
        model: the file's bytes.
        limits: what it may use.
        max_batch: the most positions it can have at one ply.
        alone: whether it is asked for one position at a time.

    Raises:
        SandboxLostError: a fault of ours.
    """

    def __init__(self, model: bytes, *, limits: Limits, max_batch: int, alone: bool) -> None:
        self.prefix = hashlib.sha256(model).digest()[:PREFIX_BYTES]
        self._model: BatchModel | AgentError
        try:
            sandboxed = SandboxedModel(
                model, limits=limits, max_batch=max_batch, alone=alone, long_slices=True
            )
        except AgentError as error:
            self._model = error
        else:
            self._model = _loaded(sandboxed)
            self._kept = KeptRows(sandboxed.observations)
        self._rows: IntArray = np.zeros(0, dtype=np.intp)
        self._masks: BoolArray = np.zeros((0, 4), dtype=np.bool_)
        self._alone = alone
        self._loading = 0.0 if isinstance(self._model, AgentError) else self._model.cpu_seconds
        self._positions = 0
        self._charged = 0
        self._failed_in_company = False

    def usage(self, machine_factor: float) -> Usage:
        """Return what it used so far, loading left out.

        Args:
            machine_factor: how many times as long as the reference machine this one takes.
        """
        if isinstance(self._model, AgentError):
            return Usage()
        seconds = max(0.0, self._model.cpu_seconds - self._loading)
        return Usage(self._positions, self._charged, seconds, seconds / machine_factor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(self._model, AgentError):
            self._model.close()

    def submit(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> None:
        """Begin choosing; see ``Contestant``."""
        self._masks = engine.masks[games, seats]
        if not isinstance(self._model, AgentError):
            self._rows = self._kept.write(engine, games, seats)
            self._model.submit(len(games))

    def collect(self) -> UInt8Array:
        """Return the chosen actions; see ``Contestant``."""
        if isinstance(self._model, AgentError):
            raise self._model
        count = len(self._rows)
        try:
            actions = select_actions(self._model.collect()[self._rows], self._masks)
        except AgentError:
            self._failed_in_company |= count > 1
            raise
        # Whoever is asked singly for having failed together gains nothing by it.
        singly = self._alone or (count == 1 and self._failed_in_company)
        self._positions += count
        self._charged += count if singly else charged_positions(count)
        return actions


def _loaded(model: SandboxedModel) -> SandboxedModel | AgentError:
    """Load a model; return the error instead where that is the model's fault."""
    try:
        model.start()
    except AgentError as error:
        model.close()
        return error
    except BaseException:
        model.close()
        raise
    return model


class AgentContestant:
    """An agent named by SPEC, playing in this process."""

    def __init__(self, agent: Agent) -> None:
        self.prefix = PERSON
        self._agent = agent
        self._asked: tuple[BatchEngine, IntArray, IntArray] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close = getattr(self._agent, "close", None)
        if close is not None:
            close()

    def submit(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> None:
        """Remember what is asked; see ``Contestant``."""
        self._asked = (engine, games, seats)

    def collect(self) -> UInt8Array:
        """Return the chosen actions; see ``Contestant``."""
        assert self._asked is not None
        return self._agent.act(*self._asked)
