"""Strength measured: paired starts, seats exchanged, with an interval."""

from dataclasses import dataclass

from agents.intervals import wilson
from agents.matches import play_match
from tron_env.agent import Agent
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import SEATS


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
        much.

        >>> low, high = Score("random", wins=200, draws=0, losses=0).interval
        >>> round(low, 3), high
        (0.963, 1.0)
        """
        starts = self.games / SEATS
        return wilson(self.points * starts, starts)


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
    tally = play_match(agent, opponent, starts, seed=seed, ruleset=ruleset)
    return Score(opponent.name, tally.wins, tally.draws, tally.losses)
