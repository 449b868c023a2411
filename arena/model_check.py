"""Asking the models of a stored or exported game again: shipped ones here, others sandboxed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from agents.zoo import shipped
from arena.agents import NamedModel, agent_of
from arena.models import ModelStore
from arena.replay_source import is_number
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from arena.stored_analyses import Check
from replays.format import PERSON, Replay, model_prefix
from replays.inference import InferenceVerdict, first_difference
from tron_env.agent import Agent
from tron_env.types import Seat


def check(reference: str, replay: Replay) -> InferenceVerdict:
    """Ask the models of ``replay``; see ``replays.inference.ModelCheck``.

    Where ``reference`` is the number of a stored game, the verdict is stored for its page.

    Raises:
        AgentError: a model failed.
        ArenaFault: a fault of ours.
    """
    settings = load_settings()
    with open_storage(settings) as storage:
        number = int(reference) if is_number(reference) else None
        models = ModelStore(settings.models)
        found = {
            seat: _found(storage, models, replay.models[seat])
            for seat in Seat
            if replay.models[seat] != PERSON
        }
        verdict = _asked(replay, found)
        if number is not None and storage.replay(number) is not None:
            difference = verdict.difference
            storage.save_check(
                number,
                Check(
                    checked_at=datetime.now(UTC),
                    riders=0 if verdict.missing else len(verdict.asked),
                    ply=None if difference is None else difference.ply,
                    seat=None if difference is None else int(difference.seat),
                ),
            )
    return verdict


def _asked(replay: Replay, found: dict[Seat, NamedModel | None]) -> InferenceVerdict:
    missing = tuple(replay.models[seat].hex() for seat, model in found.items() if model is None)
    known = {seat: model for seat, model in found.items() if model is not None}
    with ExitStack() as stack:
        agents = {seat: stack.enter_context(_opened(model)) for seat, model in known.items()}
        difference = first_difference(replay, agents)
    return InferenceVerdict(tuple(model.name for model in known.values()), missing, difference)


@contextmanager
def _opened(model: NamedModel) -> Iterator[Agent]:
    agent = agent_of(model)
    try:
        yield agent
    finally:
        close = getattr(agent, "close", None)
        if close is not None:
            close()


def _found(storage: Storage, models: ModelStore, prefix: bytes) -> NamedModel | None:
    """Return the model whose hash begins so: a shipped one, else one that entered a round."""
    for own in shipped():
        if model_prefix(own.sha256) == prefix:
            return NamedModel(own.path.read_bytes(), own.name)
    entered = storage.entrant_model(prefix.hex())
    if entered is None:
        return None
    sha256, name, alone = entered
    return NamedModel(models.get(sha256), name, alone)
