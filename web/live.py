"""All live games as one state machine, driven by a clock that somebody else holds.

Time is counted in slots of 1/280 s, the finest grid on which 8, 10 and 14 plies a second all fall.
A game is given a phase of its speed's period and keeps it (``web.phases``). At a phase's slot its
games advance together, and each model is asked once for all of their positions; the answer is due
one period later. ``beat`` must be called for every slot, in order.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset
from tron_env.types import (
    Action,
    BoolArray,
    DeathCause,
    IntArray,
    Outcome,
    Seat,
    UInt8Array,
)
from web.echoes import Echoes
from web.errors import LiveError, Refusal, RefusedError
from web.live_types import (
    DEFAULT_COUNTDOWN_SLOTS,
    FREEZE_SLOTS,
    MAX_QUEUED_TURNS,
    NO_SLOTS,
    NO_TICKS,
    PERIODS,
    TICK_NUMBERS,
    Ask,
    Beat,
    FinishedGame,
    LiveEnding,
    Opening,
    Ticks,
)
from web.phases import Phases
from web.plies import FULL, QUEUED, queue_turn, take_actions, take_sayings, tell_plies


class LiveGames:
    """Up to ``capacity`` games of people against models in one batch engine.

    Not thread-safe: one thread drives it.

    Args:
        ruleset: of every game.
        capacity: games at once.
        countdown_slots: least time from opening, or from coming back, to the next ply.
        freeze_slots: how long a frozen game waits before it counts as abandoned.

    Attributes:
        engine: holds the boards, each game's in a slot of its own.
        games: int64 ``(capacity,)``, the number of the game in each slot, 0 in a free one.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        capacity: int,
        countdown_slots: int = DEFAULT_COUNTDOWN_SLOTS,
        freeze_slots: int = FREEZE_SLOTS,
    ) -> None:
        if countdown_slots < max(PERIODS.values()):
            raise LiveError(f"a countdown of {countdown_slots} slots leaves no time for an answer")
        self.ruleset = ruleset
        self.engine = BatchEngine(ruleset, capacity)
        self._countdown = countdown_slots
        self._freeze = freeze_slots
        self._now = -1
        self._free = list(range(capacity - 1, -1, -1))
        self._slot_of: dict[int, int] = {}
        self._openings: list[Opening | None] = [None] * capacity
        self._phases = Phases(capacity)
        self._frozen: dict[int, int] = {}
        """Slots of frozen games, and when their time is up."""
        self._was_frozen: BoolArray = np.zeros(capacity, dtype=np.bool_)
        self._went_on: BoolArray = np.zeros(capacity, dtype=np.bool_)
        self._models: list[str] = []
        self._model_of: IntArray = np.zeros(capacity, dtype=np.intp)
        self.games: NDArray[np.int64] = np.zeros(capacity, dtype=np.int64)
        self._seats: IntArray = np.zeros(capacity, dtype=np.intp)
        self._begins: NDArray[np.int64] = np.zeros(capacity, dtype=np.int64)
        self._periods: NDArray[np.int64] = np.zeros(capacity, dtype=np.int64)
        self._queues: UInt8Array = np.zeros((capacity, MAX_QUEUED_TURNS), dtype=np.uint8)
        self._queued: IntArray = np.zeros(capacity, dtype=np.intp)
        self._answers: UInt8Array = np.zeros(capacity, dtype=np.uint8)
        self._answered: BoolArray = np.zeros(capacity, dtype=np.bool_)
        self._late: BoolArray = np.zeros(capacity, dtype=np.bool_)
        self._said: IntArray = np.zeros(capacity, dtype=np.intp)
        self._turning: Final = (self._seats, self.engine.headings, self._queues, self._queued)
        self._log: UInt8Array = np.zeros((capacity, ruleset.max_plies, 2), dtype=np.uint8)

    def __len__(self) -> int:
        """Return how many games are open."""
        return len(self._slot_of)

    def __contains__(self, game: int) -> bool:
        """Whether a game is open."""
        return game in self._slot_of

    def open(self, opening: Opening, together: int = 1) -> int:
        """Open a game and return how many slots from now its first ply is.

        Args:
            opening: what it starts from.
            together: how many games against its model should share a phase, and so a question.

        Raises:
            RefusedError: FULL, no slot of the engine is free; MALFORMED, the game would begin after
                its end.
            LiveError: the game is already open, or its speed is none of ``SPEEDS``.
        """
        if opening.game in self._slot_of or opening.speed not in PERIODS or opening.game < 1:
            raise LiveError(f"cannot open {opening}")
        if not self._free:
            raise RefusedError(Refusal.FULL, "seats_taken")
        slot = self._free.pop()
        if not self._replay(slot, opening):
            self._free.append(slot)
            raise RefusedError(Refusal.MALFORMED, "over_by_then")
        earliest = self._now + 1 + self._countdown
        self._phases.assign(slot, opening.speed, opening.model, earliest, together)
        self._slot_of[opening.game] = slot
        self._openings[slot] = opening
        if opening.model not in self._models:
            self._models.append(opening.model)
        self._model_of[slot] = self._models.index(opening.model)
        self.games[slot] = opening.game
        self._seats[slot] = opening.seat
        self._periods[slot] = PERIODS[opening.speed]
        self._queued[slot] = self._said[slot] = 0
        self._answered[slot] = self._late[slot] = False
        self._was_frozen[slot] = self._went_on[slot] = False
        return self._begin(slot)

    def freeze(self, game: int) -> bool:
        """Have a game stand still until ``thaw``, once; False where it has done so before.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        slot = self.slot(game)
        if self._was_frozen[slot]:
            return False
        self._was_frozen[slot] = True
        self._frozen[slot] = self._now + self._freeze
        self._queued[slot] = 0
        self._phases.leave(slot)
        return True

    def thaw(self, game: int) -> tuple[FinishedGame, int]:
        """Let a frozen game go on after a countdown.

        Returns:
            The game so far, and how many slots from now its next ply is.

        Raises:
            RefusedError: UNKNOWN_GAME, also where the game is not frozen.
        """
        slot = self.slot(game)
        if slot not in self._frozen:
            raise RefusedError(Refusal.UNKNOWN_GAME, "not_waiting", game=game)
        del self._frozen[slot]
        self._went_on[slot] = True
        self._late[slot] = False
        return self._record(slot, LiveEnding.ABANDONED, Outcome.ONGOING), self._begin(slot)

    def turn(self, game: int, action: Action) -> bool:
        """Queue a turn; return whether it will change anything.

        A turn that repeats or reverses the direction before it (of the last queued turn, else the
        present heading) asks for nothing and takes no place in the queue.

        Raises:
            RefusedError: UNKNOWN_GAME, or QUEUE_FULL with two turns waiting.
        """
        slot = self.slot(game)
        queued = queue_turn(slot, int(action), *self._turning)
        if queued == FULL:
            raise RefusedError(Refusal.QUEUE_FULL, "two_turns")
        return queued == QUEUED

    def hear(
        self,
        sayings: NDArray[np.int64],
        slots: NDArray[np.int32],
        echoes: Echoes,
        now: float,
    ) -> NDArray[np.int64]:
        """Take turns, and for ``echoes`` answers to ticks; return what came of each, ``(n,)``.

        All as ``web.plies.take_sayings`` says.
        """
        outcome = np.empty(len(sayings), dtype=np.int64)
        take_sayings(
            sayings, slots, self.games, self._said, *self._turning, *echoes.state, now, outcome
        )
        return outcome

    def peek(self, game: int) -> FinishedGame:
        """Return a running game as it would be recorded if it were abandoned now.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        return self._record(self.slot(game), LiveEnding.ABANDONED, Outcome.ONGOING)

    def leave(self, game: int) -> FinishedGame:
        """Abandon a game; return its record.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        return self._finish(self.slot(game), LiveEnding.ABANDONED, Outcome.ONGOING)

    def shut(self, game: int) -> FinishedGame:
        """End a game because the site ends; return its record.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        return self._finish(self.slot(game), LiveEnding.CLOSED, Outcome.ONGOING)

    def answer(
        self, ask: Ask, actions: UInt8Array, faulty: BoolArray | None = None
    ) -> list[FinishedGame]:
        """Take a model's answer; rows whose game has ended or moved on since are dropped.

        Args:
            ask: what was asked.
            actions: uint8 ``(k,)``.
            faulty: bool ``(k,)``, rows in which the model gave no valid logits; it forfeits those.

        Returns:
            The forfeited games.
        """
        current = self._is_current(ask)
        fine = current if faulty is None else current & ~faulty
        self._answers[ask.slots[fine]] = actions[fine]
        self._answered[ask.slots[fine]] = True
        forfeited = ask.slots[current & ~fine].tolist()
        return [
            self._finish(
                slot,
                LiveEnding.FORFEIT,
                Outcome.FIRST_WINS if self._seats[slot] == Seat.FIRST else Outcome.SECOND_WINS,
            )
            for slot in forfeited
        ]

    def fail(self, ask: Ask) -> list[FinishedGame]:
        """Void the games of a question that will never be answered."""
        lost = ask.slots[self._is_current(ask)].tolist()
        return [self._finish(slot, LiveEnding.VOID, Outcome.ONGOING) for slot in lost]

    def beat(self, slot: int) -> Beat:
        """Advance the games whose phase falls on ``slot``, and ask for the next answers.

        A game without its answer stands still for one period; the second time it is void.

        Raises:
            LiveError: ``slot`` is not the one after the last.
        """
        if self._now >= 0 and slot != self._now + 1:
            raise LiveError(f"slot {slot} does not follow {self._now}")
        self._now = slot
        expired = [
            self._finish(frozen, LiveEnding.ABANDONED, Outcome.ONGOING)
            for frozen in [frozen for frozen, until in self._frozen.items() if until <= slot]
        ]
        due = self._phases.due(slot)
        if not due:
            return Beat(NO_TICKS, NO_SLOTS, expired, [])
        members = np.array(due, dtype=np.intp)
        playing = members[self._begins[members] <= slot]
        answered = playing[self._answered[playing]]
        waiting = playing[~self._answered[playing]]
        ticks, finished, alive = self._play(answered)
        finished += [
            self._finish(lost, LiveEnding.VOID, Outcome.ONGOING)
            for lost in waiting[self._late[waiting]].tolist()
        ]
        self._late[waiting] = True
        starting = members[self._begins[members] == slot + self._periods[members]]
        asks = self._asks(np.concatenate([alive, starting]))
        return Beat(ticks, answered, expired + finished, asks)

    def _replay(self, slot: int, opening: Opening) -> bool:
        """Set up a game's start and what was played before; whether it still goes on."""
        only = np.array([slot], dtype=np.intp)
        self.engine.reset(only, np.array([opening.seed], dtype=np.uint64))
        for ply, actions in enumerate(opening.played if opening.prefix else ()):
            self.engine.step_games(only, actions[np.newaxis])
            self._log[slot, ply] = self.engine.headings[slot]
        return bool(self.engine.outcomes[slot] == Outcome.ONGOING)

    def _play(self, slots: IntArray) -> tuple[Ticks, list[FinishedGame], IntArray]:
        if not slots.size:
            return NO_TICKS, [], slots
        engine = self.engine
        actions = np.empty((slots.size, 2), dtype=np.uint8)
        take_actions(
            slots,
            self._seats,
            engine.headings,
            self._queues,
            self._queued,
            self._answers,
            self._answered,
            self._late,
            self._said,
            actions,
        )
        engine.step_games(slots, actions)
        ticks = np.empty((slots.size, TICK_NUMBERS), dtype=np.int64)
        tell_plies(slots, self.games, engine.plies, engine.heads, engine.headings, self._log, ticks)
        alive = engine.outcomes[slots] == Outcome.ONGOING
        finished = [
            self._finish(slot, LiveEnding.RULES, Outcome(engine.outcomes[slot]))
            for slot in slots[~alive].tolist()
        ]
        return ticks, finished, slots[alive]

    def _asks(self, slots: IntArray) -> list[Ask]:
        if not slots.size:
            return []
        models = self._model_of[slots]
        asks = []
        for model in np.unique(models):
            chosen = slots[models == model]
            asks.append(
                Ask(
                    model=self._models[model],
                    slots=chosen,
                    seats=1 - self._seats[chosen],
                    games=self.games[chosen],
                    plies=self.engine.plies[chosen],
                )
            )
        return asks

    def _is_current(self, ask: Ask) -> BoolArray:
        same_game = self.games[ask.slots] == ask.games
        current: BoolArray = (
            same_game & (self.engine.plies[ask.slots] == ask.plies) & ~self._answered[ask.slots]
        )
        return current

    def slot(self, game: int) -> int:
        """Return where a game is in the engine, and in all that goes by slot.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        try:
            return self._slot_of[game]
        except KeyError:
            raise RefusedError(Refusal.UNKNOWN_GAME, "not_running", game=game) from None

    def _begin(self, slot: int) -> int:
        """Enter a game into its phase after a countdown; return how many slots that takes."""
        self._begins[slot] = self._phases.enter(slot, self._now + 1 + self._countdown)
        return int(self._begins[slot]) - self._now

    def _finish(self, slot: int, ending: LiveEnding, outcome: Outcome) -> FinishedGame:
        record = self._record(slot, ending, outcome)
        if self._frozen.pop(slot, None) is None:
            self._phases.leave(slot)
        del self._slot_of[record.opening.game]
        self._openings[slot] = None
        self.games[slot] = 0
        self._free.append(slot)
        return record

    def _record(self, slot: int, ending: LiveEnding, outcome: Outcome) -> FinishedGame:
        opening = self._openings[slot]
        if opening is None:
            raise LiveError(f"slot {slot} holds no game")
        return FinishedGame(
            opening=opening,
            actions=self._log[slot, : self.engine.plies[slot]].copy(),
            outcome=outcome,
            causes=(
                DeathCause(self.engine.causes[slot, 0]),
                DeathCause(self.engine.causes[slot, 1]),
            ),
            ending=ending,
            frozen=bool(self._went_on[slot]),
        )
