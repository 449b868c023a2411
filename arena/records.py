"""What the database holds, as typed values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from arena.divisions import Cost, Usage
from replays.format import Ending
from tron_env.types import DeathCause, Outcome, Seat

UNUSED: Final = Usage()


class RoundStatus(StrEnum):
    """How far a round is."""

    OPEN = "open"
    """Takes submissions."""
    CLOSED = "closed"
    """Field frozen, seed published, nothing played."""
    RUNNING = "running"
    """Some of it may be played; a killed run stays here until it is resumed."""
    DONE = "done"
    """All duels played, standings and champion stored."""
    CANCELLED = "cancelled"
    """Given up by the operator; what was played is kept and counts for nothing."""


class RoundFormat(StrEnum):
    """Who meets whom."""

    ROUND_ROBIN = "round-robin"
    """Every pair."""
    SWISS = "swiss"
    """Stage by stage, neighbours in the table so far that have not met."""


class EntryKind(StrEnum):
    """How an entrant came into a round; the first that fits."""

    CHAMPION = "champion"
    """The reigning champion, which defends."""
    LIGHT_CHAMPION = "light champion"
    """The reigning light champion, where that is another model."""
    ANCHOR = "anchor"
    """A fixed baseline that the package ships."""
    SUBMISSION = "submission"


class SubmissionStatus(StrEnum):
    """What became of a submitted file."""

    RECEIVED = "received"
    """Waits in the queue for its checks."""
    CHECKING = "checking"
    """Being checked; a check that was killed is begun again."""
    ACCEPTED = "accepted"
    """Will be in the field, unless a later one supersedes it."""
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    """The same name submitted a later valid file to the same round."""
    ENTERED = "entered"
    """In the frozen field."""
    FORFEITED = "forfeited"
    """Was in the field, and lost most of its games by faults of its own."""


class GameKind(StrEnum):
    """Who played."""

    DUEL = "duel"
    HUMAN = "human"


class Deed(StrEnum):
    """What operators and the scheduler do to rounds."""

    CHANGED = "changed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    RERUN = "rerun"
    POSTPONED = "postponed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round."""

    number: int
    status: RoundStatus
    ruleset: str
    starts: int
    """Starts a pair meets in; each is played twice with seats exchanged."""
    seed: str | None
    """64 hexadecimal digits; None until the round is closed."""
    seed_sha256: str
    """SHA-256 of the seed's 32 bytes, public from the opening on."""
    opened_at: datetime
    closed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    entrants: int
    """Size of the frozen field; 0 while open."""
    duels_done: int
    duels_total: int
    champion_entry_id: int | None
    """Of the open crown: the best of all."""
    light_champion_entry_id: int | None
    """Of the light crown: the best that a crowd can play; None where none was cheap enough."""
    format: RoundFormat
    stages: int
    """How many times pairings are drawn; 1 in a round-robin."""
    closes_at: datetime | None
    """When the scheduler closes it; None where nothing is planned."""
    estimated_cpu_seconds: float | None
    """Of playing it, as told when it closed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An entrant's place in a finished round."""

    rank: int
    points: float
    """Win 1, draw 1/2, loss 0."""
    games: int
    wins: int
    draws: int
    losses: int
    forfeits: int
    """Losses by the entrant's own fault."""
    rating: float
    """Elo scale; ``rating_low`` and ``rating_high`` bound the 95% interval."""
    rating_low: float
    rating_high: float
    apex_score: float
    """Apex's death-cause score, mean over all games."""
    kills: int = 0
    """How often the other died on this entrant's trail or head; breaks ties of ``apex_score``."""
    own_deaths: int = 0
    """Deaths on a wall or the own trail without a kill, forfeits aside; the fewer the better."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entrant of a round."""

    id: int
    round: int
    number: int
    """Place in the frozen field, from 0."""
    name: str
    kind: EntryKind
    anchor: bool
    """True for every shipped baseline, the reigning champion included if it is one."""
    alone: bool
    """Whether the model is asked for one position at a time."""
    sha256: str
    submission_id: int | None
    standing: Standing | None
    """None until the round is done."""
    cost: Cost | None = None
    """As measured at admission; None where it could not be."""
    usage: Usage = UNUSED
    """What it used in this round so far."""

    @property
    def light(self) -> bool:
        """Whether it may win the light crown: cheap at admission and over all of the round."""
        return self.cost is not None and self.cost.light and self.usage.kept_light


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submitted file."""

    id: int
    round: int
    name: str
    sha256: str
    status: SubmissionStatus
    reason: str
    """Why it was rejected; empty otherwise."""
    alone: bool
    """Whether admission found that its decisions depend on what else is in a batch."""
    submitted_at: datetime
    miner_id: int | None = None
    """Whose it is; None for those of before miners had names of their own."""
    graph_sha256: str | None = None
    """Hash of its graph without names; None where that was not found out."""
    checked_at: datetime | None = None
    """When its verdict came."""


@dataclass(frozen=True, slots=True)
class DuelRow:
    """All games of a pair in a round."""

    id: int
    round: int
    number: int
    """Place in the schedule, from 0."""
    block: int
    """The block it is played in."""
    entries: tuple[int, int]
    """Entry IDs."""
    names: tuple[str, str]
    done: bool
    points: tuple[float, float]
    """Zeros until done."""
    games: int
    forfeits: tuple[int, int]
    finished_at: datetime | None
    stage: int = 0
    """In which draw of pairings it came up; 0 in a round-robin."""


@dataclass(frozen=True, slots=True)
class GameRow:
    """One stored game; its replay is read with ``Storage.replay``."""

    id: int
    kind: GameKind
    round: int | None
    duel_id: int | None
    number: int | None
    """Place in the duel, from 0: start number // 2, and odd where seats are exchanged."""
    names: tuple[str, str]
    """By seat."""
    models: tuple[str | None, str | None]
    """SHA-256 by seat; None for a person."""
    outcome: Outcome
    causes: tuple[DeathCause, DeathCause]
    ending: Ending
    reasons: tuple[str | None, str | None]
    """Why a seat forfeited."""
    plies: int
    played_at: datetime
    human_seat: Seat | None
    speed: int | None
    """Plies a second of a human game."""
    first_try: bool
    takeover_ply: int | None = None
    """Where a person went on from another replay."""
    source_id: int | None = None
    """The stored game that a take-over goes on from, where it is known."""


