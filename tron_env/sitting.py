"""Playing against an agent at one's desk, without a screen: phases, steering, clock and score.

``tron play`` draws it and feeds it keys. Time comes in as seconds passed, so that tests and slow
machines play the same game.
"""

from concurrent.futures import Executor, Future
from enum import StrEnum
from typing import Final

import numpy as np

from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset
from tron_env.trails import TrailLog, Trails
from tron_env.types import SEATS, Action, Cell, DeathCause, GameState, Outcome, Seat, UInt8Array

SPEEDS: Final = (5, 8, 10, 14, 20)
"""Plies a second."""
DEFAULT_SPEED: Final = 10
COUNTDOWN_SECONDS: Final = 1.5
QUEUED_TURNS: Final = 2


class Phase(StrEnum):
    """What the sitting is doing."""

    COUNTDOWN = "countdown"
    RIDING = "riding"
    PAUSED = "paused"
    OVER = "over"


class Sitting:
    """One person against one agent, game after game.

    Attributes:
        opponent: the agent.
        phase: what is going on.
        seat: the person's; always the one that starts lower on the board.
        speed: plies a second.
        score: games the person won, drew and lost.
        countdown: seconds until the game begins; at 0 it waits for the opponent's first choice.
        since_over: seconds since it ended.
    """

    def __init__(
        self,
        opponent: Agent,
        ruleset: Ruleset,
        generator: np.random.Generator,
        thinker: Executor,
        speed: int = DEFAULT_SPEED,
    ) -> None:
        """Prepare the first game.

        Args:
            opponent: whom to ride against.
            ruleset: the board.
            generator: of the starts.
            thinker: where the opponent chooses, while the person does.
            speed: plies a second.
        """
        self.opponent = opponent
        self.speed = speed
        self.score = [0, 0, 0]
        self._engine = BatchEngine(ruleset, 1)
        self._generator = generator
        self._thinker = thinker
        self._log = TrailLog()
        self._game = np.zeros(1, dtype=np.intp)
        self.rematch()

    def rematch(self) -> None:
        """Start another game, with its countdown."""
        self.phase = Phase.COUNTDOWN
        self.countdown = COUNTDOWN_SECONDS
        self.since_over = 0.0
        self._engine.reset(self._game, self._generator.integers(2**64, size=1, dtype=np.uint64))
        self.state: GameState = self._engine.state(0)
        self.before: tuple[Cell, Cell] = self.state.heads
        self._log.start(self.state)
        first, second = self.state.heads
        self.seat = Seat.FIRST if (first.row, -first.col) > (second.row, -second.col) else Seat(1)
        self._turns: list[Action] = []
        self._elapsed = 0.0
        self._choice: Future[UInt8Array] | None = None
        # Asked before the countdown ends: some need a while the first time.
        self._ask()

    def steer(self, action: Action) -> None:
        """Turn on the next ply, or after the turns that wait already; two may wait."""
        last = self._turns[-1] if self._turns else self.state.headings[self.seat]
        if len(self._turns) < QUEUED_TURNS and action not in (last, last.reverse):
            self._turns.append(action)

    def toggle_pause(self) -> None:
        """Stop the clock, or let it go on."""
        if self.phase is Phase.RIDING:
            self.phase = Phase.PAUSED
        elif self.phase is Phase.PAUSED:
            self.phase = Phase.RIDING

    def change_speed(self, steps: int) -> None:
        """Go up or down the list of speeds."""
        place = min(range(len(SPEEDS)), key=lambda k: abs(SPEEDS[k] - self.speed))
        self.speed = SPEEDS[min(max(place + steps, 0), len(SPEEDS) - 1)]

    def advance(self, seconds: float) -> None:
        """Let time pass.

        An opponent that has not chosen yet holds the game up; it never goes straight on for that.

        Raises:
            TronArenaError: the opponent failed.
        """
        if self.phase is Phase.COUNTDOWN:
            self.countdown = max(0.0, self.countdown - seconds)
            if self.countdown > 0 or not (self._choice and self._choice.done()):
                return
            self.phase, seconds = Phase.RIDING, 0.0
        if self.phase is Phase.OVER:
            self.since_over += seconds
        if self.phase is not Phase.RIDING:
            return
        self._elapsed += seconds
        while self._elapsed * self.speed >= 1 and self._choice is not None:
            if not self._choice.done():
                self._elapsed = 1 / self.speed
                return
            self._elapsed -= 1 / self.speed
            self._ply(self._choice.result())

    @property
    def is_waiting(self) -> bool:
        """Whether the countdown is over and the game begins with the opponent's first choice."""
        return self.phase is Phase.COUNTDOWN and not self.countdown

    @property
    def progress(self) -> float:
        """How far between the last ply and the next one the clock is, 0 to 1."""
        return min(1.0, self._elapsed * self.speed) if self._choice is not None else 1.0

    @property
    def trails(self) -> Trails | None:
        """Each seat's cells in the order ridden."""
        return self._log.trails()

    @property
    def result(self) -> tuple[str, str]:
        """The finished game in two words and in a sentence."""
        outcome, plies = self.state.outcome, self.state.ply
        name = self.opponent.name
        if outcome.winner is self.seat:
            fate = _fate(name, "its", "your", self.state.causes[self.seat.other])
            return "You won", f"{fate} after {plies} plies"
        if outcome.winner is self.seat.other:
            fate = _fate("You", "your", f"{name}'s", self.state.causes[self.seat])
            return f"{name} won", f"{fate} after {plies} plies"
        return "A draw", f"after {plies} plies"

    def _ask(self) -> None:
        seats = np.array([self.seat.other], dtype=np.intp)
        self._choice = self._thinker.submit(self.opponent.act, self._engine, self._game, seats)

    def _ply(self, chosen: UInt8Array) -> None:
        actions = np.zeros((1, SEATS), dtype=np.uint8)
        actions[0, self.seat] = self._turns.pop(0) if self._turns else self._heading()
        actions[0, self.seat.other] = chosen[0]
        self._engine.step(actions)
        self.before, self.state = self.state.heads, self._engine.state(0)
        self._log.note(self.state.heads)
        if self.state.outcome is Outcome.ONGOING:
            self._ask()
            return
        self.phase, self._choice = Phase.OVER, None
        winner = self.state.outcome.winner
        self.score[1 if winner is None else 0 if winner is self.seat else 2] += 1

    def _heading(self) -> Action:
        return self.state.headings[self.seat]


def _fate(who: str, own: str, others: str, cause: DeathCause) -> str:
    """Say how a rider died.

    >>> _fate("You", "your", "voronoi's", DeathCause.SELF)
    'You rode into your own trail'
    """
    if cause is DeathCause.WALL:
        return f"{who} rode into the wall"
    return (
        f"{who} rode into {own} own trail"
        if cause is DeathCause.SELF
        else (f"{who} rode into {others} trail")
    )
