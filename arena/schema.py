"""The tables. Migrations change databases; this file says what the newest one makes of them."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in columns of the type INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both sides; databases without time zones store it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


rounds = Table(
    "rounds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("status", String(16), nullable=False),
    Column("ruleset", String(32), nullable=False),
    Column("starts", Integer, nullable=False),
    Column("seed", String(64), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("entrants", Integer, nullable=False, default=0),
    Column("duels_done", Integer, nullable=False, default=0),
    Column("duels_total", Integer, nullable=False, default=0),
    Column("champion_entry_id", RowId),
    Column("format", String(16), nullable=False, default="round-robin"),
    Column("stages", Integer, nullable=False, default=1),
    Column("closes_at", UtcDateTime),
    Column("estimated_cpu_seconds", Float),
    Column("light_champion_entry_id", RowId),
    Index("ix_rounds_status", "status"),
    Index(
        "ix_rounds_one_open",
        "status",
        unique=True,
        sqlite_where=text("status = 'open'"),
        postgresql_where=text("status = 'open'"),
    ),
)

miners = Table(
    "miners",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("origin", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_miners_origin_created_at", "origin", "created_at"),
    Index("ix_miners_created_at", "created_at"),
)

looks = Table(
    "looks",
    metadata,
    Column("look", String(128), primary_key=True),
    Column("miner_id", RowId, ForeignKey("miners.id"), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("miner_id", RowId, ForeignKey("miners.id"), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("ix_tokens_miner_id", "miner_id"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("round", Integer, ForeignKey("rounds.number"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("alone", Boolean, nullable=False, default=False),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("miner_id", RowId, ForeignKey("miners.id")),
    Column("graph_sha256", String(64)),
    Column("checked_at", UtcDateTime),
    Index("ix_submissions_round_name", "round", "name"),
    Index("ix_submissions_miner_id", "miner_id", "submitted_at"),
    Index("ix_submissions_sha256", "sha256"),
    Index("ix_submissions_graph_sha256", "graph_sha256"),
    Index(
        "uq_submissions_accepted",
        "round",
        "name",
        unique=True,
        sqlite_where=text("status = 'accepted'"),
        postgresql_where=text("status = 'accepted'"),
    ),
)

uploads = Table(
    "uploads",
    metadata,
    Column("submission_id", RowId, ForeignKey("submissions.id"), primary_key=True),
    Column("model", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("claimed_by", String(32)),
    Column("claimed_until", UtcDateTime),
)

findings = Table(
    "findings",
    metadata,
    Column("submission_id", RowId, ForeignKey("submissions.id"), primary_key=True),
    Column("body", Text, nullable=False),
)

trials = Table(
    "trials",
    metadata,
    Column("submission_id", RowId, ForeignKey("submissions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("replay", LargeBinary, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("round", Integer, ForeignKey("rounds.number"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("anchor", Boolean, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("submission_id", RowId, ForeignKey("submissions.id")),
    Column("rank", Integer),
    Column("points", Float),
    Column("games", Integer),
    Column("wins", Integer),
    Column("draws", Integer),
    Column("losses", Integer),
    Column("forfeits", Integer),
    Column("rating", Float),
    Column("rating_low", Float),
    Column("rating_high", Float),
    Column("apex_score", Float),
    Column("single_ms", Float),
    Column("single_p99_ms", Float),
    Column("batch64_ms", Float),
    Column("positions", BigInteger, nullable=False, default=0),
    Column("charged", BigInteger, nullable=False, default=0),
    Column("cpu_seconds", Float, nullable=False, default=0.0),
    Column("reference_seconds", Float, nullable=False, default=0.0),
    Column("kills", Integer),
    Column("own_deaths", Integer),
    UniqueConstraint("round", "number"),
    UniqueConstraint("round", "name"),
    UniqueConstraint("round", "sha256"),
    Index("ix_entries_sha256", "sha256"),
    Index("ix_entries_round_rank", "round", "rank", "number"),
    Index("ix_entries_submission_id", "submission_id"),
)

duels = Table(
    "duels",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("round", Integer, ForeignKey("rounds.number"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("block", Integer, nullable=False),
    Column("first_entry_id", RowId, ForeignKey("entries.id"), nullable=False),
    Column("second_entry_id", RowId, ForeignKey("entries.id"), nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Column("first_points", Float, nullable=False, default=0.0),
    Column("second_points", Float, nullable=False, default=0.0),
    Column("games", Integer, nullable=False, default=0),
    Column("first_forfeits", Integer, nullable=False, default=0),
    Column("second_forfeits", Integer, nullable=False, default=0),
    Column("finished_at", UtcDateTime),
    Column("stage", Integer, nullable=False, default=0),
    UniqueConstraint("round", "number"),
    Index("ix_duels_first_entry_id", "first_entry_id"),
    Index("ix_duels_second_entry_id", "second_entry_id"),
)

games = Table(
    "games",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("round", Integer, ForeignKey("rounds.number")),
    Column("duel_id", RowId, ForeignKey("duels.id")),
    Column("number", Integer),
    Column("first_name", String(80), nullable=False),
    Column("second_name", String(80), nullable=False),
    Column("first_sha256", String(64)),
    Column("second_sha256", String(64)),
    Column("outcome", SmallInteger, nullable=False),
    Column("first_cause", SmallInteger, nullable=False),
    Column("second_cause", SmallInteger, nullable=False),
    Column("ending", SmallInteger, nullable=False),
    Column("first_reason", Text),
    Column("second_reason", Text),
    Column("plies", Integer, nullable=False),
    Column("played_at", UtcDateTime, nullable=False),
    Column("human_seat", SmallInteger),
    Column("speed", SmallInteger),
    Column("first_try", Boolean, nullable=False, default=False),
    Column("stood_still", Boolean, nullable=False, default=False),
    Column("session", String(64)),
    Column("player_name", String(24)),
    Column("replay", LargeBinary, nullable=False),
    Column("length_band", SmallInteger, nullable=False, default=0),
    Column("takeover_ply", Integer),
    Column("source_id", RowId, ForeignKey("games.id")),
    UniqueConstraint("duel_id", "number"),
    Index("ix_games_round_id", "round", "id"),
    Index("ix_games_kind_id", "kind", "id"),
    Index("ix_games_first_sha256", "first_sha256", "kind", "id"),
    Index("ix_games_second_sha256", "second_sha256", "kind", "id"),
    Index("ix_games_first_name", "first_name", "id"),
    Index("ix_games_second_name", "second_name", "id"),
    Index("ix_games_names", "first_name", "second_name", "id"),
    Index("ix_games_outcome", "ending", "outcome", "id"),
    Index("ix_games_first_cause", "first_cause", "id"),
    Index("ix_games_second_cause", "second_cause", "id"),
    Index("ix_games_length_band", "length_band", "id"),
    Index("ix_games_source_id", "source_id"),
    Index("ix_games_session", "session"),
    Index(
        "ix_games_first_tries",
        "id",
        sqlite_where=text("(first_try = 1 OR stood_still = 1) AND player_name IS NOT NULL"),
        postgresql_where=text("(first_try OR stood_still) AND player_name IS NOT NULL"),
    ),
)

people_tallies = Table(
    "people_tallies",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("speed", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_try", Boolean, primary_key=True),
    Column("result", String(12), primary_key=True),
    Column("games", Integer, nullable=False),
)

model_costs = Table(
    "model_costs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("single_ms", Float, nullable=False),
    Column("single_p99_ms", Float, nullable=False),
    Column("batch64_ms", Float, nullable=False),
    Column("measured_at", UtcDateTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("expires_at", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("action", String(24), nullable=False),
    Column("round", Integer, ForeignKey("rounds.number")),
    Column("detail", Text, nullable=False),
    Index("ix_audit_round_id", "round", "id"),
)

analyses = Table(
    "analyses",
    metadata,
    Column("game_id", RowId, ForeignKey("games.id"), primary_key=True, autoincrement=False),
    Column("version", SmallInteger, nullable=False),
    Column("round", Integer, ForeignKey("rounds.number")),
    Column("day", Integer, nullable=False),
    Column("title", String(240), nullable=False),
    Column("tags", String(160), nullable=False),
    Column("appeal", Float, nullable=False),
    Column("interest", Float, nullable=False),
    Column("separation", Integer),
    Column("decided", Integer),
    Column("lead_changes", Integer, nullable=False),
    Column("first_territory", Integer, nullable=False),
    Column("second_territory", Integer, nullable=False),
    Column("rating_gap", Float),
    Column("gap_band", SmallInteger),
    Index("ix_analyses_interest", "interest", "game_id"),
    Index("ix_analyses_round", "round", "interest", "game_id"),
    Index("ix_analyses_day", "day", "interest", "game_id"),
    Index("ix_analyses_gap_band", "gap_band", "game_id"),
)

game_tags = Table(
    "game_tags",
    metadata,
    Column("tag", String(16), primary_key=True),
    Column("game_id", RowId, ForeignKey("games.id"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

deep_analyses = Table(
    "deep_analyses",
    metadata,
    Column("game_id", RowId, ForeignKey("games.id"), primary_key=True, autoincrement=False),
    Column("version", SmallInteger, nullable=False),
    Column("judges", String(160), nullable=False),
    Column("first_blunders", Integer, nullable=False),
    Column("second_blunders", Integer, nullable=False),
    Column("plies", Integer, nullable=False),
    Column("judged", LargeBinary, nullable=False),
)

deep_requests = Table(
    "deep_requests",
    metadata,
    Column("game_id", RowId, ForeignKey("games.id"), primary_key=True, autoincrement=False),
    Column("priority", SmallInteger, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("claimed_until", UtcDateTime),
    Index("ix_deep_requests_priority", "priority", "requested_at"),
)

checks = Table(
    "checks",
    metadata,
    Column("game_id", RowId, ForeignKey("games.id"), primary_key=True, autoincrement=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("ply", Integer),
    Column("seat", SmallInteger),
    Column("riders", SmallInteger, nullable=False),
)

insights = Table(
    "insights",
    metadata,
    Column("entry_id", RowId, ForeignKey("entries.id"), primary_key=True, autoincrement=False),
    Column("version", SmallInteger, nullable=False),
    Column("games", Integer, nullable=False),
    Column("told", LargeBinary, nullable=False),
)
