"""Rounds, submissions, entrants, duels and games."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rounds",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("ruleset", sa.String(length=32), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entrants", sa.Integer(), nullable=False),
        sa.Column("duels_done", sa.Integer(), nullable=False),
        sa.Column("duels_total", sa.Integer(), nullable=False),
        sa.Column("champion_entry_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rounds")),
    )

    op.create_index("ix_rounds_status", "rounds", ["status"])

    op.create_table(
        "submissions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["round"], ["rounds.number"], name=op.f("fk_submissions_round_rounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )

    op.create_index("ix_submissions_round_name", "submissions", ["round", "name"])

    op.create_table(
        "entries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("anchor", sa.Boolean(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("submission_id", ROW_ID, nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("games", sa.Integer(), nullable=True),
        sa.Column("wins", sa.Integer(), nullable=True),
        sa.Column("draws", sa.Integer(), nullable=True),
        sa.Column("losses", sa.Integer(), nullable=True),
        sa.Column("forfeits", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Float(), nullable=True),
        sa.Column("rating_low", sa.Float(), nullable=True),
        sa.Column("rating_high", sa.Float(), nullable=True),
        sa.Column("apex_score", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"], name=op.f("fk_entries_round_rounds")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_entries_submission_id_submissions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("round", "name", name=op.f("uq_entries_round_name")),
        sa.UniqueConstraint("round", "number", name=op.f("uq_entries_round_number")),
        sa.UniqueConstraint("round", "sha256", name=op.f("uq_entries_round_sha256")),
    )
    op.create_table(
        "duels",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("first_entry_id", ROW_ID, nullable=False),
        sa.Column("second_entry_id", ROW_ID, nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("first_points", sa.Float(), nullable=False),
        sa.Column("second_points", sa.Float(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("first_forfeits", sa.Integer(), nullable=False),
        sa.Column("second_forfeits", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_entry_id"], ["entries.id"], name=op.f("fk_duels_first_entry_id_entries")
        ),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"], name=op.f("fk_duels_round_rounds")),
        sa.ForeignKeyConstraint(
            ["second_entry_id"], ["entries.id"], name=op.f("fk_duels_second_entry_id_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duels")),
        sa.UniqueConstraint("round", "number", name=op.f("uq_duels_round_number")),
    )

    op.create_index("ix_duels_first_entry_id", "duels", ["first_entry_id"])
    op.create_index("ix_duels_second_entry_id", "duels", ["second_entry_id"])

    op.create_table(
        "games",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("duel_id", ROW_ID, nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("second_name", sa.String(length=80), nullable=False),
        sa.Column("first_sha256", sa.String(length=64), nullable=True),
        sa.Column("second_sha256", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("first_cause", sa.SmallInteger(), nullable=False),
        sa.Column("second_cause", sa.SmallInteger(), nullable=False),
        sa.Column("ending", sa.SmallInteger(), nullable=False),
        sa.Column("first_reason", sa.Text(), nullable=True),
        sa.Column("second_reason", sa.Text(), nullable=True),
        sa.Column("plies", sa.Integer(), nullable=False),
        sa.Column("played_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("human_seat", sa.SmallInteger(), nullable=True),
        sa.Column("speed", sa.SmallInteger(), nullable=True),
        sa.Column("first_try", sa.Boolean(), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("replay", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_games_duel_id_duels")),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"], name=op.f("fk_games_round_rounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_games")),
        sa.UniqueConstraint("duel_id", "number", name=op.f("uq_games_duel_id_number")),
    )

    op.create_index("ix_games_first_name", "games", ["first_name", "id"])
    op.create_index("ix_games_first_sha256", "games", ["first_sha256", "kind"])
    op.create_index("ix_games_kind_id", "games", ["kind", "id"])
    op.create_index("ix_games_round_id", "games", ["round", "id"])
    op.create_index("ix_games_second_name", "games", ["second_name", "id"])
    op.create_index("ix_games_second_sha256", "games", ["second_sha256", "kind"])
    op.create_index("ix_games_session", "games", ["session"])
