"""What a whole round says of one entrant: how it wins and dies, where, and against whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arena.sprt import expected_score
from replays.format import Ending, Replay
from replays.heat import HeatMap
from tron_env.ruleset import Ruleset
from tron_env.types import DeathCause, Outcome, Seat


@dataclass(frozen=True, slots=True)
class OpponentInsight:
    """How an entrant fared against one other."""

    name: str
    games: int
    points: float
    """Win 1, draw 1/2, loss 0."""
    expected: float
    """What the ratings of both, of the whole round, gave to expect."""

    @property
    def surplus(self) -> float:
        """Points above expectation; below 0 for an opponent that does better than it should."""
        return self.points - self.expected


@dataclass(frozen=True, slots=True)
class Insight:
    """One entrant over one round."""

    games: int
    wins: int
    draws: int
    losses: int
    wins_by: dict[str, int]
    """How the loser ended in games that it won: a cause of death in lower case, or ``forfeit``."""
    deaths_by: dict[str, int]
    """How it ended in games that it did not win, alike."""
    mean_plies: float
    ahead: tuple[int, int]
    """Games with more territory than the other at the separation: how many, and how many won."""
    behind: tuple[int, int]
    """Games with less, alike."""
    even: tuple[int, int]
    """Games with as much, alike."""
    mean_lead: float
    """Mean territory over the other's at the separation, in cells; 0 without a separated game."""
    visited: list[list[int]]
    """``[row][col]``: games in which it was on the cell."""
    died: list[list[int]]
    """``[row][col]``: games in which it died standing on the cell."""
    opponents: list[OpponentInsight]
    """The one that it did best against for both ratings first."""
    judged_games: int
    """Games whose deep pass is stored; the blunders are counted over these."""
    blunders: int
    judged_plies: int

    @property
    def blunders_per_hundred(self) -> float | None:
        """Blunders a hundred plies, None where no deep pass is stored."""
        return 100 * self.blunders / self.judged_plies if self.judged_plies else None


@dataclass(frozen=True, slots=True)
class RiddenGame:
    """One game as its entrant sees it."""

    seat: Seat
    outcome: Outcome
    ending: Ending
    causes: tuple[DeathCause, DeathCause]
    plies: int
    opponent: int
    lead: int | None
    """Territory over the other's at the separation; None without one."""

    @property
    def points(self) -> float:
        """Win 1, draw 1/2, loss 0; a game that both forfeit is lost."""
        if self.outcome.winner is None:
            return 0.0 if self.ending is Ending.FORFEIT else 0.5
        return float(self.outcome.winner is self.seat)

    def end_of(self, seat: Seat) -> str:
        """Return how a rider that did not win ended."""
        if self.ending is Ending.FORFEIT:
            return "forfeit"
        return self.causes[seat].name.lower()


def insight_of(
    ridden: Sequence[RiddenGame],
    replays: Sequence[Replay],
    ruleset: Ruleset,
    rating: float,
    others: Mapping[int, tuple[str, float]],
) -> Insight:
    """Sum up one entrant's games of a round, without blunders.

    Args:
        ridden: its games.
        replays: their replays.
        ruleset: of the round.
        rating: the entrant's.
        others: names and ratings of its opponents, by entry ID.
    """
    heat = HeatMap(ruleset.height, ruleset.width)
    for game, replay in zip(ridden, replays, strict=True):
        heat.add(replay, game.seat)
    won = [game for game in ridden if game.points == 1]
    lost = [game for game in ridden if game.points == 0]
    rest = [game for game in ridden if game.points < 1 and game.outcome is not Outcome.TRUNCATED]
    leads = [(game.lead, game.points == 1) for game in ridden if game.lead is not None]
    return Insight(
        games=len(ridden),
        wins=len(won),
        draws=len(ridden) - len(won) - len(lost),
        losses=len(lost),
        wins_by=dict(Counter(game.end_of(game.seat.other) for game in won)),
        deaths_by=dict(Counter(game.end_of(game.seat) for game in rest)),
        mean_plies=sum(game.plies for game in ridden) / max(1, len(ridden)),
        ahead=_count_won([won for lead, won in leads if lead > 0]),
        behind=_count_won([won for lead, won in leads if lead < 0]),
        even=_count_won([won for lead, won in leads if lead == 0]),
        mean_lead=sum(lead for lead, _ in leads) / max(1, len(leads)),
        visited=heat.visited.tolist(),
        died=heat.died.tolist(),
        opponents=_opponents(ridden, rating, others),
        judged_games=0,
        blunders=0,
        judged_plies=0,
    )


def _count_won(games: Sequence[bool]) -> tuple[int, int]:
    return len(games), sum(games)


def _opponents(
    ridden: Sequence[RiddenGame], rating: float, others: Mapping[int, tuple[str, float]]
) -> list[OpponentInsight]:
    found = []
    for opponent, (name, other_rating) in others.items():
        games = [game for game in ridden if game.opponent == opponent]
        share = expected_score(rating - other_rating)
        if games:
            points = sum(game.points for game in games)
            found.append(OpponentInsight(name, len(games), points, share * len(games)))
    return sorted(found, key=lambda each: (-each.surplus, each.name))
