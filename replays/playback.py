"""Playing a replay again under the rules, and saying where it does not fit them."""

import numpy as np

from replays.errors import ReplayDesyncError
from replays.format import Ending, Replay
from tron_env.batch import BatchEngine
from tron_env.spawn import spawns_for
from tron_env.types import (
    SEATS,
    Action,
    Cell,
    CellKind,
    DeathCause,
    GameState,
    Int16Array,
    Outcome,
    Seat,
)


class Playback:
    """A replay re-simulated from its start to its end.

    Attributes:
        replay: what was played.
        plies: number of plies.
        heads: int16 ``(plies + 1, 2, 2)``, the (row, col) of each rider at each ply, the start
            first; a rider that dies stays where it was.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.plies = replay.plies
        self.heads: Int16Array = np.zeros((self.plies + 1, SEATS, 2), dtype=np.int16)
        if replay.seed is not None:
            _compare(0, "start", replay.spawns, spawns_for(replay.ruleset, replay.seed))
        engine = BatchEngine(replay.ruleset, 1)
        engine.reset_to(0, replay.spawns)
        self._start = engine.state(0)
        self.heads[0] = engine.heads[0]
        # A writable copy: compiled code for read-only arrays would be a second one to compile.
        actions = replay.actions.copy()
        for ply in range(1, self.plies + 1):
            engine.step(actions[ply - 1 : ply])
            self.heads[ply] = engine.heads[0]
            if ply < self.plies:
                _compare(ply, "outcome", Outcome.ONGOING, Outcome(engine.outcomes[0]))
        end = engine.state(0)
        stopped = replay.ending is not Ending.RULES
        _compare(self.plies, "outcome", Outcome.ONGOING if stopped else replay.outcome, end.outcome)
        _compare(self.plies, "causes", replay.causes, end.causes)

    def state(self, ply: int) -> GameState:
        """Return the game as it stood after ``ply`` plies; 0 is the start.

        The outcome of the last ply is the recorded one, forfeits included.

        Raises:
            IndexError: there is no such ply.
        """
        if not 0 <= ply <= self.plies:
            raise IndexError(f"ply {ply} of a replay with plies 0 to {self.plies}")
        cells = self._start.cells.copy()
        for seat in Seat:
            ridden = self.heads[: ply + 1, seat]
            cells[ridden[:, 0], ridden[:, 1]] = CellKind.TRAIL_0 + seat
        first, second = self.heads[ply].tolist()
        over = ply == self.plies
        return GameState(
            cells=cells,
            heads=(Cell(*first), Cell(*second)),
            headings=self.headings(ply),
            causes=self.replay.causes if over else (DeathCause.NONE, DeathCause.NONE),
            ply=ply,
            outcome=self.replay.outcome if over else Outcome.ONGOING,
        )

    def headings(self, ply: int) -> tuple[Action, Action]:
        """Return the direction each rider went to reach ``ply``, at 0 that of its spawn."""
        if ply == 0:
            first, second = self.replay.spawns
            return first.heading, second.heading
        one, other = self.replay.actions[ply - 1].tolist()
        return Action(one), Action(other)


def verify(replay: Replay) -> None:
    """Re-simulate ``replay``.

    Raises:
        ReplayDesyncError: naming the first ply that the rules play differently.
    """
    Playback(replay)


def _compare(ply: int, field: str, recorded: object, replayed: object) -> None:
    if recorded != replayed:
        raise ReplayDesyncError(ply, field, _text(recorded), _text(replayed))


def _text(value: object) -> str:
    """Return a value as people read it: enum members by name."""
    if isinstance(value, Outcome | DeathCause | Action):
        return value.name
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_text, value)) + ")"
    return str(value)
