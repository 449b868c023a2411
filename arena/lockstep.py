"""Many games at once: all advance together, each model is called once a ply with all it has.

Every rider's choice comes from the one action rule. A rider without an accepted action is not
asked: it keeps its heading and dies.

Faults: a call that fails is repeated position by position, and only positions that fail alone are
forfeited. With its ``MAX_FAULTS``-th forfeit a contestant is out, and forfeits whatever it has
left in this batch of games without play. One that fails in company but answers alone forfeits
nothing; from its ``MAX_FAILED_CALLS``-th failed call on it is asked for one position at a time, so
that it cannot cost the others a failure and a restart at every ply. All faults of a ply count at
once, whoever was asked first. Faults of ours are ``ArenaFault`` and end the batch; it is played
again from the start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np

from agents.errors import (
    AgentError,
    InferenceTimeoutError,
    InvalidLogitsError,
    InvalidModelError,
    MemoryLimitError,
    ModelCrashedError,
)
from replays.format import Ending, Replay
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset
from tron_env.types import (
    SEATS,
    Action,
    BoolArray,
    DeathCause,
    IntArray,
    Outcome,
    Seat,
    Spawn,
    UInt8Array,
)

NOBODY: Final = -1
MAX_FAULTS: Final = 3
MAX_FAILED_CALLS: Final = 3
MAX_REASON: Final = 400
"""Longer reasons are cut; they hold what a hostile model's process wrote."""


FAULTS: Final[dict[type[AgentError], str]] = {
    InferenceTimeoutError: "too slow",
    InvalidModelError: "not loadable",
    MemoryLimitError: "out of memory",
    ModelCrashedError: "crashed",
}

Progress: TypeAlias = Callable[[int], None]


