"""Stored analyses, tags, checks and insights; take-overs and lengths of games."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GAMES_INDEXES = {
    "ix_games_first_sha256": ["first_sha256", "kind", "id"],
    "ix_games_second_sha256": ["second_sha256", "kind", "id"],
    "ix_games_names": ["first_name", "second_name", "id"],
    "ix_games_outcome": ["ending", "outcome", "id"],
    "ix_games_first_cause": ["first_cause", "id"],
    "ix_games_second_cause": ["second_cause", "id"],
    "ix_games_length_band": ["length_band", "id"],
    "ix_games_source_id": ["source_id"],
}


def upgrade() -> None:
    """Apply."""
    # Never by copying the table: SQLite would ask of each of its rows which others name it.
    band = sa.Column("length_band", sa.SmallInteger(), nullable=False, server_default="0")
    op.add_column("games", band)
    op.add_column("games", sa.Column("takeover_ply", sa.Integer()))
    source = op.f("fk_games_source_id_games")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE games ADD COLUMN source_id INTEGER "
            f"CONSTRAINT {source} REFERENCES games (id)"
        )
    else:
        op.add_column("games", sa.Column("source_id", ROW_ID))
        op.create_foreign_key(source, "games", "games", ["source_id"], ["id"])
        op.alter_column("games", "length_band", server_default=None)
    op.execute("UPDATE games SET length_band = CASE WHEN plies < 500 THEN plies / 50 ELSE 10 END")
    op.drop_index("ix_games_first_sha256", "games")
    op.drop_index("ix_games_second_sha256", "games")
    for name, columns in GAMES_INDEXES.items():
        op.create_index(name, "games", columns)

    op.create_table(
        "analyses",
        _game_id("analyses"),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("round", sa.Integer()),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(240), nullable=False),
        sa.Column("tags", sa.String(160), nullable=False),
        sa.Column("appeal", sa.Float(), nullable=False),
        sa.Column("interest", sa.Float(), nullable=False),
        sa.Column("separation", sa.Integer()),
        sa.Column("decided", sa.Integer()),
        sa.Column("lead_changes", sa.Integer(), nullable=False),
        sa.Column("first_territory", sa.Integer(), nullable=False),
        sa.Column("second_territory", sa.Integer(), nullable=False),
        sa.Column("rating_gap", sa.Float()),
        sa.Column("gap_band", sa.SmallInteger()),
        sa.ForeignKeyConstraint(
            ["round"], ["rounds.number"], name=op.f("fk_analyses_round_rounds")
        ),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_analyses")),
    )
    op.create_index("ix_analyses_interest", "analyses", ["interest", "game_id"])
    op.create_index("ix_analyses_round", "analyses", ["round", "interest", "game_id"])
    op.create_index("ix_analyses_day", "analyses", ["day", "interest", "game_id"])
    op.create_index("ix_analyses_gap_band", "analyses", ["gap_band", "game_id"])
    op.create_table(
        "game_tags",
        sa.Column("tag", sa.String(16), nullable=False),
        _game_id("game_tags"),
        sa.PrimaryKeyConstraint("tag", "game_id", name=op.f("pk_game_tags")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deep_analyses",
        _game_id("deep_analyses"),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("judges", sa.String(160), nullable=False),
        sa.Column("first_blunders", sa.Integer(), nullable=False),
        sa.Column("second_blunders", sa.Integer(), nullable=False),
        sa.Column("plies", sa.Integer(), nullable=False),
        sa.Column("judged", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_deep_analyses")),
    )
    op.create_table(
        "deep_requests",
        _game_id("deep_requests"),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_deep_requests")),
    )
    op.create_index("ix_deep_requests_priority", "deep_requests", ["priority", "requested_at"])
    op.create_table(
        "checks",
        _game_id("checks"),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ply", sa.Integer()),
        sa.Column("seat", sa.SmallInteger()),
        sa.Column("riders", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_checks")),
    )
    op.create_table(
        "insights",
        sa.Column("entry_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_insights_entry_id_entries")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_insights")),
    )


def _game_id(table: str) -> sa.Column[int]:
    """Return the column that names a game."""
    return sa.Column(
        "game_id",
        ROW_ID,
        sa.ForeignKey("games.id", name=op.f(f"fk_{table}_game_id_games")),
        autoincrement=False,
        nullable=False,
    )
