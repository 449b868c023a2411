"""``TronVecEnv``: the batch core of the environment faces as a Stable-Baselines3 ``VecEnv``."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from tron_env.batch import BatchEngine
from tron_env.learner import Ended, LearnerGames
from tron_env.opponents import Opponents
from tron_env.options import Dtype, Observation, OutsideMask, SeatChoice, first_seed
from tron_env.restarting import NEXT_GAME
from tron_env.rewards import Rewards
from tron_env.ruleset import ARENA, Ruleset
from tron_env.spawn import random_u64
from tron_env.types import ACTIONS, BoolArray, DeathCause, IntArray, Outcome, Seat


class TronVecEnv(VecEnv):
    """``n`` games of ``TronEnv`` that start again by themselves.

    Observations are the learner's five planes, ``(n, 5, height, width)`` of 0 and 1, uint8 (four
    times smaller in a rollout buffer) or float32. Set ``normalize_images=False`` in the policy.
    Everything else is as ``TronEnv`` documents it; game ``i`` of seed ``s`` is the game, and then
    the games, of ``TronEnv`` with seed ``s + i``.

    A step that ends game ``i`` returns the first observation of the next game, and in ``infos[i]``:
    ``terminal_observation``, ``TimeLimit.truncated``, ``episode`` (return ``r``, plies ``l``),
    ``outcome`` (``Outcome``), ``seat`` (the learner's), ``cause`` (of the learner's death) and
    ``opponent`` (its name).

    Attributes:
        games: the core; read only.
    """

    def __init__(
        self,
        n: int,
        opponent: Opponents = "random",
        *,
        ruleset: str | Ruleset = ARENA,
        seat: SeatChoice = "random",
        rewards: str | Rewards = "zero-sum",
        outside_mask: OutsideMask = "die",
        dtype: Dtype = np.uint8,
        seed: int | None = None,
    ) -> None:
        """Prepare ``n`` games.

        Args:
            n: games.
            opponent: as for ``TronEnv``; one is drawn for each new game.
            ruleset: board, start and limit.
            seat: the learner's; drawn for each game when "random".
            rewards: as for ``TronEnv``.
            outside_mask: as for ``TronEnv``.
            dtype: of the observations.
            seed: as given to ``seed``; from the system when None.

        Raises:
            AgentSpecError: an opponent's SPEC names no installed agent.
            RulesetError: there is no such ruleset, or ``n`` is below 1.
            OptionError: another argument is not one of those allowed.
        """
        self.games = LearnerGames(
            n,
            opponent,
            seat=seat,
            ruleset=ruleset,
            rewards=rewards,
            outside_mask=outside_mask,
            dtype=dtype,
        )
        self._indices: IntArray = np.arange(n, dtype=np.intp)
        super().__init__(n, self.games.space, spaces.Discrete(ACTIONS))
        self.seed(seed)

    @property
    def engine(self) -> BatchEngine:
        """The games themselves; read only."""
        return self.games.engine

    @property
    def seats(self) -> IntArray:
        """The learner's seat in each game, ``(n,)``; read only."""
        return self.games.seats

    def set_opponents(self, opponents: Opponents) -> None:
        """Change whom new games are played against; running games keep their opponent.

        Raises:
            AgentSpecError: a SPEC names no installed agent.
            OptionError: there is no opponent, or a weight is out of range.
        """
        self.games.change_opponents(opponents)

    def reset(self) -> Observation:
        """Start all games and return the first observations.

        Games follow from the last ``seed`` when it is new, else each from the one before.
        """
        seeds = [self._next_seed(i, seed) for i, seed in enumerate(self._seeds)]
        self._reset_seeds()
        self._reset_options()
        self.games.start(self._indices, np.array(seeds, dtype=np.uint64))
        return self.games.observe()

    def step_async(self, actions: NDArray[np.integer[Any]]) -> None:
        """Take the learner's actions, integers ``(n,)``, and ask the opponents for theirs."""
        self.games.choose(np.asarray(actions).reshape(-1))

    def step_wait(self) -> VecEnvStepReturn:
        """Play the ply, start ended games again, and return what the learner sees."""
        ended = self.games.play()
        dones = np.zeros(self.num_envs, dtype=np.bool_)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ended is not None:
            dones[ended.games] = True
            for k, game in enumerate(ended.games.tolist()):
                infos[game] = _ending(ended, k)
        return self.games.observe(), self.games.rewards.copy(), dones, infos

    def action_masks(self) -> BoolArray:
        """Return the learner's accepted actions, bool ``(n, 4)``; a row may be all False."""
        return self.games.action_masks()

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

    def _next_seed(self, i: int, seed: int | None) -> np.uint64:
        if seed is None and self.games.started:
            return random_u64(self.games.engine.seeds[i], NEXT_GAME)
        return first_seed(np.random.default_rng(seed))


def _ending(ended: Ended, k: int) -> dict[str, Any]:
    outcome = Outcome(ended.outcomes[k])
    return {
        "terminal_observation": ended.observations[k],
        "TimeLimit.truncated": outcome is Outcome.TRUNCATED,
        "episode": {"r": float(ended.returns[k]), "l": int(ended.plies[k])},
        "outcome": outcome,
        "seat": Seat(int(ended.seats[k])),
        "cause": DeathCause(ended.causes[k]),
        "opponent": ended.opponents[k],
    }
