"""Is one side better than another? Plays starts until the sequential test knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from arena.duel import DuelPlan, play_duels
from arena.lockstep import Contestant
from arena.pairs import Pairs
from arena.schedule import game_seeds
from arena.sprt import Decision, Test
from arena.tally import Tally
from tron_env.ruleset import Ruleset

STARTS_AT_ONCE: Final = 16
"""Played together, between two looks at the test."""

Progress: TypeAlias = Callable[[Pairs, float], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a sequential test came to, as the first side sees it."""

    test: Test
    pairs: Pairs
    tally: Tally
    log_ratio: float
    decision: Decision


def try_sides(
    ruleset: Ruleset,
    sides: Sequence[Contestant],
    test: Test,
    *,
    seed: str,
    most_starts: int,
    progress: Progress | None = None,
) -> Trial:
    """Play starts, each twice with seats exchanged, until ``test`` decides or ``most_starts`` are.

    Looking only every so many starts makes errors rarer than the test promises, never commoner: it
    can only pass its bounds by more.

    Args:
        ruleset: of all games.
        sides: the two.
        test: what is asked of the first one.
        seed: hexadecimal; the starts follow from it.
        most_starts: when to leave it undecided.
        progress: told after every look what was scored, and the log likelihood ratio.

    Raises:
        ArenaFault: a fault of ours.
    """
    pairs, tally = Pairs(), Tally()
    for number in range(-(-most_starts // STARTS_AT_ONCE)):
        starts = min(STARTS_AT_ONCE, most_starts - number * STARTS_AT_ONCE)
        plan = DuelPlan(number, 0, 1, game_seeds(seed, number, starts))
        (played,) = play_duels(ruleset, [plan], sides)
        pairs, tally = pairs + played.pairs, tally + played.tally
        if progress is not None:
            progress(pairs, test.log_ratio(pairs))
        if test.decide(pairs) is not Decision.UNDECIDED:
            break
    return Trial(test, pairs, tally, test.log_ratio(pairs), test.decide(pairs))
