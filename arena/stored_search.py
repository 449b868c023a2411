"""Searching stored games: pages and counts whose cost is bounded whatever is asked.

A search is driven by one of its conditions, the rarest by a probe of an index, and walks down that
index from the newest game; the other conditions are looked at game by game. All indexes end with
the game's ID, so that no search sorts, and a round is a range of IDs. After ``MOST_LOOKS`` games a
page ends, filled or not, and says where the next one begins.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from arena.database import Database
from arena.errors import SearchError
from arena.found_games import SUMMARY_COLUMNS, Count, GamePage, GameSummary, Order, summary_of
from arena.records import GameFilter, GameRow
from arena.schema import analyses, games
from arena.search_conditions import condition_of
from arena.search_walks import Found, Key, counted, found_game, walk
from arena.stored_games import COLUMNS, game_row

MAX_PAGE: Final = 500


class StoredSearch(Database):
    """The part of ``Storage`` that searches games."""

    def search_games(
        self, filters: GameFilter | None = None, *, before_id: int | None = None, limit: int = 50
    ) -> tuple[GameRow, ...]:
        """Return games, newest first, however long that takes; pages use ``find_games``.

        Args:
            filters: which games; all where it is None.
            before_id: only games with smaller IDs, for the next page.
            limit: at most this many, and at most ``MAX_PAGE``.
        """
        query = select(*COLUMNS).where(condition_of(filters or GameFilter()))
        if before_id is not None:
            query = query.where(games.c.id < before_id)
        query = query.order_by(games.c.id.desc()).limit(min(max(limit, 0), MAX_PAGE))
        with self.reading() as connection:
            return tuple(map(game_row, connection.execute(query)))

    def find_games(
        self,
        filters: GameFilter | None = None,
        *,
        order: Order = Order.NEWEST,
        after: str | None = None,
        limit: int = 24,
    ) -> GamePage:
        """Return one page of games with their summaries.

        Pages are stable: games that come in later shift none of them.

        Args:
            filters: which games; all where it is None.
            order: ``BEST`` knows only games that the territory pass has seen.
            after: ``GamePage.after`` of the page before.
            limit: at most this many, and at most ``MAX_PAGE``.

        Raises:
            SearchError: ``after`` names no page of that order, or an opponent is asked for
                without a name.
        """
        wanted, limit = filters or GameFilter(), min(max(limit, 1), MAX_PAGE)
        condition, found = condition_of(wanted), list[Found]()
        reached: Key | None = None
        with self.reading() as connection:
            for each, looked_to in walk(
                connection, wanted, order, _cursor(order, after), condition
            ):
                found += each
                reached = looked_to
                if len(found) > limit:
                    return _page(found[:limit], order, found[limit - 1][0])
        return _page(found, order, reached)

    def count_games_found(self, filters: GameFilter | None = None) -> Count:
        """Return how many games fit, up to ``MOST_COUNTED``; as bounded as ``find_games``."""
        wanted = filters or GameFilter()
        with self.reading() as connection:
            return counted(connection, wanted, condition_of(wanted))

    def summaries(self, game_ids: Sequence[int]) -> dict[int, GameSummary]:
        """Return what the territory pass keeps of these games, by ID, of those it has seen."""
        query = select(analyses.c.game_id, *SUMMARY_COLUMNS).where(analyses.c.game_id.in_(game_ids))
        with self.reading() as connection:
            found = ((row[0], summary_of(row[1:])) for row in connection.execute(query))
            return {game_id: summary for game_id, summary in found if summary is not None}


def _page(found: Sequence[Found], order: Order, after: Key | None) -> GamePage:
    told = None if after is None else _key_text(order, after)
    return GamePage(tuple(found_game(row) for _, row in found), told)


def _cursor(order: Order, text: str | None) -> Key | None:
    if text is None:
        return None
    interest, separator, number = text.rpartition("_")
    if bool(separator) is (order is Order.NEWEST):
        raise SearchError(f"{text!r} names no page")
    try:
        key = (float(interest or 0), int(number))
    except ValueError as error:
        raise SearchError(f"{text!r} names no page") from error
    if not -1 <= key[1] < 2**63 or key[0] != key[0]:
        raise SearchError(f"{text!r} names no page")
    return key


def _key_text(order: Order, key: Key) -> str:
    return str(key[1]) if order is Order.NEWEST else f"{key[0]!r}_{key[1]}"
