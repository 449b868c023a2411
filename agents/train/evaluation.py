"""Strength measured: paired starts, seats exchanged, with an interval."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import SEATS, IntArray, Outcome, SeedArray

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Score:
    """Games of one agent against another, each start played from both seats."""

    opponent: str
    wins: int
    draws: int
    losses: int

    @property
    def games(self) -> int:
        """Games played."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        """Mean points a game: win 1, draw 1/2, loss 0."""
        return (self.wins + self.draws / 2) / self.games

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of ``points``: Wilson's, each start counted as one observation.

        The two games of a start resemble each other, so that counting games would promise too
        much. Wilson (1927), "Probable inference, the law of succession, and statistical inference".

        >>> low, high = Score("random", wins=200, draws=0, losses=0).interval
        >>> round(low, 3), high
        (0.963, 1.0)
        """
        n = self.games / SEATS
        centre = (self.points + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
        half = (
            Z_95
            / (1 + Z_95**2 / n)
            * sqrt(self.points * (1 - self.points) / n + Z_95**2 / (4 * n**2))
        )
        return max(0.0, centre - half), min(1.0, centre + half)


def evaluate(
    agent: Agent, opponent: Agent, *, starts: int, seed: int, ruleset: Ruleset = ARENA
) -> Score:
    """Play ``starts`` starts twice with seats exchanged, all games together.

    Args:
        agent: whose score is wanted.
        opponent: whom it meets.
        starts: 1 or more.
        seed: names the starts.
        ruleset: the game played.
    """
    seeds: SeedArray = np.random.default_rng(seed).integers(
        0, 2**64, size=(starts,), dtype=np.uint64
    )
    engine = BatchEngine(ruleset, SEATS * starts)
    games = np.arange(engine.n, dtype=np.intp)
    engine.reset(games, np.repeat(seeds, SEATS))
    seat_of: IntArray = games % SEATS
    actions = np.zeros((engine.n, SEATS), dtype=np.uint8)
    while (playing := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
        seats = seat_of[playing]
        actions[playing, seats] = agent.act(engine, playing, seats)
        actions[playing, 1 - seats] = opponent.act(engine, playing, 1 - seats)
        engine.step(actions)
    won = engine.outcomes == np.where(seat_of == 0, Outcome.FIRST_WINS, Outcome.SECOND_WINS)
    lost = engine.outcomes == np.where(seat_of == 0, Outcome.SECOND_WINS, Outcome.FIRST_WINS)
    wins, losses = int(won.sum()), int(lost.sum())
    return Score(opponent.name, wins, engine.n - wins - losses, losses)