class Result(StrEnum):
    """How games end, for searches; with a name, from that rider's side."""

    WIN = "win"
    """By the rules; without a name, any that the rules decided."""
    LOSS = "loss"
    """By the rules; without a name the same as ``WIN``."""
    DRAW = "draw"
    """Both died."""
    LIMIT = "limit"
    """Both rode on at the ply limit."""
    FORFEIT = "forfeit"
    """A model failed."""
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class GameFilter:
    """Which games a search returns; None does not narrow."""

    kind: GameKind | None = None
    round: int | None = None
    duel_id: int | None = None
    name: str | None = None
    """Rode in either seat."""
    sha256: str | None = None
    """Rode in either seat."""
    ending: Ending | None = None
    min_plies: int | None = None
    max_plies: int | None = None
    opponent: str | None = None
    """Rode in the other seat; needs ``name``."""
    result: Result | None = None
    cause: DeathCause | None = None
    """How the rider called ``name`` died; without a name, either."""
    tags: tuple[str, ...] = ()
    """All of them; see ``replays.titles.TAGS``."""
    min_gap: int | None = None
    """Least difference of the riders' ratings in their round; games without ratings do not fit."""
    max_gap: int | None = None
    takeover: bool | None = None
    """Whether a person went on from another replay."""
    abandoned: bool | None = None
    """Whether a person left before its end."""


@dataclass(frozen=True, slots=True)
class NewGame:
    """A played game of a duel, not yet stored."""

    number: int
    names: tuple[str, str]
    models: tuple[str, str]
    replay: bytes
    reasons: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entrant of a field that is being frozen."""

    name: str
    kind: EntryKind
    anchor: bool
    alone: bool
    sha256: str
    submission_id: int | None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class DuelResult:
    """What is stored of a played duel, together with its games."""

    duel_id: int
    points: tuple[float, float]
    forfeits: tuple[int, int]
    games: tuple[NewGame, ...]


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One played game of a round, as the standings need it."""

    duel: int
    """The duel's number in the schedule."""
    number: int
    """The game's number in the duel."""
    entries: tuple[int, int]
    """Entry IDs of the duel, its first one first whatever the seats."""
    outcome: Outcome
    causes: tuple[DeathCause, DeathCause]
    """By seat."""
    ending: Ending


@dataclass(frozen=True, slots=True)
class Forfeits:
    """How many games an entrant of a round forfeited for one reason."""

    name: str
    reason: str
    games: int


@dataclass(frozen=True, slots=True)
class ChampionRow:
    """The winner of one crown of one finished round."""

    round: int
    entry_id: int
    name: str
    sha256: str
    alone: bool
    """Ask it for one position at a time."""
    submission_id: int | None
    """None for a shipped model."""
    light: bool = False
    """Whether a crowd can play it: it kept the light division's limits."""


@dataclass(frozen=True, slots=True)
class HumanRecord:
    """A model's results against people, from the model's side."""

    wins: int
    losses: int
    draws: int
    abandoned: int
    first_wins: int
    """The same over first tries only."""
    first_losses: int
    first_draws: int


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    id: int
    at: datetime
    actor: str
    """The user and machine that did it."""
    action: Deed
    round: int | None
    detail: dict[str, object]
    """What was asked for and why, as JSON."""
