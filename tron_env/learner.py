"""The core of the vector faces: many games that start again, one seat of each learning.

Opponents are asked in batch, each for all of its games at once. What a game holds (its start, the
learner's seat, the opponent) follows from its own seed, and that from the game before, so that
every face plays the same games on the same seed, whatever the number of games.
"""

from dataclasses import dataclass
from typing import Any, Final

import gymnasium
import numpy as np
from numpy.typing import NDArray

from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError
from tron_env.opponents import OpponentMix, Opponents, draw_riders
from tron_env.options import (
    Dtype,
    Observation,
    OutsideMask,
    SeatChoice,
    checked_seat,
    chosen_rewards,
    chosen_ruleset,
    is_replacing,
    observation_space,
)
from tron_env.rewards import Rewards
from tron_env.riding import fit_actions
from tron_env.ruleset import Ruleset
from tron_env.starts import Start
from tron_env.types import (
    ACTIONS,
    SEATS,
    BoolArray,
    Float32Array,
    IntArray,
    Outcome,
    SeedArray,
    UInt8Array,
)

ANYWHERE: Final = Start()


@dataclass(frozen=True, slots=True)
class Ended:
    """The games that one ply ended, row k of each array being the k-th of them."""

    games: IntArray
    """``(k,)``, in order."""
    observations: Observation
    """``(k, 5, height, width)``, the learner's last."""
    masks: BoolArray
    """``(k, 4)``, the learner's last."""
    seats: IntArray
    """``(k,)``, the learner's."""
    causes: UInt8Array
    """``(k,)``, ``DeathCause`` of the learner."""
    outcomes: UInt8Array
    """``(k,)``, ``Outcome``."""
    returns: NDArray[np.float64]
    """``(k,)``, the sum of rewards."""
    plies: NDArray[np.int32]
    """``(k,)``."""
    opponents: tuple[str, ...]
    """k names."""


