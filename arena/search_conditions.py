"""What a search of games asks for, as conditions on rows and as indexes to walk along."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from arena.errors import SearchError
from arena.records import GameFilter, GameKind, Result
from arena.schema import analyses, game_tags, games
from arena.stored_games import LAST_BAND, length_band, rode
from replays.format import Ending
from tron_env.types import Outcome

GAP_BAND: Final = 100
"""Rating points."""
LAST_GAP_BAND: Final = 9
UNRATED: Final = -1
"""The band of a duel whose round has no ratings yet."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One condition with an index: ``branches`` are its equalities, each ordered by ID."""

    id: ColumnElement[int]
    branches: tuple[ColumnElement[bool], ...]
    interest: ColumnElement[float] | None = None

    @property
    def disjoint(self) -> Iterator[ColumnElement[bool]]:
        """The same games as ``branches`` give, each in one branch only."""
        for place, branch in enumerate(self.branches):
            earlier = [~func.coalesce(each, false()) for each in self.branches[:place]]
            yield and_(branch, *earlier)


def best_driver(filters: GameFilter) -> Driver:
    """Return what walks along games by interest."""
    branch = true() if filters.round is None else analyses.c.round == filters.round
    return Driver(analyses.c.game_id, (branch,), analyses.c.interest)


def drivers_of(filters: GameFilter) -> list[Driver]:
    """Return every condition that an index can drive; at least one."""
    own = games.c.id
    found = []
    if filters.duel_id is not None:
        found.append(Driver(own, (games.c.duel_id == filters.duel_id,)))
    if filters.name is not None:
        found.append(Driver(own, names_of(filters)))
    if filters.sha256 is not None:
        branches = tuple(
            and_(column == filters.sha256, games.c.kind == kind)
            for column in (games.c.first_sha256, games.c.second_sha256)
            for kind in GameKind
        )
        found.append(Driver(own, branches))
    for tag in filters.tags:
        found.append(Driver(game_tags.c.game_id, (game_tags.c.tag == tag,)))
    if filters.min_gap is not None or filters.max_gap is not None:
        branches = tuple(analyses.c.gap_band == band for band in _gap_bands(filters))
        found.append(Driver(analyses.c.game_id, branches))
    if filters.cause is not None:
        columns = (games.c.first_cause, games.c.second_cause)
        found.append(Driver(own, tuple(column == int(filters.cause) for column in columns)))
    if filters.result is not None:
        found.append(Driver(own, _RESULT_BRANCHES[filters.result]()))
    if filters.min_plies is not None or filters.max_plies is not None:
        branches = tuple(games.c.length_band == band for band in _length_bands(filters))
        found.append(Driver(own, branches))
    if filters.kind is not None:
        found.append(Driver(own, (games.c.kind == filters.kind,)))
    return found or [Driver(own, (true(),))]


def names_of(filters: GameFilter) -> tuple[ColumnElement[bool], ...]:
    """Return, for each seat, that the named rider rode in it, against the opponent if one is."""
    sides = (
        (games.c.first_name, games.c.second_name),
        (games.c.second_name, games.c.first_name),
    )
    return tuple(
        and_(own == filters.name, true() if filters.opponent is None else other == filters.opponent)
        for own, other in sides
    )


