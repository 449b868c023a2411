"""`tron bench archive`: how long searches take where a million games are stored.

The games' rows are drawn at random, one replay serves them all.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from arena.records import GameFilter, GameKind, Result, RoundStatus
from arena.schema import analyses, duels, entries, game_tags, games, rounds
from arena.search_conditions import gap_band
from arena.storage import Storage
from arena.stored_games import length_band
from arena.stored_search import Order
from replays.bench import recorded
from replays.format import Ending, decode, encode
from replays.titles import TAGS
from replays.view import replay_view
from tron_env.benchmarks import Measurement, Setting
from tron_env.types import DeathCause, Outcome

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 20_000
RULES = int(Ending.RULES)
ENDS = (
    (Outcome.FIRST_WINS, RULES, 44),
    (Outcome.SECOND_WINS, RULES, 44),
    (Outcome.DRAW, RULES, 9),
    (Outcome.TRUNCATED, RULES, 1),
    (Outcome.FIRST_WINS, int(Ending.FORFEIT), 1),
    (Outcome.ONGOING, int(Ending.ABANDONED), 1),
)
TAG_SHARES = {tag: 1 / (2 + 3 * place) for place, tag in enumerate(TAGS)}


GAMES: Final = 1_000_000
QUICK_GAMES: Final = 30_000
PAGES: Final = 5
"""Read of each search, one after the other."""
SEARCHES: Final = (
    GameFilter(),
    GameFilter(round=9),
    GameFilter(kind=GameKind.HUMAN),
    GameFilter(name="entrant-003"),
    GameFilter(name="entrant-003", opponent="entrant-004"),
    GameFilter(name="entrant-003", result=Result.LOSS, cause=DeathCause.WALL),
    GameFilter(name="entrant-005", tags=("comeback",)),
    GameFilter(result=Result.DRAW),
    GameFilter(result=Result.LIMIT),
    GameFilter(cause=DeathCause.HEAD_ON),
    GameFilter(cause=DeathCause.SELF, tags=("close",)),
    GameFilter(min_plies=300),
    GameFilter(min_plies=100, max_plies=110),
    GameFilter(tags=("take-over",)),
    GameFilter(tags=("long", "missed-win")),
    GameFilter(min_gap=300),
    GameFilter(max_gap=20, result=Result.DRAW),
    GameFilter(round=30, tags=("close",), result=Result.WIN),
    GameFilter(kind=GameKind.HUMAN, tags=("close",), min_plies=200),
    GameFilter(round=4, min_gap=300, cause=DeathCause.HEAD_ON, tags=("crash",), min_plies=400),
)


def archive(setting: Setting) -> Iterator[Measurement]:
    """Measure pages and counts of filtered lists, and what a replay's page reads, on SQLite."""
    count = QUICK_GAMES if setting.quick else GAMES
    (game,) = recorded(1)
    encoded = encode(game)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arena.db"
        with Storage(f"sqlite:///{file}") as storage:
            setting.note(f"storing {count:,} games")
            populate(storage, count, encoded)
            setting.note("searching")
            yield from _searched(storage)
            yield from _watched(storage, count)
        yield Measurement("archive: database", file.stat().st_size / count, "bytes a game")


def _searched(storage: Storage) -> Iterator[Measurement]:
    times: dict[Order, list[float]] = {order: [] for order in Order}
    counts = []
    for wanted in SEARCHES:
        for order in Order:
            after = None
            for _ in range(PAGES):
                started = time.perf_counter()
                page = storage.find_games(wanted, order=order, after=after)
                times[order].append((time.perf_counter() - started) * 1000)
                after = page.after
                if after is None:
                    break
        started = time.perf_counter()
        storage.count_games_found(wanted)
        counts.append((time.perf_counter() - started) * 1000)
    for order, each in times.items():
        yield from _percentiles(f"archive: a page, {order} first", each, 50)
    yield from _percentiles("archive: a count", counts, None)


