"""BatchEngine as a Stable-Baselines3 ``VecEnv``: one seat of each game learns.

Opponents are asked in batch through the ``Agent`` protocol, each for all of its games at once, so a
step of 64 games costs one engine step and one call an opponent, not 64 Python environments.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from agents.train.errors import TrainingConfigError
from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    BoolArray,
    DeathCause,
    Float32Array,
    IntArray,
    Outcome,
    Seat,
    SeedArray,
    UInt8Array,
)

SECOND: Final = np.intp(Seat.SECOND)


class TronVecEnv(VecEnv):
    """``n`` games that start again by themselves.

    Observations are the learner's five planes, ``(n, 5, height, width)`` of 0 and 1, uint8 (four
    times smaller in a rollout buffer) or float32. Set ``normalize_images=False`` in the policy.
    Rewards are +1 for a win, -1 for a loss, 0 for a draw, plus ``survival_bonus`` for each ply
    survived. Actions are raw: one outside the mask is played, as the rules have it.

    A step that ends game ``i`` returns the first observation of the next game, and in ``infos[i]``:
    ``terminal_observation``, ``TimeLimit.truncated``, ``episode`` (return ``r``, plies ``l``),
    ``outcome`` (``Outcome``), ``seat`` (the learner's), ``cause`` (of the learner's death) and
    ``opponent`` (its name).

    Attributes:
        engine: the games; read only.
        seats: ``(n,)`` the learner's seat in each game.
    """

    def __init__(
        self,
        n: int,
        opponents: Sequence[Agent],
        *,
        weights: Sequence[float] | None = None,
        ruleset: Ruleset = ARENA,
        seat: Seat | None = None,
        survival_bonus: float = 0.0,
        dtype: type[np.uint8] | type[np.float32] = np.uint8,
        seed: int | None = None,
    ) -> None:
        """Prepare ``n`` games.

        Args:
            n: games.
            opponents: one is drawn for each new game.
            weights: their shares, evenly by default.
            ruleset: board, start and limit.
            seat: the learner's seat; drawn for each game when None.
            survival_bonus: reward for a ply survived.
            dtype: of the observations.
            seed: of starts, seats and opponents drawn; from the system when None.

        Raises:
            TrainingConfigError: there is no opponent, or the weights do not fit.
            RulesetError: ``n`` is below 1.
        """
        self.engine = BatchEngine(ruleset, n)
        self.seats: IntArray = np.zeros(n, dtype=np.intp)
        self._dtype = dtype
        self._seat = seat
        self._survival_bonus = survival_bonus
        self._games: IntArray = np.arange(n, dtype=np.intp)
        self._generator = np.random.default_rng(seed)
        self._opponents: list[Agent] = []
        self._shares: NDArray[np.float64] = np.zeros(0)
        self._opponent_of: IntArray = np.zeros(n, dtype=np.intp)
        self._actions: UInt8Array = np.zeros((n, SEATS), dtype=np.uint8)
        self._returns: NDArray[np.float64] = np.zeros(n)
        self.set_opponents(opponents, weights)
        shape = (PLANES, ruleset.height, ruleset.width)
        super().__init__(n, spaces.Box(0, 1, shape, dtype), spaces.Discrete(ACTIONS))

    def set_opponents(
        self, opponents: Sequence[Agent], weights: Sequence[float] | None = None
    ) -> None:
        """Change whom new games are played against; running games keep their opponent.

        Raises:
            TrainingConfigError: there is no opponent, or the weights do not fit.
        """
        shares = np.ones(len(opponents)) if weights is None else np.asarray(weights, np.float64)
        if not opponents or shares.shape != (len(opponents),):
            raise TrainingConfigError(
                f"{len(opponents)} opponents with weights {weights}; "
                "there must be at least one opponent, and one weight each"
            )
        if not np.isfinite(shares).all() or shares.min() < 0 or shares.sum() <= 0:
            raise TrainingConfigError(
                f"weights are {weights}; allowed are numbers from 0 up, not all 0"
            )
        playing = [self._opponents[k] for k in self._opponent_of] if self._opponents else []
        pool = list(opponents)
        for agent in playing:
            if not any(agent is known for known in pool):
                pool.append(agent)
        place = {id(agent): k for k, agent in enumerate(pool)}
        self._opponents = pool
        self._shares = np.zeros(len(pool))
        self._shares[: len(opponents)] = shares / shares.sum()
        if playing:
            self._opponent_of = np.array([place[id(agent)] for agent in playing], dtype=np.intp)

    def reset(self) -> UInt8Array | Float32Array:
        """Start all games afresh and return the first observations."""
        if self._seeds[0] is not None:
            self._generator = np.random.default_rng(self._seeds[0])
        self._reset_seeds()
        self._reset_options()
        self._start(self._games)
        return self._observe(self._games)

    def step_async(self, actions: NDArray[np.integer[Any]]) -> None:
        """Take the learner's actions, integers ``(n,)``, and ask the opponents for theirs."""
        self._actions[self._games, self.seats] = np.asarray(actions).reshape(-1)
        others = 1 - self.seats
        for k, agent in enumerate(self._opponents):
            games = np.flatnonzero(self._opponent_of == k)
            if games.size:
                seats = others[games]
                self._actions[games, seats] = agent.act(self.engine, games, seats)

    def step_wait(self) -> VecEnvStepReturn:
        """Play the ply, start ended games again, and return what the learner sees."""
        engine = self.engine
        engine.step(self._actions)
        outcomes = engine.outcomes
        won = outcomes == np.where(self.seats == SECOND, Outcome.SECOND_WINS, Outcome.FIRST_WINS)
        lost = outcomes == np.where(self.seats == SECOND, Outcome.FIRST_WINS, Outcome.SECOND_WINS)
        alive = engine.causes[self._games, self.seats] == DeathCause.NONE
        rewards = (won.astype(np.float32) - lost + np.float32(self._survival_bonus) * alive).astype(
            np.float32
        )
        self._returns += rewards
        dones = outcomes != Outcome.ONGOING
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = np.flatnonzero(dones)
        if ended.size:
            for i, last in zip(ended.tolist(), self._observe(ended), strict=True):
                infos[i] = self._ending(i, last)
            self._start(ended)
        return self._observe(self._games), rewards, dones, infos

    def action_masks(self) -> BoolArray:
        """Return the learner's accepted actions, bool ``(n, 4)``; a row may be all False."""
        masks: BoolArray = self.engine.masks[self._games, self.seats]
        return masks

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute once for each game; ``render_mode`` is None.

        Raises:
            AttributeError: there is no such attribute.
        """
        value = None if attr_name == "render_mode" else getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        """Refuse: games have no attributes of their own.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"games of a TronVecEnv share their attributes; {attr_name} is fixed")

    def env_method(
        self, method_name: str, *method_args: object, indices: VecEnvIndices = None, **_: object
    ) -> list[Any]:
        """Call ``action_masks``, the one method of a single game, for each game.

        Raises:
            AttributeError: another method is asked for.
        """
        if method_name != "action_masks":
            raise AttributeError(f"games of a TronVecEnv have no method {method_name}")
        return list(self.action_masks()[list(self._get_indices(indices))])

    def env_is_wrapped(self, wrapper_class: type, indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each game: nothing is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def _start(self, games: IntArray) -> None:
        draw = self._generator
        k = games.shape[0]
        seeds: SeedArray = draw.integers(0, 2**64, size=(k,), dtype=np.uint64)
        self.engine.reset(games, seeds)
        self.seats[games] = draw.integers(0, SEATS, size=k) if self._seat is None else self._seat
        self._opponent_of[games] = draw.choice(self._shares.shape[0], size=k, p=self._shares)
        self._returns[games] = 0.0

    def _observe(self, games: IntArray) -> UInt8Array | Float32Array:
        if self._dtype is np.uint8:
            planes: UInt8Array = self.engine.planes[games, self.seats[games]]
            return planes
        out = np.empty((games.shape[0], *self.engine.planes.shape[2:]), dtype=np.float32)
        self.engine.gather(games, self.seats[games], out)
        return out

    def _ending(self, i: int, last: UInt8Array | Float32Array) -> dict[str, Any]:
        engine = self.engine
        seat = Seat(int(self.seats[i]))
        outcome = Outcome(engine.outcomes[i])
        return {
            "terminal_observation": last,
            "TimeLimit.truncated": outcome is Outcome.TRUNCATED,
            "episode": {"r": float(self._returns[i]), "l": int(engine.plies[i])},
            "outcome": outcome,
            "seat": seat,
            "cause": DeathCause(engine.causes[i, seat]),
            "opponent": self._opponents[self._opponent_of[i]].name,
        }