class Contestant(Protocol):
    """Whatever chooses actions. All contestants are submitted to before the first is collected."""

    prefix: bytes
    """What replays record of it: the first 8 bytes of a model's SHA-256, zeros for none."""

    def submit(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> None:
        """Begin choosing for the riders ``(k,)``, each of which has an accepted action."""

    def collect(self) -> UInt8Array:
        """Return uint8 ``(k,)``, an accepted action for each rider.

        Raises:
            AgentError: the contestant's fault.
            ArenaFault: ours.
        """


@dataclass(frozen=True, slots=True)
class GamePlan:
    """One game to play."""

    riders: tuple[int, int]
    """Indices of the contestants, by seat."""
    seed: int
    """Names the start."""


@dataclass(frozen=True, slots=True)
class PlayedGame:
    """One game that was played or forfeited."""

    replay: Replay
    reasons: tuple[str | None, str | None]
    """By seat, why it forfeited."""


def play_games(
    ruleset: Ruleset,
    plans: Sequence[GamePlan],
    contestants: Sequence[Contestant],
    progress: Progress | None = None,
) -> tuple[PlayedGame, ...]:
    """Play all of ``plans`` to their ends.

    Args:
        ruleset: of all games.
        plans: the games.
        contestants: who rides in them; each sees all of its positions of a ply at once.
        progress: told after every ply how many games are over.

    Raises:
        ArenaFault: a fault of ours; nothing of the games counts.
    """
    return _Batch(ruleset, plans, contestants).play(progress or _ignore)


def reason_for(error: AgentError) -> str:
    """Return why a game is forfeited, as people read it.

    >>> reason_for(InvalidLogitsError((0,)))
    'NaN or +inf for an accepted action'
    >>> reason_for(InferenceTimeoutError("took over 0.6 s"))
    'too slow: took over 0.6 s'
    """
    if isinstance(error, InvalidLogitsError):
        return "NaN or +inf for an accepted action"
    return f"{FAULTS.get(type(error), 'failed')}: {error}"[:MAX_REASON]


@dataclass(frozen=True, slots=True)
class _Fault:
    """A position for which a contestant had no answer."""

    contestant: int
    game: int
    seat: int
    reason: str


class _Batch:
    """The state of one batch of games."""

    def __init__(
        self, ruleset: Ruleset, plans: Sequence[GamePlan], contestants: Sequence[Contestant]
    ) -> None:
        n = len(plans)
        self.plans = plans
        self.contestants = contestants
        self.engine = BatchEngine(ruleset, n)
        self.engine.reset(np.arange(n), np.array([plan.seed for plan in plans], dtype=np.uint64))
        self.start_heads = self.engine.heads.copy()
        self.start_headings = self.engine.headings.copy()
        self.riders: IntArray = np.array([plan.riders for plan in plans], dtype=np.intp)
        self.history: UInt8Array = np.zeros((ruleset.max_plies, n, SEATS), dtype=np.uint8)
        self.playing: BoolArray = np.ones(n, dtype=np.bool_)
        self.faults = [0] * len(contestants)
        self.failed_calls = [0] * len(contestants)
        self.reasons: list[list[str | None]] = [[None, None] for _ in plans]

    def play(self, progress: Progress) -> tuple[PlayedGame, ...]:
        ply = 0
        while (active := np.flatnonzero(self.playing)).size:
            actions = self._choose(active)
            kept = self.playing[active]
            active, actions = active[kept], actions[kept]
            self.engine.step_games(active, actions)
            self.history[ply, active] = self.engine.headings[active]
            self.playing[active] = self.engine.outcomes[active] == Outcome.ONGOING
            ply += 1
            progress(int((~self.playing).sum()))
        return tuple(self._played(game) for game in range(len(self.plans)))

    def _choose(self, active: IntArray) -> UInt8Array:
        """Return uint8 ``(k, 2)`` for the ``active`` games; those forfeited now stop playing."""
        actions: UInt8Array = self.engine.headings[active].copy()
        asked = self.engine.masks[active].any(axis=2)
        riders = np.where(asked, self.riders[active], NOBODY)
        order = np.argsort(riders, axis=None, kind="stable")
        ends = np.searchsorted(riders.flat[order], np.arange(len(self.contestants) + 1))
        places: list[tuple[int, IntArray, IntArray]] = []
        for index, contestant in enumerate(self.contestants):
            rows, seats = np.divmod(order[ends[index] : ends[index + 1]], SEATS)
            if rows.size:
                if self.failed_calls[index] < MAX_FAILED_CALLS:
                    contestant.submit(self.engine, active[rows], seats)
                places.append((index, rows, seats))
        faults: list[_Fault] = []
        for index, rows, seats in places:
            if self.failed_calls[index] < MAX_FAILED_CALLS:
                try:
                    actions[rows, seats] = self.contestants[index].collect()
                except AgentError:
                    self.failed_calls[index] += 1
                else:
                    continue
            faults += self._choose_singly(index, active, rows, seats, actions)
        if faults:
            self._forfeit(faults)
        return actions

    def _choose_singly(
        self, index: int, active: IntArray, rows: IntArray, seats: IntArray, actions: UInt8Array
    ) -> list[_Fault]:
        """Fill in ``actions`` up to the fault that puts the contestant out; return the faults."""
        contestant = self.contestants[index]
        faults: list[_Fault] = []
        for row, seat in zip(rows, seats, strict=True):
            game = active[row : row + 1]
            contestant.submit(self.engine, game, np.array([seat], dtype=np.intp))
            try:
                actions[row, seat] = contestant.collect()[0]
            except AgentError as error:
                faults.append(_Fault(index, int(game[0]), int(seat), reason_for(error)))
                if self.faults[index] + len(faults) == MAX_FAULTS:
                    break
        return faults

    def _forfeit(self, faults: Sequence[_Fault]) -> None:
        """Forfeit the games of these faults, and all that contestants who are out have left."""
        for fault in faults:
            self.reasons[fault.game][fault.seat] = fault.reason
            self.faults[fault.contestant] += 1
        for index in {fault.contestant for fault in faults}:
            if self.faults[index] == MAX_FAULTS:
                unfinished = self.playing[:, None] & (self.riders == index)
                for game, seat in np.argwhere(unfinished).tolist():
                    self.reasons[game][seat] = (
                        self.reasons[game][seat] or f"not played after {MAX_FAULTS} faults"
                    )
        for game in np.flatnonzero(self.playing).tolist():
            self.playing[game] = self.reasons[game] == [None, None]

    def _played(self, game: int) -> PlayedGame:
        engine, plan = self.engine, self.plans[game]
        outcome = Outcome(engine.outcomes[game])
        ending = Ending.RULES
        first, second = self.reasons[game]
        if first or second:
            ending = Ending.FORFEIT
            outcome = Outcome.SECOND_WINS if first else Outcome.FIRST_WINS
            if first and second:
                outcome = Outcome.DRAW
        replay = Replay(
            ruleset=engine.ruleset,
            seed=plan.seed,
            spawns=(self._spawn(game, Seat.FIRST), self._spawn(game, Seat.SECOND)),
            actions=self.history[: engine.plies[game], game],
            outcome=outcome,
            causes=(DeathCause(engine.causes[game, 0]), DeathCause(engine.causes[game, 1])),
            ending=ending,
            models=(
                self.contestants[plan.riders[0]].prefix,
                self.contestants[plan.riders[1]].prefix,
            ),
        )
        return PlayedGame(replay, (first, second))

    def _spawn(self, game: int, seat: Seat) -> Spawn:
        row, col = self.start_heads[game, seat].tolist()
        return Spawn(row, col, Action(self.start_headings[game, seat]))


def _ignore(_games_over: int) -> None:
    """Show no progress."""