class LearnerGames:
    """``n`` games, in each of which one seat is played from outside.

    Attributes:
        engine: the games; read only.
        opponents: who may ride the other seats.
        seats: ``(n,)``, the learner's in each game.
        rewards: float32 ``(n,)``, what the last ply paid the learner.
        space: of one observation.
    """

    def __init__(
        self,
        n: int,
        opponent: Opponents,
        *,
        seat: SeatChoice,
        ruleset: str | Ruleset,
        rewards: str | Rewards,
        outside_mask: OutsideMask,
        dtype: Dtype,
    ) -> None:
        """Prepare ``n`` games; the arguments are those of ``TronEnv``.

        Raises:
            AgentSpecError: an opponent's SPEC names no installed agent.
            RulesetError: there is no such ruleset, or ``n`` is below 1.
            OptionError: another argument is not one of those allowed.
        """
        board = chosen_ruleset(ruleset)
        self.engine = BatchEngine(board, n)
        self.opponents = OpponentMix(opponent)
        self.space = observation_space(board, dtype)
        self.seats: IntArray = np.zeros(n, dtype=np.intp)
        self.rewards: Float32Array = np.zeros(n, dtype=np.float32)
        self.started = False
        self._fixed_seat = checked_seat(seat)
        self._replaces = is_replacing(outside_mask)
        self._table = chosen_rewards(rewards)
        self._games: IntArray = np.arange(n, dtype=np.intp)
        self._opponent_of: IntArray = np.zeros(n, dtype=np.intp)
        self._actions: UInt8Array = np.zeros((n, SEATS), dtype=np.uint8)
        self._returns: NDArray[np.float64] = np.zeros(n)

    def change_opponents(self, opponents: Opponents) -> None:
        """Draw the opponents of new games from ``opponents``; running games keep theirs.

        Raises:
            AgentSpecError: a SPEC names no installed agent.
            OptionError: there is no opponent, or a weight is out of range.
        """
        self._opponent_of = self.opponents.change(opponents, self._opponent_of)

    def start(self, games: IntArray, seeds: SeedArray, place: Start = ANYWHERE) -> None:
        """Start ``games`` afresh, each named by its seed, at the ``place`` asked for.

        Raises:
            RulesetError: the place does not fit the ruleset.
        """
        if not place.is_placed:
            self.engine.reset(games, seeds)
        else:
            for game, seed in zip(games.tolist(), seeds.tolist(), strict=True):
                place.place(self.engine, game, seed)
        self._begin(games)
        if place.seat is not None:
            self.seats[games] = place.seat
        self.started = True

    def choose(self, actions: NDArray[np.integer[Any]]) -> None:
        """Take the learner's actions, integers ``(n,)``, and ask the opponents for theirs.

        Raises:
            InvalidActionError: they are not n integers from 0 to 3.
            gymnasium.error.ResetNeeded: there are no games yet.
        """
        if not self.started:
            raise gymnasium.error.ResetNeeded("call reset before step")
        given = np.asarray(actions)
        n = self.engine.n
        if (
            given.shape != (n,)
            or given.dtype.kind not in "iu"
            or not 0 <= given.min() <= given.max() < ACTIONS
        ):
            raise InvalidActionError(
                f"actions are {given.dtype} {given.shape}; expected integers ({n},) from 0 to 3"
            )
        self._actions[self._games, self.seats] = given
        if self._replaces:
            fit_actions(*self.engine.where, self._games, self.seats, self._actions)
        others = 1 - self.seats
        if len(self.opponents.agents) == 1:
            chosen = self.opponents.agents[0].act(self.engine, self._games, others)
            self._actions[self._games, others] = chosen
            return
        for k, agent in enumerate(self.opponents.agents):
            games = np.flatnonzero(self._opponent_of == k)
            if games.size:
                seats = others[games]
                self._actions[games, seats] = agent.act(self.engine, games, seats)

    def play(self) -> Ended | None:
        """Play the chosen actions; games that end are followed by their next ones at once."""
        engine, rewards = self.engine, self.rewards
        games = engine.step_restarting(self._actions)
        # Where a game has just begun anew both live, as where one goes on.
        rewards[:] = self._table[Outcome.ONGOING, 0, 0, 0]
        if not games.size:
            self._returns += rewards
            return None
        k = games.size
        last, seats = engine.last, self.seats[games]
        causes = last.causes[:k]
        rewards[games] = self._table[last.outcomes[:k], causes[:, 0], causes[:, 1], seats]
        self._returns += rewards
        rows = np.arange(k)
        agents = self.opponents.agents
        ended = Ended(
            games.copy(),
            last.planes[rows, seats].astype(self.space.dtype, copy=False),
            last.masks[rows, seats],
            seats,
            causes[rows, seats],
            last.outcomes[:k].copy(),
            self._returns[games],
            last.plies[:k].copy(),
            tuple(agents[place].name for place in self._opponent_of[games].tolist()),
        )
        self._begin(ended.games)
        return ended

    def observe(self) -> Observation:
        """Return the learner's observations, ``(n, 5, height, width)``, the caller's to keep."""
        shape = (self.engine.n, *self.engine.planes.shape[2:])
        out: Observation = np.empty(shape, dtype=self.space.dtype)
        self.engine.gather(self._games, self.seats, out)
        return out

    def action_masks(self) -> BoolArray:
        """Return the learner's accepted actions, bool ``(n, 4)``; a row may be all False."""
        masks: BoolArray = self.engine.masks[self._games, self.seats]
        return masks

    def _begin(self, games: IntArray) -> None:
        """Draw seats and opponents of games that have just been started."""
        seats, lots = draw_riders(self.engine.seeds[games])
        self.seats[games] = seats if self._fixed_seat is None else self._fixed_seat
        self._opponent_of[games] = self.opponents.pick(lots)
        self._returns[games] = 0.0
