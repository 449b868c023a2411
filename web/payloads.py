"""What the JSON interface answers: rows of the arena as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from arena.records import ChampionRow, DuelRow, EntryRow, GameRow, RoundRow
from arena.trial import Trial
from arena.validation import Verdict
from replays.document import ReplayDocument
from replays.view import ReplayView


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused."""

    code: int
    """The HTTP status."""
    message: str
    """For people: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class ErrorPayload:
    """The body of every refusal."""

    error: Refusal


@dataclass(frozen=True, slots=True)
class RoundPayload:
    """One round. Its seed is null until it closes; the seed's hash is public from the opening."""

    round: int
    status: Literal["open", "closed", "running", "done", "cancelled"]
    ruleset: str
    starts: int
    seed: str | None
    seed_sha256: str
    entrants: int
    done: int
    total: int
    opened_at: datetime
    closed_at: datetime | None
    finished_at: datetime | None
    champion: str | None
    light_champion: str | None


@dataclass(frozen=True, slots=True)
class RoundsPayload:
    """All rounds, newest first."""

    rounds: list[RoundPayload]


@dataclass(frozen=True, slots=True)
class EntryPayload:
    """An entrant. Everything from rank on is null until the round is done."""

    name: str
    kind: Literal["champion", "light champion", "anchor", "submission"]
    anchor: bool
    sha256: str
    light: bool
    """Whether it may win the light crown."""
    rank: int | None = None
    points: float | None = None
    games: int | None = None
    wins: int | None = None
    draws: int | None = None
    losses: int | None = None
    forfeits: int | None = None
    rating: float | None = None
    rating_low: float | None = None
    rating_high: float | None = None
    apex_score: float | None = None
    kills: int | None = None
    own_deaths: int | None = None


@dataclass(frozen=True, slots=True)
class StandingsPayload:
    """A round's entrants, ranked once it is done."""

    round: RoundPayload
    entries: list[EntryPayload]


@dataclass(frozen=True, slots=True)
class DuelPayload:
    """All games of a pair in a round. Points are zeros until it is done."""

    id: int
    round: int
    number: int
    names: tuple[str, str]
    done: bool
    points: tuple[float, float]
    games: int
    forfeits: tuple[int, int]
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DuelsPayload:
    """One page of a round's duels; ``next`` is the next page's ``after``, null on the last."""

    duels: list[DuelPayload]
    next: int | None


@dataclass(frozen=True, slots=True)
class GamePayload:
    """A stored game without its moves; lists over riders are in seat order."""

    id: int
    kind: Literal["duel", "human"]
    round: int | None
    duel: int | None
    number: int | None
    names: tuple[str, str]
    models: tuple[str | None, str | None]
    """SHA-256; null for a person."""
    outcome: str
    causes: tuple[str, str]
    ending: str
    reasons: tuple[str | None, str | None]
    """Why a rider forfeited."""
    plies: int
    played_at: datetime


@dataclass(frozen=True, slots=True)
class DuelGamesPayload:
    """One duel and its games."""

    duel: DuelPayload
    games: list[GamePayload]


@dataclass(frozen=True, slots=True)
class GamesPayload:
    """One page of games, newest first; ``next`` is the next page's ``before``, null on the last."""

    games: list[GamePayload]
    next: int | None


@dataclass(frozen=True, slots=True)
class GameLine:
    """One line of the bulk download: a game and its moves."""

    game: GamePayload
    replay: ReplayDocument


@dataclass(frozen=True, slots=True)
class ChampionPayload:
    """The winner of one crown of one finished round."""

    round: int
    name: str
    sha256: str
    submission: int | None
    """Null for a shipped model."""


@dataclass(frozen=True, slots=True)
class ChampionsPayload:
    """The champions and light champions of every finished round, newest first."""

    champions: list[ChampionPayload]
    light_champions: list[ChampionPayload]


