"""The PettingZoo faces: both seats are played from outside."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec

from tron_env.batch import BatchEngine
from tron_env.options import (
    Dtype,
    Observation,
    OutsideMask,
    checked_action,
    chosen_rewards,
    chosen_ruleset,
    first_seed,
    is_replacing,
    next_seed,
    observation_space,
)
from tron_env.render import render_ansi, render_rgb
from tron_env.rewards import Rewards
from tron_env.riding import fit_actions
from tron_env.ruleset import Ruleset
from tron_env.starts import PLACES, read_options
from tron_env.trails import TrailLog
from tron_env.types import ACTIONS, SEATS, CellKind, DeathCause, Outcome, Seat, UInt8Array

AGENTS: Final = ("rider_0", "rider_1")
"""The agents' names, by seat."""

RENDER_MODES: Final = ("ansi", "rgb_array")

Infos: TypeAlias = dict[str, dict[str, Any]]


class TronParallelEnv(ParallelEnv):  # type: ignore[misc]
    """Two light cycles, ridden by the agents ``rider_0`` and ``rider_1``.

    Actions, observations, starts, rewards and endings are those of ``TronEnv``, seen from each
    agent's own seat; with the same seed the first start is the same. The game ends for both agents
    at once, and ``agents`` is then empty.

    Infos hold, for each agent, ``action_mask`` int8 ``(4,)`` (where PettingZoo's own tests look for
    it) and ``cause``, a ``DeathCause``. ``state()`` is the board, uint8 ``(height, width)`` of
    ``CellKind``.

    Attributes:
        engine: the game, as number 0 of a batch of one; read only.

    Args:
        ruleset: a preset's name or a ``Ruleset``.
        rewards: "zero-sum", "points", "apex" or a ``Rewards``.
        outside_mask: whether an action outside the mask is played, "die", or "replace"d.
        dtype: of the observations, float32 or uint8.
        render_mode: "ansi", "rgb_array" or None.

    Raises:
        RulesetError: there is no such ruleset.
        OptionError: another argument is not one of those allowed.
    """

    metadata = {
        "name": "tron_v0",
        "render_modes": list(RENDER_MODES),
        "render_fps": 10,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        ruleset: str | Ruleset = "arena",
        rewards: str | Rewards = "zero-sum",
        outside_mask: OutsideMask = "die",
        dtype: Dtype = np.float32,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise gymnasium.error.UnsupportedMode(
                f"render_mode is {render_mode!r}; allowed are {', '.join(RENDER_MODES)}"
            )
        self.render_mode = render_mode
        self.ruleset = chosen_ruleset(ruleset)
        self.engine = BatchEngine(self.ruleset, 1)
        self.possible_agents = list(AGENTS)
        self.agents: list[str] = []
        self.observation_spaces = {
            agent: observation_space(self.ruleset, dtype) for agent in self.possible_agents
        }
        self.action_spaces = {agent: spaces.Discrete(ACTIONS) for agent in self.possible_agents}
        board = (self.ruleset.height, self.ruleset.width)
        self.state_space = spaces.Box(0, max(CellKind), board, np.uint8)
        self._replaces = is_replacing(outside_mask)
        self._rewards = chosen_rewards(rewards)
        self._generator: np.random.Generator | None = None
        self._actions = np.zeros((1, SEATS), dtype=np.uint8)
        self._log = TrailLog()
        self._kind = self.observation_spaces[AGENTS[0]].dtype

    def observation_space(self, agent: str) -> spaces.Space[Observation]:
        """Return the space of one agent's observations, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """Return the space of one agent's actions, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Observation], Infos]:
        """Start a game; ``seed`` names this start and those of the resets that follow.

        ``options`` may hold ``start``, ``spawns`` or ``state``, as for ``TronEnv``. Others are
        ignored, as PettingZoo's tests ask.

        Raises:
            RulesetError: the place does not fit the ruleset.
            OptionError: two places are given.
        """
        asked = read_options({k: v for k, v in (options or {}).items() if k in PLACES})
        if seed is not None or self._generator is None:
            self._generator, _ = seeding.np_random(seed)
            own = first_seed(self._generator)
        else:
            own = next_seed(self.engine, 0)
        asked.place(self.engine, 0, int(own))
        self.agents = list(AGENTS)
        if self.render_mode is not None:
            self._log.start(self.engine.state(0))
        return self._observations(), self._infos()

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """Play one ply.

        Args:
            actions: one action for each agent; none once the game is over.

        Raises:
            InvalidActionError: an agent's action is missing or not an integer from 0 to 3.
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        if self._generator is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        if not self.agents:
            return {}, {}, {}, {}, {}
        for seat, agent in enumerate(AGENTS):
            self._actions[0, seat] = checked_action(actions.get(agent), f"action of {agent}")
        if self._replaces:
            both = np.zeros(SEATS, dtype=np.intp), np.arange(SEATS)
            fit_actions(*self.engine.where, *both, self._actions)
        self.engine.step(self._actions)
        state = self.engine.state(0)
        if self.render_mode is not None:
            self._log.note(state.heads)
        paid = self._rewards[state.outcome][state.causes].tolist()
        truncated = state.outcome is Outcome.TRUNCATED
        terminated = state.outcome is not Outcome.ONGOING and not truncated
        if terminated or truncated:
            self.agents = []
        return (
            self._observations(),
            dict(zip(AGENTS, paid, strict=True)),
            dict.fromkeys(AGENTS, terminated),
            dict.fromkeys(AGENTS, truncated),
            self._infos(),
        )

    def state(self) -> UInt8Array:
        """Return a copy of the board, uint8 ``(height, width)``, ``CellKind``."""
        cells: UInt8Array = self.engine.cells[0].copy()
        return cells

    def render(self) -> str | UInt8Array | None:
        """Return the board as text ("ansi") or as uint8 ``(rows, cols, 3)`` ("rgb_array").

        Raises:
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render_mode")
            return None
        if self._generator is None:
            raise gymnasium.error.ResetNeeded("call reset before render")
        state = self.engine.state(0)
        if self.render_mode == "ansi":
            return render_ansi(state)
        return render_rgb(state, trails=self._log.trails())

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _observations(self) -> dict[str, Observation]:
        planes = self.engine.planes[0]
        return {agent: planes[seat].astype(self._kind) for seat, agent in enumerate(AGENTS)}

    def _infos(self) -> Infos:
        return {
            agent: {
                "action_mask": self.engine.masks[0, seat].astype(np.int8),
                "cause": DeathCause(self.engine.causes[0, seat]),
            }
            for seat, agent in zip(Seat, AGENTS, strict=True)
        }


def parallel_env(
    ruleset: str | Ruleset = "arena",
    rewards: str | Rewards = "zero-sum",
    outside_mask: OutsideMask = "die",
    dtype: Dtype = np.float32,
    render_mode: str | None = None,
) -> TronParallelEnv:
    """Return a PettingZoo ``ParallelEnv``; the arguments are those of ``TronParallelEnv``."""
    return TronParallelEnv(ruleset, rewards, outside_mask, dtype, render_mode)


def aec_env(
    ruleset: str | Ruleset = "arena",
    rewards: str | Rewards = "zero-sum",
    outside_mask: OutsideMask = "die",
    dtype: Dtype = np.float32,
    render_mode: str | None = None,
) -> AECEnv:
    """Return the same as a PettingZoo ``AECEnv``, by PettingZoo's own conversion.

    Agents act in turn, but what they do happens at once: the ply is played when both have acted.
    """
    return parallel_to_aec(parallel_env(ruleset, rewards, outside_mask, dtype, render_mode))