def gap_band(gap: float) -> int:
    """Return the band that a difference of ratings lies in.

    >>> gap_band(-99.5), gap_band(230.0)
    (0, 2)
    """
    return min(int(abs(gap)) // GAP_BAND, LAST_GAP_BAND)


def _gap_bands(filters: GameFilter) -> range:
    low = min((filters.min_gap or 0) // GAP_BAND, LAST_GAP_BAND)
    high = LAST_GAP_BAND if filters.max_gap is None else filters.max_gap // GAP_BAND
    return range(max(low, 0), min(high, LAST_GAP_BAND) + 1)


def _length_bands(filters: GameFilter) -> range:
    high = LAST_BAND if filters.max_plies is None else length_band(max(filters.max_plies, 0))
    return range(length_band(max(filters.min_plies or 0, 0)), high + 1)


def _ended(ending: Ending, *outcomes: Outcome) -> tuple[ColumnElement[bool], ...]:
    return tuple(
        and_(games.c.ending == int(ending), games.c.outcome == int(outcome)) for outcome in outcomes
    )


_WON: Final = (Outcome.FIRST_WINS, Outcome.SECOND_WINS)
_RESULT_BRANCHES: Final[dict[Result, Callable[[], tuple[ColumnElement[bool], ...]]]] = {
    Result.WIN: lambda: _ended(Ending.RULES, *_WON),
    Result.LOSS: lambda: _ended(Ending.RULES, *_WON),
    Result.DRAW: lambda: _ended(Ending.RULES, Outcome.DRAW),
    Result.LIMIT: lambda: _ended(Ending.RULES, Outcome.TRUNCATED),
    Result.FORFEIT: lambda: _ended(Ending.FORFEIT, *_WON, Outcome.DRAW),
    Result.ABANDONED: lambda: _ended(Ending.ABANDONED, Outcome.ONGOING),
}


def condition_of(filters: GameFilter) -> ColumnElement[bool]:
    """Return the whole filter as one condition on a row of ``games``.

    Raises:
        SearchError: an opponent is asked for without a name.
    """
    if filters.opponent is not None and filters.name is None:
        raise SearchError("a search for an opponent needs a name too")
    parts: list[ColumnElement[bool]] = [true()]
    for column, value in (
        (games.c.kind, filters.kind),
        (games.c.round, filters.round),
        (games.c.duel_id, filters.duel_id),
        (games.c.ending, None if filters.ending is None else int(filters.ending)),
    ):
        if value is not None:
            parts.append(column == value)
    if filters.sha256 is not None:
        parts.append(rode(filters.sha256))
    if filters.abandoned is not None:
        left = games.c.ending == int(Ending.ABANDONED)
        parts.append(left if filters.abandoned else ~left)
    if filters.min_plies is not None:
        parts.append(games.c.plies >= filters.min_plies)
    if filters.max_plies is not None:
        parts.append(games.c.plies <= filters.max_plies)
    if filters.takeover is not None:
        taken = games.c.takeover_ply
        parts.append(taken.is_not(None) if filters.takeover else taken.is_(None))
    for tag in filters.tags:
        own = select(game_tags.c.tag).where(
            game_tags.c.tag == tag, game_tags.c.game_id == games.c.id
        )
        parts.append(own.exists())
    if filters.min_gap is not None or filters.max_gap is not None:
        parts.append(_gap(filters))
    parts.append(_sides(filters))
    return and_(*parts)


def _gap(filters: GameFilter) -> ColumnElement[bool]:
    # Under a name of its own: pages join the same table.
    rated = analyses.alias("rated")
    gap = func.abs(rated.c.rating_gap)
    parts = [rated.c.game_id == games.c.id, rated.c.rating_gap.is_not(None)]
    if filters.min_gap is not None:
        parts.append(gap >= filters.min_gap)
    if filters.max_gap is not None:
        parts.append(gap <= filters.max_gap)
    return select(rated.c.game_id).where(*parts).exists()


def _sides(filters: GameFilter) -> ColumnElement[bool]:
    """Return what is said of the riders: by the named one, else by either."""
    sides = []
    for names, cause, won, lost in (
        (names_of(filters)[0], games.c.first_cause, Outcome.FIRST_WINS, Outcome.SECOND_WINS),
        (names_of(filters)[1], games.c.second_cause, Outcome.SECOND_WINS, Outcome.FIRST_WINS),
    ):
        parts = [names if filters.name is not None else true()]
        if filters.cause is not None:
            parts.append(cause == int(filters.cause))
        if filters.result is not None:
            branches = _RESULT_BRANCHES[filters.result]()
            if filters.name is not None and filters.result in {Result.WIN, Result.LOSS}:
                branches = _ended(Ending.RULES, won if filters.result is Result.WIN else lost)
            parts.append(or_(*branches))
        sides.append(and_(*parts))
    return or_(*sides)
