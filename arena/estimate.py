"""What a round will cost: CPU-hours, from what its entrants cost a position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arena.divisions import BATCH, Cost
from arena.records import RoundFormat
from arena.schedule import group_size
from arena.swiss import duels_of, usual_stages

USUAL_PLIES: Final = 160.0
"""Length of a game where none has been played yet, in the mean over the shipped models."""
UNKNOWN: Final = Cost(100.0, 100.0, 100.0)
"""Of a model that could not be measured: the most that may be."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a round is played."""

    format: RoundFormat = RoundFormat.ROUND_ROBIN
    stages: int = 1
    """How many times pairings are drawn; 1 in a round-robin."""
    starts: int = 4
    """Starts a pair meets in; each is played twice with seats exchanged."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a round takes."""

    terms: Terms
    entrants: int
    duels: int
    games: int
    cpu_seconds: float
    """On the reference machine."""

    @property
    def cpu_hours(self) -> float:
        """The same in hours."""
        return self.cpu_seconds / 3600.0


def estimate(costs: Sequence[Cost | None], terms: Terms, plies: float | None = None) -> Estimate:
    """Return what a round of entrants with these costs takes.

    Every entrant is asked once a ply of each of its games.

    Args:
        costs: of every entrant.
        terms: how it is played.
        plies: mean length of a game; ``USUAL_PLIES`` where nothing is known.
    """
    entrants = len(costs)
    swiss = terms.format is RoundFormat.SWISS
    duels = duels_of(entrants, terms.stages) if swiss else entrants * (entrants - 1) // 2
    games = 2 * terms.starts * duels
    each = 2 * games / entrants if entrants else 0.0
    rivals = 1 if swiss else group_size(entrants)
    at_once = 2 * terms.starts * rivals
    plies = USUAL_PLIES if plies is None else plies
    milliseconds = sum(each * plies * position_ms(cost or UNKNOWN, at_once) for cost in costs)
    return Estimate(terms, entrants, duels, games, milliseconds / 1000.0)


def offers(
    costs: Sequence[Cost | None], terms: Terms, budget_seconds: float, plies: float | None = None
) -> tuple[Estimate, ...]:
    """Return what could be played within a budget instead, the closest to ``terms`` first.

    These are the same format with fewer starts, and Swiss with as many starts as fit, each only
    where it is possible.
    """
    stages = usual_stages(len(costs))
    swiss = Terms(RoundFormat.SWISS, stages, terms.starts)
    found = []
    for wanted in (terms, swiss):
        for starts in range(terms.starts, 0, -1):
            offered = Terms(wanted.format, wanted.stages, starts)
            cost = estimate(costs, offered, plies)
            if offered != terms and cost.cpu_seconds <= budget_seconds:
                found.append(cost)
                break
    return tuple(found) if terms.format is RoundFormat.ROUND_ROBIN else tuple(found[:1])


def position_ms(cost: Cost, games: int) -> float:
    """Return what a position costs where a model has so many games in a block.

    A call costs something by itself, and something for each position in it; of a model that is
    dearer in company the former is below zero, and saved by few games. Games end at different
    plies: where their lengths are spread evenly up to twice the mean, the longest of K lasts
    2K / (K + 1) means, so that a call holds (K + 1) / 2 positions in the mean.

    >>> position_ms(Cost(2.0, 2.0, 8.0), 1), round(position_ms(Cost(2.0, 2.0, 8.0), 127), 3)
    (2.0, 8.0)
    """
    call = (cost.single_ms - cost.batch64_ms) * BATCH / (BATCH - 1)
    return max(0.0, cost.single_ms - call) + call / ((games + 1) / 2)
