"""Asking the models of a replay again, and saying where they decide otherwise.

Policies are stateless, so that every position of a game can be asked about by itself. The models
come from above: whoever stores them registers a ``ModelCheck`` in the entry-point group
``tron.model_checks``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, Protocol

import numpy as np

from replays.errors import ReplayExportError
from replays.format import Replay
from replays.playback import Playback
from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.types import Action, Seat

CHECK_GROUP: Final = "tron.model_checks"
POSITIONS: Final = 16
"""Asked about in one call."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that came out otherwise."""

    ply: int
    """The move that led to this ply."""
    seat: Seat
    recorded: Action
    decided: Action

    def __str__(self) -> str:
        return (
            f"ply {self.ply}: seat {int(self.seat)} went {self.recorded.name.lower()}, "
            f"and now decides {self.decided.name.lower()}"
        )


@dataclass(frozen=True, slots=True)
class InferenceVerdict:
    """What asking again showed."""

    asked: tuple[str, ...]
    """Names of the models that were asked."""
    missing: tuple[str, ...]
    """Prefixes of models that nobody has; a person is none."""
    difference: Difference | None
    """The first one."""

    @property
    def verified(self) -> bool:
        """Whether every model of the game was asked and decided as recorded."""
        return bool(self.asked) and not self.missing and self.difference is None


class ModelCheck(Protocol):
    """Finds a replay's models, through a sandbox where they are untrusted, and asks them."""

    def __call__(self, reference: str, replay: Replay) -> InferenceVerdict:
        """Ask the models of ``replay``, which ``reference`` names; keep the verdict if you like.

        Raises:
            TronArenaError: a model failed, or could not be run.
        """


def check_models(reference: str, replay: Replay) -> InferenceVerdict:
    """Ask the models of a replay again by the installed check.

    Raises:
        ReplayExportError: no package that could is installed.
        TronArenaError: a model failed, or could not be run.
    """
    installed = sorted(entry_points(group=CHECK_GROUP), key=lambda entry: entry.name)
    if not installed:
        raise ReplayExportError("no installed package can run models")
    check: ModelCheck = installed[0].load()
    return check(reference, replay)


def first_difference(replay: Replay, agents: Mapping[Seat, Agent]) -> Difference | None:
    """Ask agents about every decision of a game; return the first that differs, or None.

    A rider without an accepted action was not asked, and is not here. In a game that a person took
    over, what came before the take-over was decided by others.

    Raises:
        ReplayDesyncError: the rules play the game differently from what it records.
        AgentError: an agent failed.
    """
    playback = Playback(replay)
    engine = BatchEngine(replay.ruleset, POSITIONS)
    begin = 0 if replay.takeover is None else replay.takeover.ply
    for start in range(begin, replay.plies, POSITIONS):
        plies = range(start, min(start + POSITIONS, replay.plies))
        for row, ply in enumerate(plies):
            engine.reset_to_state(row, playback.state(ply))
        found = []
        for seat, agent in agents.items():
            rows = np.flatnonzero(engine.masks[: len(plies), seat].any(axis=1))
            if not rows.size:
                continue
            decided = agent.act(engine, rows, np.full(len(rows), int(seat)))
            recorded = replay.actions[start + rows, seat]
            for row in rows[decided != recorded][:1].tolist():
                place = int(np.flatnonzero(rows == row)[0])
                one, other = Action(recorded[place]), Action(decided[place])
                found.append(Difference(start + row + 1, seat, one, other))
        if found:
            return min(found, key=lambda each: (each.ply, each.seat))
    return None
