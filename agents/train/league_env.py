"""The games of a training run: they can be stored and gone on with, and begin where asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.train.vec_env import TronVecEnv
from tron_env.agent import Agent
from tron_env.batch import check_position
from tron_env.learner import LearnerGames
from tron_env.options import Observation
from tron_env.rewards import Rewards
from tron_env.ruleset import Ruleset
from tron_env.types import (
    Action,
    Cell,
    DeathCause,
    GameState,
    IntArray,
    Outcome,
    Seat,
)

ENGINE_FIELDS: Final = (
    *("seeds", "plies", "heads", "headings", "causes"),
    *("outcomes", "masks", "cells", "planes"),
)

FIRST_OPPONENT: Final = "random"
"""Rides in all games until opponents are set, and in those then running until they end."""
START_DRAW: Final = 4
"""Beside a game's seed names what it begins with."""
START_FIELDS: Final = ("seats", "cells", "heads", "headings", "plies")


@dataclass(frozen=True, slots=True)
class Start:
    """A position to begin a game with, and the seat that learns from it."""

    state: GameState
    seat: Seat


@dataclass(frozen=True, slots=True)
class Standing:
    """How all games stand, and what the next ones will be drawn from."""

    arrays: Mapping[str, NDArray[Any]]
    """The engine's fields by name, ``seats``, ``opponent_of`` and ``returns``."""
    opponents: tuple[str, ...]
    """Names, in the order that ``opponent_of`` counts in."""


def save_starts(starts: Sequence[Start], path: Path) -> None:
    """Write ``path``, which ``load_starts`` reads."""
    np.savez_compressed(
        path,
        seats=np.array([start.seat for start in starts], dtype=np.uint8),
        cells=np.array([start.state.cells for start in starts]),
        heads=np.array([start.state.heads for start in starts], dtype=np.int16),
        headings=np.array([start.state.headings for start in starts], dtype=np.uint8),
        plies=np.array([start.state.ply for start in starts], dtype=np.int32),
    )


def load_starts(path: Path) -> tuple[Start, ...]:
    """Return what ``save_starts`` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        rows = zip(*(stored[name] for name in START_FIELDS), strict=True)
        return tuple(
            Start(
                GameState(
                    cells=cells,
                    heads=(Cell(*heads[0].tolist()), Cell(*heads[1].tolist())),
                    headings=(Action(headings[0]), Action(headings[1])),
                    causes=(DeathCause.NONE, DeathCause.NONE),
                    ply=int(ply),
                    outcome=Outcome.ONGOING,
                ),
                Seat(int(seat)),
            )
            for seat, cells, heads, headings, ply in rows
        )


class LeagueGames(LearnerGames):
    """``LearnerGames`` with a memory."""

    _starts: tuple[Start, ...] = ()
    _share = 0.0

    def set_starts(self, starts: Sequence[Start], share: float) -> None:
        """Begin a share of the new games, 0 to 1, with one of these positions.

        Raises:
            RulesetError: a position does not fit the ruleset; the message says where.
        """
        for start in starts:
            check_position(self.engine.ruleset, start.state)
        self._starts, self._share = tuple(starts), share

    def standing(self) -> Standing:
        """Return a copy of how all games stand."""
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self.engine, name).copy() for name in ENGINE_FIELDS
        }
        arrays["seats"] = self.seats.copy()
        arrays["opponent_of"] = self._opponent_of.copy()
        arrays["returns"] = self._returns.copy()
        return Standing(arrays, tuple(agent.name for agent in self.opponents.agents))

    def restore(self, standing: Standing, agents: Mapping[str, Agent]) -> None:
        """Go on from ``standing``; see ``LeagueEnv.restore``."""
        for name in ENGINE_FIELDS:
            getattr(self.engine, name)[:] = standing.arrays[name]
        self.seats[:] = standing.arrays["seats"]
        self._returns[:] = standing.arrays["returns"]
        self.opponents.agents = tuple(agents[name] for name in standing.opponents)
        self._opponent_of[:] = standing.arrays["opponent_of"]
        self.started = True

    def _begin(self, games: IntArray) -> None:
        super()._begin(games)
        for game in games.tolist() if self._starts else ():
            seed = int(self.engine.seeds[game])
            # Drawn from the game's own seed, as all that a game holds.
            draw = np.random.default_rng((seed, START_DRAW))
            if draw.random() < self._share:
                start = self._starts[int(draw.integers(len(self._starts)))]
                self.engine.reset_to_state(game, start.state, seed=seed)
                self.seats[game] = start.seat


class LeagueEnv(TronVecEnv):
    """``TronVecEnv`` for ``selfplay``; its first opponent is ``FIRST_OPPONENT``."""

    games: LeagueGames

    def __init__(self, n: int, *, ruleset: Ruleset, rewards: Rewards, seed: int) -> None:
        super().__init__(n, ruleset=ruleset, rewards=rewards, seed=seed)
        self.games = LeagueGames(
            n,
            FIRST_OPPONENT,
            seat="random",
            ruleset=ruleset,
            rewards=rewards,
            outside_mask="die",
            dtype=np.uint8,
        )

    @property
    def opponents(self) -> tuple[Agent, ...]:
        """Those that new games are played against, and those still playing."""
        return self.games.opponents.agents

    def restore(self, standing: Standing, agents: Mapping[str, Agent]) -> Observation:
        """Go on from ``standing`` and return the observations; set the opponents afterwards.

        Args:
            standing: of an environment with the same options.
            agents: the opponents by name.

        Raises:
            KeyError: an opponent is missing.
            ValueError: the arrays have other shapes.
        """
        self.games.restore(standing, agents)
        return self.games.observe()