def _percentiles(name: str, times: list[float], target: float | None) -> Iterator[Measurement]:
    ordered = sorted(times)
    yield Measurement(f"{name}, median", ordered[len(ordered) // 2], "ms", target, at_most=True)
    yield Measurement(f"{name}, slowest", ordered[-1], "ms")


def _watched(storage: Storage, count: int) -> Iterator[Measurement]:
    rng = random.Random(5)
    times = []
    for _ in range(200):
        number = rng.randrange(1, count + 1)
        started = time.perf_counter()
        found, encoded = storage.game(number), storage.replay(number)
        if found is not None and encoded is not None:
            replay_view(decode(encoded), found.names, ("model", "model"))
        times.append((time.perf_counter() - started) * 1000)
    yield from _percentiles("archive: decode and first frame", times, 20)


def populate(storage: Storage, count: int, replay: bytes, *, rounds_played: int = 57) -> None:
    """Fill an empty database with ``count`` games of so many rounds, one in ten by a person."""
    rng = random.Random(11)
    with storage.writing() as connection:
        connection.execute(
            insert(rounds), [_round(number) for number in range(1, rounds_played + 1)]
        )
    names = [f"entrant-{number:03}" for number in range(max(4, min(400, count // 50)))]
    ratings = {name: rng.gauss(1000, 150) for name in names}
    with storage.writing() as connection:
        connection.execute(insert(entries), [_entry(names[0]), _entry(names[1])])
        connection.execute(insert(duels), [_duel()])
    for start in range(0, count, CHUNK):
        ids = range(start + 1, min(start + CHUNK, count) + 1)
        rows = [_game(rng, each, count, names, rounds_played) for each in ids]
        told = [_analysis(rng, row, ratings) for row in rows]
        tags = [
            {"tag": tag, "game_id": about["game_id"]}
            for about in told
            for tag in str(about["tags"]).split()
        ]
        for row in rows:
            row["replay"] = replay
        with storage.writing() as connection:
            connection.execute(insert(games), rows)
            connection.execute(insert(analyses), told)
            connection.execute(insert(game_tags), tags)


def _round(number: int) -> dict[str, object]:
    return {
        "number": number,
        "status": RoundStatus.DONE,
        "ruleset": "arena",
        "starts": 4,
        "seed": "11" * 32,
        "opened_at": BEGIN,
    }


def _entry(name: str) -> dict[str, object]:
    return {
        "round": 1,
        "number": int(name[-3:]),
        "name": name,
        "kind": "submission",
        "anchor": False,
        "alone": False,
        "sha256": name,
    }


def _duel() -> dict[str, object]:
    return {"round": 1, "number": 0, "block": 0, "first_entry_id": 1, "second_entry_id": 2}


def _game(
    rng: random.Random, number: int, count: int, names: list[str], rounds_played: int
) -> dict[str, object]:
    human = rng.random() < 0.1
    outcome, ending, _ = rng.choices(ENDS, [weight for *_, weight in ENDS])[0]
    causes = [DeathCause.NONE, DeathCause.NONE]
    if ending == RULES:
        causes = [
            DeathCause.NONE if outcome.winner == seat else rng.choice(list(DeathCause)[1:])
            for seat in (0, 1)
        ]
    first, second = rng.sample(names, 2)
    plies = min(500, int(rng.gammavariate(3, 60)))
    return {
        "id": number,
        "kind": GameKind.HUMAN if human else GameKind.DUEL,
        "round": None if human else 1 + (number - 1) * rounds_played // count,
        "first_name": "A player" if human else first,
        "second_name": second,
        "first_sha256": None if human else first,
        "second_sha256": second,
        "outcome": int(outcome),
        "first_cause": int(causes[0]),
        "second_cause": int(causes[1]),
        "ending": ending,
        "plies": plies,
        "length_band": length_band(plies),
        "played_at": BEGIN + timedelta(seconds=20 * number),
        "human_seat": 0 if human else None,
        "first_try": False,
    }


def _analysis(
    rng: random.Random, row: dict[str, object], ratings: dict[str, float]
) -> dict[str, object]:
    human = row["kind"] is GameKind.HUMAN
    gap = None if human else ratings[str(row["first_name"])] - ratings[str(row["second_name"])]
    tags = [tag for tag, share in TAG_SHARES.items() if rng.random() < share]
    played = row["played_at"]
    assert isinstance(played, datetime)
    return {
        "game_id": row["id"],
        "version": 1,
        "round": row["round"],
        "day": int(played.timestamp()) // 86_400,
        "title": "one beats another",
        "tags": " ".join(tags),
        "appeal": 50.0,
        "interest": round(rng.random() * 100, 3),
        "separation": 40,
        "decided": None,
        "lead_changes": 1,
        "first_territory": 100,
        "second_territory": 90,
        "rating_gap": gap,
        "gap_band": None if gap is None else gap_band(gap),
    }
