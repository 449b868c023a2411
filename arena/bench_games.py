"""The games that a benchmark's season is made of: real ones of every kind of ending."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from replays.bench import recorded
from replays.format import Ending, Replay, TakeOver, encode
from replays.summary import Summary, summarise
from tron_env.types import DeathCause, Outcome, Seat

FIRST, SECOND = "\x01", "\x02"
"""Stand for the riders in titles."""
SHORT_RIDERS: Final = ("random", "wall-hugger")
SHORT_SHARE: Final = 0.25
OTHER_ENDS: Final = 20
"""One in so many is a forfeit, one abandoned, one cut at a ply limit, one taken over."""


@dataclass(frozen=True, slots=True)
class PoolGame:
    """One game, analysed."""

    replay: Replay
    encoded: bytes
    summary: Summary

    @property
    def forfeit(self) -> bool:
        """Whether a model failed."""
        return self.replay.ending is Ending.FORFEIT

    @property
    def abandoned(self) -> bool:
        """Whether a person left."""
        return self.replay.ending is Ending.ABANDONED

    @property
    def taken_over(self) -> bool:
        """Whether a person went on from another game."""
        return self.replay.takeover is not None

    def title(self, first: str, second: str) -> str:
        """Return the title with these riders."""
        return self.summary.title.replace(FIRST, first).replace(SECOND, second)


def pool_of(count: int) -> tuple[PoolGame, ...]:
    """Return so many games, the same on every machine; most are long ones of two heuristics."""
    return tuple(map(_pool_game, _varied(count)))


def _pool_game(game: Replay) -> PoolGame:
    encoded = encode(game)
    return PoolGame(game, encoded, summarise(encoded, (FIRST, SECOND)))


def _varied(count: int) -> Iterator[Replay]:
    short = int(count * SHORT_SHARE)
    for place, game in enumerate([*recorded(count - short), *recorded(short, SHORT_RIDERS)]):
        half = game.plies // 2
        stopped = replace(
            game,
            actions=game.actions[:half],
            outcome=Outcome.ONGOING,
            causes=(DeathCause.NONE, DeathCause.NONE),
            ending=Ending.ABANDONED,
        )
        match place % OTHER_ENDS if half else 0:
            case 1:
                yield replace(stopped, outcome=Outcome.SECOND_WINS, ending=Ending.FORFEIT)
            case 2:
                yield stopped
            case 3:
                limited = replace(game.ruleset, max_plies=half)
                yield replace(
                    stopped, outcome=Outcome.TRUNCATED, ending=Ending.RULES, ruleset=limited
                )
            case 4:
                yield replace(game, takeover=TakeOver(bytes(8), half, Seat.FIRST))
            case _:
                yield game
