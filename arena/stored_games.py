"""Stored games: those of duels, and those that people played."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, insert, or_, select, union_all

from arena.database import Database
from arena.errors import StorageError
from arena.people_tallies import tally_games
from arena.records import Forfeits, GameKind, GameRow, NewGame, RoundStatus
from arena.schema import games, rounds
from replays.format import PERSON, Ending, Replay, decode, encode, model_prefix
from tron_env.types import DeathCause, Outcome, Seat

COLUMNS = tuple(
    games.c[name]
    for name in (
        *("id", "kind", "round", "duel_id", "number", "first_name", "second_name"),
        *("first_sha256", "second_sha256", "outcome", "first_cause", "second_cause", "ending"),
        *("first_reason", "second_reason", "plies", "played_at", "human_seat", "speed"),
        *("first_try", "takeover_ply", "source_id"),
    )
)
"""What ``game_row`` reads, in its order."""
RECORDED = (*COLUMNS, games.c.replay)
BAND_PLIES = 50
LAST_BAND = 10
"""Of lengths; games of 500 plies and more are all in it."""


@dataclass(frozen=True, slots=True)
class NewHumanGame:
    """A game between a person and a model, finished or abandoned."""

    replay: Replay
    names: tuple[str, str]
    """By seat."""
    human_seat: Seat
    model_sha256: str
    round: int | None
    """The round whose champion the model is; None for other models."""
    speed: int
    """Plies a second."""
    first_try: bool
    session: str
    """Opaque identity of the person's browser."""
    player_name: str | None = None
    """What the person wants to be called on the players' ladder."""
    source_id: int | None = None
    """The stored game that a take-over goes on from; the replay says at which ply."""
    reason: str | None = None
    """Why the loser forfeited."""
    stood_still: bool = False
    """Whether it would be a first try, had it not waited for its person on the way."""
    played_at: datetime | None = None
    """When it ended; None for just now."""


