"""Duels: each start played twice with seats exchanged; any number of duels in one lockstep."""

from collections.abc import Sequence
from dataclasses import dataclass

from arena.lockstep import Contestant, GamePlan, PlayedGame, Progress, play_games
from arena.pairs import Pairs
from arena.schedule import first_seat
from arena.tally import Tally, tally_of, total
from tron_env.ruleset import Ruleset
from tron_env.types import Seat


@dataclass(frozen=True, slots=True)
class DuelPlan:
    """One duel to play."""

    number: int
    first: int
    """Index of a contestant."""
    second: int
    seeds: tuple[int, ...]
    """The start of each game."""


@dataclass(frozen=True, slots=True)
class PlayedDuel:
    """One duel that was played."""

    number: int
    games: tuple[PlayedGame, ...]
    """In the order of the schedule: even ones have the first contestant in the first seat."""

    @property
    def tally(self) -> Tally:
        """The result as the first contestant sees it."""
        return total(self._tallies())

    @property
    def pairs(self) -> Pairs:
        """The starts by what their two games gave the first contestant."""
        return sum(map(Pairs.of_tally, self.starts), Pairs())

    @property
    def starts(self) -> tuple[Tally, ...]:
        """What each start gave the first contestant over its two games."""
        games = self._tallies()
        return tuple(one + other for one, other in zip(games[::2], games[1::2], strict=True))

    def _tallies(self) -> list[Tally]:
        return [
            tally_of(game.replay.outcome, game.replay.ending, first_seat(number))
            for number, game in enumerate(self.games)
        ]


def play_duels(
    ruleset: Ruleset,
    plans: Sequence[DuelPlan],
    contestants: Sequence[Contestant],
    progress: Progress | None = None,
) -> tuple[PlayedDuel, ...]:
    """Play all duels together; ``progress`` is told after every ply how many games are over.

    Raises:
        ArenaFault: a fault of ours; nothing of the duels counts.
    """
    games = [
        GamePlan(
            (plan.first, plan.second)
            if first_seat(number) is Seat.FIRST
            else (plan.second, plan.first),
            seed,
        )
        for plan in plans
        for number, seed in enumerate(plan.seeds)
    ]
    played = iter(play_games(ruleset, games, contestants, progress))
    return tuple(PlayedDuel(plan.number, tuple(next(played) for _ in plan.seeds)) for plan in plans)
