"""The rows of a benchmark's season, table by table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from arena.bench_games import PoolGame
from arena.insight import Insight, RiddenGame, insight_of
from arena.records import EntryKind, SubmissionStatus
from arena.search_conditions import gap_band
from arena.stored_analyses import DAY_SECONDS
from arena.stored_games import length_band
from replays.summary import ANALYSIS_VERSION
from tron_env.ruleset import ARENA
from tron_env.types import Seat

Row: TypeAlias = dict[str, object]

INSIGHT_GAMES: Final = 80


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who rides in a round; baselines have no submission."""

    id: int
    name: str
    sha256: str
    submission_id: int | None
    rating: float


def submission_row(entrant: Entrant, number: int, at: datetime) -> Row:
    """Return what an entrant sent in."""
    return {
        "id": entrant.submission_id,
        "round": number,
        "name": entrant.name,
        "sha256": entrant.sha256,
        "status": SubmissionStatus.ENTERED,
        "reason": "",
        "alone": False,
        "submitted_at": at,
    }


def entry_row(entrant: Entrant, number: int, place: int, size: int, *, champion: bool) -> Row:
    """Return an entrant's line of a round of ``size``; ``champion`` is the reigning one."""
    house = entrant.submission_id is None
    kind = EntryKind.ANCHOR if house else EntryKind.SUBMISSION
    light = house or place % 3 > 0
    return {
        "id": entrant.id,
        "round": number,
        "number": place,
        "name": entrant.name,
        "kind": EntryKind.CHAMPION if champion else kind,
        "anchor": house,
        "alone": False,
        "sha256": entrant.sha256,
        "submission_id": entrant.submission_id,
        "single_ms": 0.4 if light else 6.0,
        "single_p99_ms": 0.6 if light else 9.0,
        "batch64_ms": 0.1 if light else 4.0,
        "rank": place + 1,
        "points": float(size - place),
        "games": 80,
        "wins": 40,
        "draws": 0,
        "losses": 40,
        "forfeits": 0,
        "kills": 30,
        "own_deaths": 20,
        "rating": entrant.rating,
        "rating_low": entrant.rating - 60,
        "rating_high": entrant.rating + 60,
        "apex_score": 0.5,
    }


def game_row(
    number: int,
    game: PoolGame,
    names: tuple[str, str],
    models: tuple[str | None, str],
    at: datetime,
) -> Row:
    """Return what all games have; every row of one insert has the same columns."""
    replay = game.replay
    return {
        "id": number,
        "round": None,
        "duel_id": None,
        "number": None,
        "first_name": names[0],
        "second_name": names[1],
        "first_sha256": models[0],
        "second_sha256": models[1],
        "outcome": int(replay.outcome),
        "first_cause": int(replay.causes[0]),
        "second_cause": int(replay.causes[1]),
        "ending": int(replay.ending),
        "first_reason": "it answered too late" if game.forfeit else None,
        "plies": replay.plies,
        "length_band": length_band(replay.plies),
        "played_at": at + timedelta(seconds=number % DAY_SECONDS),
        "human_seat": None,
        "speed": None,
        "first_try": False,
        "session": None,
        "player_name": None,
        "takeover_ply": None,
        "source_id": None,
        "replay": game.encoded,
    }


def analysis_row(row: Row, game: PoolGame, gap: float | None) -> Row:
    """Return what is known of a stored game; ``gap`` is the difference of its riders' ratings."""
    summary, played = game.summary, row["played_at"]
    assert isinstance(played, datetime)
    # As far apart as upsets and rarity put them.
    interest = min(100.0, summary.appeal + hash(row["id"]) * 7919 % 2500 / 100)
    return {
        "game_id": row["id"],
        "version": ANALYSIS_VERSION,
        "round": row["round"],
        "day": int(played.timestamp()) // DAY_SECONDS,
        "title": game.title(str(row["first_name"]), str(row["second_name"])),
        "tags": " ".join(summary.tags),
        "appeal": summary.appeal,
        "interest": interest,
        "separation": summary.separation,
        "decided": summary.decided,
        "lead_changes": summary.lead_changes,
        "first_territory": summary.territory[0],
        "second_territory": summary.territory[1],
        "rating_gap": gap,
        "gap_band": None if gap is None else gap_band(gap),
    }


def bench_insight(pool: Sequence[PoolGame]) -> Insight:
    """Return what a round might say of an entrant."""
    chosen = [pool[k % len(pool)] for k in range(INSIGHT_GAMES)]
    ridden = [
        RiddenGame(
            seat=Seat(k % 2),
            outcome=game.replay.outcome,
            ending=game.replay.ending,
            causes=game.replay.causes,
            plies=game.replay.plies,
            opponent=k // 8,
            lead=game.summary.territory[0] - game.summary.territory[1],
        )
        for k, game in enumerate(chosen)
    ]
    others = {k: (f"rider-{k}", 1300.0 + 20 * k) for k in range(INSIGHT_GAMES // 8)}
    return insight_of(ridden, [game.replay for game in chosen], ARENA, 1400.0, others)