class StoredGames(Database):
    """The part of ``Storage`` about single games."""

    def game(self, game_id: int) -> GameRow | None:
        """Return one game, or None."""
        with self.reading() as connection:
            row = connection.execute(select(*COLUMNS).where(games.c.id == game_id)).first()
        return None if row is None else game_row(row)

    def games_by_id(self, game_ids: Collection[int]) -> dict[int, GameRow]:
        """Return these games by ID, without those that are not there."""
        query = select(*COLUMNS).where(games.c.id.in_(game_ids))
        with self.reading() as connection:
            return {row.id: game_row(row) for row in connection.execute(query)}

    def replay(self, game_id: int) -> bytes | None:
        """Return one game's encoded replay, or None."""
        with self.reading() as connection:
            found: bytes | None = connection.scalar(
                select(games.c.replay).where(games.c.id == game_id)
            )
        return found

    def replays(self, game_ids: Collection[int]) -> dict[int, bytes]:
        """Return the encoded replays of these games by ID, without those that are not there."""
        query = select(games.c.id, games.c.replay).where(games.c.id.in_(game_ids))
        with self.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def games(self, duel_id: int) -> tuple[GameRow, ...]:
        """Return the games of a duel in the order of its schedule."""
        return self.games_of([duel_id])[duel_id]

    def games_of(self, duel_ids: Collection[int]) -> dict[int, tuple[GameRow, ...]]:
        """Return the games of several duels, each in the order of its schedule."""
        found: dict[int, list[GameRow]] = {duel_id: [] for duel_id in duel_ids}
        query = select(*COLUMNS).where(games.c.duel_id.in_(duel_ids)).order_by(games.c.number)
        with self.reading() as connection:
            for row in connection.execute(query):
                found[row.duel_id].append(game_row(row))
        return {duel_id: tuple(each) for duel_id, each in found.items()}

    def duel_replays(self, duel_id: int) -> tuple[bytes, ...]:
        """Return the encoded replays of a duel in the order of its schedule."""
        query = select(games.c.replay).where(games.c.duel_id == duel_id).order_by(games.c.number)
        with self.reading() as connection:
            return tuple(connection.scalars(query))

    def recorded(self, duel_ids: Collection[int]) -> tuple[tuple[GameRow, bytes], ...]:
        """Return the games of these duels with their encoded replays, duel by duel, by number."""
        query = (
            select(*RECORDED)
            .where(games.c.duel_id.in_(duel_ids))
            .order_by(games.c.duel_id, games.c.number)
        )
        with self.reading() as connection:
            return tuple((game_row(row), row.replay) for row in connection.execute(query))

    def count_games(self) -> int:
        """Return how many games are stored."""
        with self.reading() as connection:
            return connection.scalar(select(func.count()).select_from(games)) or 0

    def games_in_wrong_bands(self) -> tuple[int, ...]:
        """Return the IDs of games whose band of lengths is not that of their length."""
        band = case(
            (games.c.plies < LAST_BAND * BAND_PLIES, games.c.plies // BAND_PLIES), else_=LAST_BAND
        )
        with self.reading() as connection:
            wrong = select(games.c.id).where(games.c.length_band != band).order_by(games.c.id)
            return tuple(connection.scalars(wrong))

    def mean_plies(self) -> float | None:
        """Return how long the games of duels were in the newest finished round, or None."""
        newest = select(func.max(rounds.c.number)).where(rounds.c.status == RoundStatus.DONE)
        query = select(func.avg(games.c.plies)).where(
            games.c.round == newest.scalar_subquery(), games.c.kind == GameKind.DUEL
        )
        with self.reading() as connection:
            found = connection.scalar(query)
        return None if found is None else float(found)

    def forfeits(self, round_number: int) -> tuple[Forfeits, ...]:
        """Return why a round's games were forfeited, by name, the commonest reason first."""
        sides = union_all(
            *(
                select(name.label("name"), reason.label("reason")).where(
                    games.c.round == round_number,
                    games.c.kind == GameKind.DUEL,
                    reason.is_not(None),
                )
                for name, reason in (
                    (games.c.first_name, games.c.first_reason),
                    (games.c.second_name, games.c.second_reason),
                )
            )
        ).subquery()
        count = func.count()
        query = (
            select(sides.c.name, sides.c.reason, count)
            .group_by(sides.c.name, sides.c.reason)
            .order_by(sides.c.name, count.desc(), sides.c.reason)
        )
        with self.reading() as connection:
            return tuple(Forfeits(*row) for row in connection.execute(query))

    def save_human_game(self, game: NewHumanGame) -> int:
        """Store a person's game and return its ID; raises as ``save_human_games``."""
        return self.save_human_games([game])[0]

    def save_human_games(self, new: Sequence[NewHumanGame]) -> tuple[int, ...]:
        """Store people's games, all or none, in one transaction; return their IDs in order.

        Raises:
            StorageError: the database failed, or a replay is of another model.
        """
        if not new:
            return ()
        rows = [_human_values(game) for game in new]
        query = insert(games).returning(games.c.id, sort_by_parameter_order=True)
        with self.writing() as connection:
            ids = tuple(int(row[0]) for row in connection.execute(query, rows))
            tally_games(connection, ids)
        return ids


def _human_values(game: NewHumanGame) -> dict[str, Any]:
    models: list[str | None] = [game.model_sha256, game.model_sha256]
    models[game.human_seat] = None
    replay = game.replay
    values = _values(replay, encode(replay), game.names, (models[0], models[1]))
    winner = replay.outcome.winner
    return values | {
        "first_reason": game.reason if winner is Seat.SECOND else None,
        "second_reason": game.reason if winner is Seat.FIRST else None,
        "kind": GameKind.HUMAN,
        "round": game.round,
        "human_seat": int(game.human_seat),
        "speed": game.speed,
        "first_try": game.first_try,
        "stood_still": game.stood_still,
        "session": game.session,
        "source_id": game.source_id,
        "player_name": game.player_name,
        "played_at": game.played_at or datetime.now(UTC),
    }


def duel_game_values(
    round_number: int, duel_id: int, new: Sequence[NewGame], now: datetime
) -> list[dict[str, object]]:
    """Return the rows to insert for the games of one duel."""
    return [
        _values(decode(game.replay), game.replay, game.names, game.models)
        | {
            "kind": GameKind.DUEL,
            "round": round_number,
            "duel_id": duel_id,
            "number": game.number,
            "first_reason": game.reasons[0],
            "second_reason": game.reasons[1],
            "played_at": now,
        }
        for game in new
    ]


def _values(
    replay: Replay,
    encoded: bytes,
    names: tuple[str, str],
    models: tuple[str | None, str | None],
) -> dict[str, object]:
    if replay.models != tuple(PERSON if sha is None else model_prefix(sha) for sha in models):
        raise StorageError(
            f"the replay of {names[0]} against {names[1]} was played by other models"
        )
    return {
        "first_name": names[0],
        "second_name": names[1],
        "first_sha256": models[0],
        "second_sha256": models[1],
        "outcome": int(replay.outcome),
        "first_cause": int(replay.causes[0]),
        "second_cause": int(replay.causes[1]),
        "ending": int(replay.ending),
        "plies": replay.plies,
        "length_band": length_band(replay.plies),
        "takeover_ply": None if replay.takeover is None else replay.takeover.ply,
        "replay": encoded,
    }


def length_band(plies: int) -> int:
    """Return the band of ``BAND_PLIES`` plies that a game's length lies in.

    >>> length_band(49), length_band(50), length_band(2000)
    (0, 1, 10)
    """
    return min(plies // BAND_PLIES, LAST_BAND)


def rode(sha256: str) -> ColumnElement[bool]:
    """Return the condition that a model rode in either seat."""
    return or_(games.c.first_sha256 == sha256, games.c.second_sha256 == sha256)


def game_row(row: Row[Any]) -> GameRow:
    """Return a row that begins with ``COLUMNS`` as a value; by place, which names take twice."""
    (
        ident,
        kind,
        round_,
        duel_id,
        number,
        first_name,
        second_name,
        first_sha256,
        second_sha256,
        outcome,
        first_cause,
        second_cause,
        ending,
        first_reason,
        second_reason,
        plies,
        played_at,
        seat,
        speed,
        first_try,
        takeover_ply,
        source_id,
    ) = row[: len(COLUMNS)]
    return GameRow(
        id=ident,
        kind=GameKind(kind),
        round=round_,
        duel_id=duel_id,
        number=number,
        names=(first_name, second_name),
        models=(first_sha256, second_sha256),
        outcome=Outcome(outcome),
        causes=(DeathCause(first_cause), DeathCause(second_cause)),
        ending=Ending(ending),
        reasons=(first_reason, second_reason),
        plies=plies,
        played_at=played_at,
        human_seat=None if seat is None else Seat(seat),
        speed=speed,
        first_try=first_try,
        takeover_ply=takeover_ply,
        source_id=source_id,
    )
