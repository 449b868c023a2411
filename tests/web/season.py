"""A whole season in a database: many rounds of many entrants, with real replays.

Rows are written in bulk, past ``Storage``, as no season could be played for a test. Replays are
real games of riders who turn at random, each stored many times.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice

import numpy as np
from sqlalchemy import Connection, insert

from agents.zoo import shipped_model
from arena.records import EntryKind, GameKind, RoundStatus, SubmissionStatus
from arena.schema import duels, entries, games, rounds, submissions
from arena.storage import Storage
from replays.format import Ending, Replay, decode, encode
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import DeathCause, Outcome

BEGAN = datetime(2025, 10, 1, tzinfo=UTC)
BATCH = 20_000
HOUSE = shipped_model("wall-hugger").sha256
"""Of the champion of every round."""
TOP = 32
"""Entrants of each round that all meet each other; others meet by chance."""


@dataclass(frozen=True)
class Season:
    """How large a season is."""

    rounds: int = 57
    entrants: int = 403
    games: int = 1_000_000
    starts: int = 4
    replays: int = 200
    """Different ones."""

    @property
    def duels_a_round(self) -> int:
        return max(1, self.games // (2 * self.starts) // self.rounds)


WHOLE = Season()
"""57 rounds, 22,971 submissions and a million replays."""
SMALL = Season(rounds=57, entrants=48, games=57 * 8 * 60, replays=40)
"""As many rounds, small enough for every test run."""


def recorded(count: int, seed: int = 5) -> list[bytes]:
    """Return games of riders who go on while they can and turn now and then."""
    rng = np.random.default_rng(seed)
    engine = BatchEngine(ARENA, count)
    seeds = list(range(1, count + 1))
    engine.reset(list(range(count)), seeds)
    played = []
    while (engine.outcomes == Outcome.ONGOING).any():
        ahead = engine.masks[
            np.arange(count)[:, None], np.arange(2)[None], engine.headings.astype(np.intp)
        ]
        any_open = np.where(engine.masks, rng.random(engine.masks.shape), -1).argmax(axis=-1)
        keep = ahead & (rng.random((count, 2)) < 0.85)
        engine.step(np.where(keep, engine.headings, any_open).astype(np.uint8))
        played.append(engine.headings.copy())
    found = []
    for game in range(count):
        first, second = (DeathCause(int(cause)) for cause in engine.causes[game])
        replay = Replay(
            ARENA,
            seeds[game],
            spawns_for(ARENA, seeds[game]),
            np.array([ply[game] for ply in played[: int(engine.plies[game])]], dtype=np.uint8),
            Outcome(int(engine.outcomes[game])),
            (first, second),
            Ending.RULES,
            (bytes(8), bytes(8)),
        )
        found.append(encode(replay))
    return found


def stock(storage: Storage, season: Season) -> None:
    """Write a season into an empty database, and an open round after it."""
    rng = np.random.default_rng(11)
    replays = [(encoded, decode(encoded)) for encoded in recorded(season.replays)]
    with storage.writing() as connection:
        for number in range(1, season.rounds + 1):
            _write_round(connection, season, number, replays, rng)
        opened = _round_values(season, season.rounds + 1)
        opened |= {"status": RoundStatus.OPEN, "entrants": 0, "duels_done": 0, "duels_total": 0}
        opened |= {"closed_at": None}
        connection.execute(insert(rounds).values(opened))


def _write_round(
    connection: Connection,
    season: Season,
    number: int,
    replays: list[tuple[bytes, Replay]],
    rng: np.random.Generator,
) -> None:
    n, games_a_duel = season.entrants, 2 * season.starts
    base_entry, base_duel = (number - 1) * n, (number - 1) * season.duels_a_round
    ids = [base_entry + place + 1 for place in range(n)]
    names = [
        f"{'a-name-as-long-as-they-get-' * 2 if place == 7 else 'rider'}-{place}"
        for place in range(n)
    ]
    # The champion comes back; everybody else brings a new model each round.
    shas = [
        hashlib.sha256(f"{number}/{place}".encode()).hexdigest() if place else HOUSE
        for place in range(n)
    ]
    at = BEGAN + timedelta(days=7 * number)
    connection.execute(
        insert(rounds).values(
            _round_values(season, number)
            | {
                "champion_entry_id": ids[0],
                "light_champion_entry_id": ids[0],
                "finished_at": at,
            }
        )
    )
    connection.execute(
        insert(submissions),
        [
            {
                "id": ids[place],
                "round": number,
                "name": names[place],
                "sha256": shas[place],
                "status": SubmissionStatus.ENTERED,
                "reason": "",
                "alone": False,
                "submitted_at": at,
            }
            for place in range(n)
        ],
    )
    connection.execute(
        insert(entries),
        [
            {
                "id": ids[place],
                "round": number,
                "number": place,
                "name": names[place],
                "kind": EntryKind.CHAMPION if place == 0 else EntryKind.SUBMISSION,
                "anchor": False,
                "alone": False,
                "sha256": shas[place],
                "submission_id": ids[place],
                "rank": place + 1,
                "points": float(n - place),
                "games": 80,
                "wins": 40,
                "draws": 0,
                "losses": 40,
                "forfeits": 0,
                "rating": 1600.0 - 1200 * place / n + number,
                "rating_low": 1540.0 - 1200 * place / n,
                "rating_high": 1660.0 - 1200 * place / n,
                "apex_score": 0.5,
            }
            for place in range(n)
        ],
    )
    pairs = list(islice(combinations(range(min(TOP, n)), 2), season.duels_a_round))
    taken = set(pairs)
    while len(pairs) < season.duels_a_round:
        first, second = sorted(rng.choice(n, 2, replace=False).tolist())
        if (first, second) not in taken:
            taken.add((first, second))
            pairs.append((first, second))
    points = rng.integers(0, 2 * games_a_duel + 1, len(pairs)) / 2
    connection.execute(
        insert(duels),
        [
            {
                "id": base_duel + place + 1,
                "round": number,
                "number": place,
                "block": 0,
                "first_entry_id": ids[first],
                "second_entry_id": ids[second],
                "done": True,
                "first_points": float(points[place]),
                "second_points": float(games_a_duel - points[place]),
                "games": games_a_duel,
                "first_forfeits": 0,
                "second_forfeits": 0,
                "finished_at": at,
            }
            for place, (first, second) in enumerate(pairs)
        ],
    )
    rows = _games(number, pairs, base_duel, games_a_duel, names, shas, at, replays, rng)
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(games), batch)


def _games(
    number: int,
    pairs: list[tuple[int, int]],
    base_duel: int,
    games_a_duel: int,
    names: list[str],
    shas: list[str],
    at: datetime,
    replays: list[tuple[bytes, Replay]],
    rng: np.random.Generator,
) -> Iterator[dict[str, object]]:
    for place, pair in enumerate(pairs):
        for game in range(games_a_duel):
            first, second = pair if game % 2 == 0 else pair[::-1]
            encoded, replay = replays[int(rng.integers(len(replays)))]
            yield {
                "kind": GameKind.DUEL,
                "round": number,
                "duel_id": base_duel + place + 1,
                "number": game,
                "first_name": names[first],
                "second_name": names[second],
                "first_sha256": shas[first],
                "second_sha256": shas[second],
                "outcome": int(replay.outcome),
                "first_cause": int(replay.causes[0]),
                "second_cause": int(replay.causes[1]),
                "ending": int(replay.ending),
                "plies": replay.plies,
                "played_at": at,
                "first_try": False,
                "replay": encoded,
            }


def _round_values(season: Season, number: int) -> dict[str, object]:
    at = BEGAN + timedelta(days=7 * number)
    return {
        "number": number,
        "status": RoundStatus.DONE,
        "ruleset": "arena",
        "starts": season.starts,
        "seed": hashlib.sha256(str(number).encode()).hexdigest(),
        "opened_at": at - timedelta(days=7),
        "closed_at": at,
        "entrants": season.entrants,
        "duels_done": season.duels_a_round,
        "duels_total": season.duels_a_round,
    }
