"""The Gymnasium vector face: many games stepped together, over the batch engine."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from tron_env.errors import OptionError
from tron_env.learner import Ended, LearnerGames
from tron_env.opponents import Opponents
from tron_env.options import Dtype, Observation, OutsideMask, SeatChoice, first_seed, next_seed
from tron_env.render import render_rgb
from tron_env.rewards import Rewards
from tron_env.ruleset import Ruleset
from tron_env.starts import read_options
from tron_env.types import (
    ACTIONS,
    BoolArray,
    Float32Array,
    IntArray,
    Outcome,
    Seat,
    SeedArray,
    UInt8Array,
)


class TronVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """``num_envs`` games of ``TronEnv`` at once; ``gymnasium.make_vec`` gives it for ``Tron-v0``.

    Actions, observations, starts, rewards and endings are those of ``TronEnv``; game ``i`` of a
    reset with seed ``s`` is the game, and then the games, of ``TronEnv`` with seed ``s + i``.

    A game that ends is followed by the next one in the same step (``AutoresetMode.SAME_STEP``):
    the step returns the first observation of the new game with the reward and ending of the old
    one, and keeps the last observation in ``infos``.

    ## Infos
    ``action_mask`` int8 ``(n, 4)`` and ``seat`` int64 ``(n,)``, of the games as they stand after
    the step. Where games ended, also, each with its ``_``-mask as Gymnasium has it:
    ``final_obs``, object ``(n,)``, the last observation of each that ended, and ``final_info``, a
    dict of arrays ``(n, ...)``: ``action_mask``, ``seat``, ``cause`` (``DeathCause``), ``winner``
    (0, 1, or -1 for a draw), ``opponent`` (its name), ``episode`` (``r`` return, ``l`` plies).

    Attributes:
        games: the core, with the engine; read only.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": ["rgb_array"]}

    def __init__(
        self,
        num_envs: int = 1,
        opponent: Opponents = "random",
        seat: SeatChoice = "random",
        ruleset: str | Ruleset = "arena",
        rewards: str | Rewards = "zero-sum",
        outside_mask: OutsideMask = "die",
        dtype: Dtype = np.float32,
        render_mode: str | None = None,
    ) -> None:
        """Prepare the games; the arguments are those of ``TronEnv``.

        Raises:
            AgentSpecError: an opponent's SPEC names no installed agent.
            RulesetError: there is no such ruleset, or ``num_envs`` is below 1.
            OptionError: another argument is not one of those allowed.
        """
        if render_mode not in (None, "rgb_array"):
            raise gymnasium.error.UnsupportedMode(
                f"render_mode is {render_mode!r}; allowed is rgb_array"
            )
        self.render_mode = render_mode
        self.games = LearnerGames(
            num_envs,
            opponent,
            seat=seat,
            ruleset=ruleset,
            rewards=rewards,
            outside_mask=outside_mask,
            dtype=dtype,
        )
        self.num_envs = num_envs
        self.single_observation_space = self.games.space
        self.single_action_space = spaces.Discrete(ACTIONS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._all: IntArray = np.arange(num_envs, dtype=np.intp)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Start games; ``seed`` names them, one number for each or the first of consecutive ones.

        ``options`` are those of ``TronEnv.reset``, alike for all games that are started, and
        ``reset_mask``, bool ``(n,)``, which these are: all by default. Without a seed a game is
        followed by its next one.

        Raises:
            RulesetError: a place in ``options`` does not fit the ruleset.
            OptionError: ``options`` or seeds are malformed.
        """
        mask = options.get("reset_mask") if isinstance(options, Mapping) else None
        chosen = np.flatnonzero(self._reset_mask(mask))
        place = read_options(options, also=("reset_mask",))
        seeds = self._seeds(seed)
        self.games.start(chosen, seeds[chosen], place)
        return self.games.observe(), self._infos()

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observation, Float32Array, BoolArray, BoolArray, dict[str, Any]]:
        """Play one ply of every game.

        Args:
            actions: integers ``(n,)``, 0 to 3.

        Returns:
            Observations, rewards float32 ``(n,)``, terminations, truncations, infos; all of them
            the caller's to keep.

        Raises:
            InvalidActionError: ``actions`` are malformed.
            gymnasium.error.ResetNeeded: there are no games yet.
        """
        self.games.choose(actions)
        ended = self.games.play()
        terminations = np.zeros(self.num_envs, dtype=np.bool_)
        truncations = np.zeros(self.num_envs, dtype=np.bool_)
        infos = self._infos()
        if ended is not None:
            truncations[ended.games] = ended.outcomes == Outcome.TRUNCATED
            terminations[ended.games] = ended.outcomes != Outcome.TRUNCATED
            self._add_ended(infos, ended)
        return self.games.observe(), self.games.rewards.copy(), terminations, truncations, infos

    def action_masks(self) -> BoolArray:
        """Return the learner's accepted actions, bool ``(n, 4)``."""
        return self.games.action_masks()

    def set_opponents(self, opponents: Opponents) -> None:
        """Draw the opponents of new games from ``opponents``; running games keep theirs.

        Raises:
            AgentSpecError: a SPEC names no installed agent.
            OptionError: there is no opponent, or a weight is out of range.
        """
        self.games.change_opponents(opponents)

    def render(self) -> tuple[UInt8Array, ...] | None:
        """Return a frame of every game, uint8 ``(16 height, 16 width, 3)`` each."""
        if self.render_mode is None:
            return None
        return tuple(render_rgb(self.games.engine.state(i)) for i in range(self.num_envs))

    def _reset_mask(self, mask: object) -> BoolArray:
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        given = np.asarray(mask)
        if given.shape != (self.num_envs,) or given.dtype != np.bool_ or not given.any():
            raise OptionError(
                f"reset option 'reset_mask' is {given.dtype} {given.shape}; allowed are bool "
                f"({self.num_envs},) with at least one True"
            )
        if not (self.games.started or given.all()):
            raise OptionError("reset option 'reset_mask' must be all True at the first reset")
        return given

    def _seeds(self, seed: int | Sequence[int | None] | None) -> SeedArray:
        if isinstance(seed, int | np.integer):
            self._np_random, self._np_random_seed = seeding.np_random(int(seed))
            given: list[int | None] = [int(seed) + i for i in range(self.num_envs)]
        else:
            if not isinstance(seed, Sequence | np.ndarray | None):
                raise OptionError(f"seed is {seed!r}; allowed are whole numbers, one or a list")
            given = [None] * self.num_envs if seed is None else list(seed)
        if len(given) != self.num_envs:
            raise OptionError(f"there are {len(given)} seeds for {self.num_envs} games")
        return np.array(
            [self._seed_of(i, number) for i, number in enumerate(given)], dtype=np.uint64
        )

    def _seed_of(self, i: int, seed: int | None) -> np.uint64:
        if seed is not None:
            return first_seed(seeding.np_random(seed)[0])
        if self.games.started:
            return next_seed(self.games.engine, i)
        return first_seed(self.np_random)

    def _infos(self) -> dict[str, Any]:
        everywhere = np.ones(self.num_envs, dtype=np.bool_)
        return {
            "action_mask": self.games.action_masks().astype(np.int8),
            "_action_mask": everywhere,
            "seat": self.games.seats.copy(),
            "_seat": everywhere.copy(),
        }

    def _add_ended(self, infos: dict[str, Any], ended: Ended) -> None:
        where = np.zeros(self.num_envs, dtype=np.bool_)
        where[ended.games] = True
        final_obs = np.full(self.num_envs, None, dtype=object)
        opponents = np.full(self.num_envs, None, dtype=object)
        for game, observation, name in zip(
            ended.games.tolist(), ended.observations, ended.opponents, strict=True
        ):
            final_obs[game] = observation
            opponents[game] = name
        winners = np.full(len(ended.games), -1, dtype=np.int64)
        winners[ended.outcomes == Outcome.FIRST_WINS] = Seat.FIRST
        winners[ended.outcomes == Outcome.SECOND_WINS] = Seat.SECOND
        final_info: dict[str, Any] = {"opponent": opponents, "_opponent": where.copy()}
        for key, rows in (
            ("action_mask", ended.masks.astype(np.int8)),
            ("seat", ended.seats),
            ("cause", ended.causes),
            ("winner", winners),
        ):
            final_info[key] = self._spread(ended.games, rows)
            final_info[f"_{key}"] = where.copy()
        final_info["episode"] = {
            "r": self._spread(ended.games, ended.returns),
            "l": self._spread(ended.games, ended.plies),
            "_r": where.copy(),
            "_l": where.copy(),
        }
        final_info["_episode"] = where.copy()
        infos |= {
            "final_obs": final_obs,
            "_final_obs": where,
            "final_info": final_info,
            "_final_info": where.copy(),
        }

    def _spread(self, games: IntArray, rows: NDArray[Any]) -> NDArray[Any]:
        """Put one row for each of ``games`` into an array for all of them, 0 elsewhere."""
        spread = np.zeros((self.num_envs, *rows.shape[1:]), dtype=rows.dtype)
        spread[games] = rows
        return spread