@dataclass(frozen=True, slots=True)
class MinerPayload:
    """A miner, as it sees itself."""

    id: int
    name: str
    hidden: bool
    """Whether the operator hid the name from all others."""
    created_at: datetime
    submissions_a_day: int
    submissions_left: int


@dataclass(frozen=True, slots=True)
class RegisteredPayload:
    """A new miner and its token, which is shown only this once."""

    miner: MinerPayload
    token: str


@dataclass(frozen=True, slots=True)
class TokenPayload:
    """A token, which is shown only this once."""

    token: str


@dataclass(frozen=True, slots=True)
class SubmissionPayload:
    """A submission, as its miner sees it.

    `place` is null unless it waits or is being checked; `verdict` is null until it was checked,
    and `trial` unless it was accepted.
    """

    id: int
    round: int
    name: str
    sha256: str
    state: Literal[
        "received", "checking", "accepted", "rejected", "superseded", "entered", "forfeited"
    ]
    reason: str
    place: int | None
    submitted_at: datetime
    checked_at: datetime | None
    light: bool
    """Whether it may ride for the light crown."""
    verdict: Verdict | None
    trial: Trial | None


@dataclass(frozen=True, slots=True)
class SubmissionsPayload:
    """A miner's latest submissions, newest first."""

    submissions: list[SubmissionPayload]


class GameView(ReplayView):
    """A stored game: its replay's view, and what the database knows of it."""

    id: int
    title: str
    duel: int | None
    round: int | None
    number: int | None
    reason: str | None
    """Why a rider forfeited."""
    played_at: str


def round_payload(
    row: RoundRow, champions: Mapping[int, str], light_champions: Mapping[int, str]
) -> RoundPayload:
    """Present a round; the mappings hold the crowned names by round."""
    return RoundPayload(
        round=row.number,
        status=row.status.value,
        ruleset=row.ruleset,
        starts=row.starts,
        seed=row.seed,
        seed_sha256=row.seed_sha256,
        entrants=row.entrants,
        done=row.duels_done,
        total=row.duels_total,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        finished_at=row.finished_at,
        champion=champions.get(row.number),
        light_champion=light_champions.get(row.number),
    )


def entry_payload(entry: EntryRow) -> EntryPayload:
    """Present an entrant."""
    standing = entry.standing
    if standing is None:
        return EntryPayload(entry.name, entry.kind.value, entry.anchor, entry.sha256, entry.light)
    return EntryPayload(
        name=entry.name,
        kind=entry.kind.value,
        anchor=entry.anchor,
        sha256=entry.sha256,
        light=entry.light,
        rank=standing.rank,
        points=standing.points,
        games=standing.games,
        wins=standing.wins,
        draws=standing.draws,
        losses=standing.losses,
        forfeits=standing.forfeits,
        rating=standing.rating,
        rating_low=standing.rating_low,
        rating_high=standing.rating_high,
        apex_score=standing.apex_score,
        kills=standing.kills,
        own_deaths=standing.own_deaths,
    )


def duel_payload(row: DuelRow) -> DuelPayload:
    """Present a duel."""
    return DuelPayload(
        id=row.id,
        round=row.round,
        number=row.number,
        names=row.names,
        done=row.done,
        points=row.points,
        games=row.games,
        forfeits=row.forfeits,
        finished_at=row.finished_at,
    )


def game_payload(row: GameRow) -> GamePayload:
    """Present a game."""
    return GamePayload(
        id=row.id,
        kind=row.kind.value,
        round=row.round,
        duel=row.duel_id,
        number=row.number,
        names=row.names,
        models=row.models,
        outcome=row.outcome.name.lower(),
        causes=(row.causes[0].name.lower(), row.causes[1].name.lower()),
        ending=row.ending.name.lower(),
        reasons=row.reasons,
        plies=row.plies,
        played_at=row.played_at,
    )


def champion_payload(row: ChampionRow) -> ChampionPayload:
    """Present a champion."""
    return ChampionPayload(row.round, row.name, row.sha256, row.submission_id)
