"""Submitted models as agents: ``M.onnx``, ``champion``, ``champion@N`` and ``submission:ID``.

Whatever a model's file is called, only bytes that equal a shipped model's are run in this process;
all others go through the sandbox.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agents.errors import InvalidModelError
from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.zoo import DEFAULT_CHAMPION, shipped, shipped_model
from arena.limits import Limits, read_model
from arena.models import ModelStore, digest
from arena.records import SubmissionStatus
from arena.sandbox import SandboxedModel
from arena.settings import load_settings
from arena.storage import open_storage
from arena.wire import SIDE
from tron_env.agent import Agent, split_spec
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.types import ACTIONS, Float32Array, IntArray, UInt8Array


class SandboxedAgent:
    """Plays an untrusted model in its own confined process; see ``tron_env.agent.Agent``.

    Args:
        model: content of the file.
        name: shown to people.
        alone: ask for one position at a time.

    Raises:
        AgentError: the model cannot be loaded.
        SandboxLostError: the sandbox broke.
    """

    def __init__(
        self, model: bytes, name: str, *, limits: Limits | None = None, alone: bool = False
    ) -> None:
        self.name = name
        self._model = SandboxedModel(model, limits=limits, alone=alone)
        try:
            self._model.start()
        except BaseException:
            self._model.close()
            raise

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider.

        Raises:
            AgentError: the model failed, or gave NaN or +inf for an accepted action.
            SandboxLostError: the sandbox broke.
        """
        if (engine.ruleset.height, engine.ruleset.width) != (SIDE, SIDE):
            raise InvalidModelError(
                f"{self.name} plays on {SIDE} by {SIDE} cells, not on "
                f"{engine.ruleset.height} by {engine.ruleset.width}"
            )
        logits: Float32Array = np.empty((len(games), ACTIONS), dtype=np.float32)
        for start in range(0, len(games), self._model.max_batch):
            part = slice(start, start + self._model.max_batch)
            engine.gather(games[part], seats[part], self._model.observations)
            logits[part] = self._model.infer(len(games[part]))
        return select_actions(logits, engine.masks[games, seats], engine.headings[games, seats])

    def close(self) -> None:
        """End the model's process."""
        self._model.close()


@dataclass(frozen=True, slots=True)
class NamedModel:
    """The file of an ONNX policy that a SPEC names."""

    content: bytes
    name: str
    """Shown to people."""
    alone: bool = False
    """Ask it for one position at a time."""


def named_model(spec: str) -> NamedModel | None:
    """Return the model behind a SPEC, or None where an agent of another kind is meant.

    Raises:
        AgentSpecError: there is no such model.
        ModelTooLargeError: the file is too large.
    """
    name, argument = split_spec(spec)
    find = FINDERS.get(name)
    return None if find is None else find(argument)


def make_onnx(argument: str) -> Agent:
    """Return the model in a file: ``PATH.onnx`` or ``onnx:PATH``.

    Raises:
        AgentSpecError: there is no such file.
        AgentError: the model cannot be loaded.
    """
    return agent_of(_file(argument))


def make_champion(argument: str) -> Agent:
    """Return the reigning champion, or that of round ``argument``.

    Before the first round is done a shipped model reigns.

    Raises:
        AgentSpecError: ``argument`` is no finished round's number.
    """
    return agent_of(_champion(argument))


def make_submission(argument: str) -> Agent:
    """Return the submission with the ID ``argument``.

    Raises:
        AgentSpecError: there is no such submission, or it was rejected.
    """
    return agent_of(_submission(argument))


def _file(argument: str) -> NamedModel:
    path = Path(argument)
    if not argument or not path.is_file():
        raise AgentSpecError(f"there is no model file {argument!r}")
    return NamedModel(read_model(path, Limits()), path.stem)


def _champion(argument: str) -> NamedModel:
    number = _number("champion@", argument) if argument else None
    settings = load_settings()
    with open_storage(settings) as storage:
        row = storage.champion(number)
    if row is None and number is None:
        return NamedModel(shipped_model(DEFAULT_CHAMPION).path.read_bytes(), DEFAULT_CHAMPION)
    if row is None:
        raise AgentSpecError(f"round {number} has no champion; see `tron round list`")
    return NamedModel(ModelStore(settings.models).get(row.sha256), row.name, row.alone)


def _submission(argument: str) -> NamedModel:
    number = _number("submission:", argument)
    settings = load_settings()
    with open_storage(settings) as storage:
        row = storage.submission(number)
    if row is None:
        raise AgentSpecError(f"there is no submission {number}")
    if row.status is SubmissionStatus.REJECTED:
        raise AgentSpecError(f"submission {number} was rejected: {row.reason}")
    return NamedModel(ModelStore(settings.models).get(row.sha256), row.name, row.alone)


FINDERS: Final[Mapping[str, Callable[[str], NamedModel]]] = {
    "onnx": _file,
    "champion": _champion,
    "submission": _submission,
}
"""By the name in a SPEC; what finds the model that the rest of it names."""


def agent_of(model: NamedModel) -> Agent:
    """Return a model as an agent: in this process if it is a shipped one, else in the sandbox.

    Raises:
        AgentError: it cannot be loaded.
    """
    sha256 = digest(model.content)
    for own in shipped():
        if own.sha256 == sha256:
            return OnnxAgent(own.path, model.name)
    return SandboxedAgent(model.content, model.name, alone=model.alone)


def _number(prefix: str, argument: str) -> int:
    if not argument.isdecimal() or not argument.isascii():
        raise AgentSpecError(f"{prefix}{argument}: expected a number behind {prefix!r}")
    return int(argument)
