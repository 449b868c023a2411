"""Miners, their names and tokens; submissions that wait, what was found, and trial games."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVE = sa.text("status = 'accepted'")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "miners",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_miners")),
    )
    op.create_index("ix_miners_origin_created_at", "miners", ["origin", "created_at"])
    op.create_index("ix_miners_created_at", "miners", ["created_at"])
    op.create_table(
        "looks",
        sa.Column("look", sa.String(length=128), nullable=False),
        sa.Column("miner_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["miner_id"], ["miners.id"], name=op.f("fk_looks_miner_id_miners")),
        sa.PrimaryKeyConstraint("look", name=op.f("pk_looks")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("miner_id", ROW_ID, nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["miner_id"], ["miners.id"], name=op.f("fk_tokens_miner_id_miners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index("ix_tokens_miner_id", "tokens", ["miner_id"])
    owner = sa.ForeignKey("miners.id", name=op.f("fk_submissions_miner_id_miners"))
    # Inline, as SQLite adds no constraints to a table that is there.
    op.add_column("submissions", sa.Column("miner_id", ROW_ID, owner), inline_references=True)
    op.add_column("submissions", sa.Column("graph_sha256", sa.String(length=64)))
    op.add_column("submissions", sa.Column("checked_at", sa.DateTime(timezone=True)))
    op.create_index("ix_submissions_miner_id", "submissions", ["miner_id", "submitted_at"])
    op.create_index("ix_submissions_sha256", "submissions", ["sha256"])
    op.create_index("ix_submissions_graph_sha256", "submissions", ["graph_sha256"])
    op.create_index(
        "uq_submissions_accepted",
        "submissions",
        ["round", "name"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "uploads",
        sa.Column("submission_id", ROW_ID, nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_uploads_submission_id_submissions")
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_uploads")),
    )
    op.create_table(
        "findings",
        sa.Column("submission_id", ROW_ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_findings_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_findings")),
    )
    op.create_table(
        "trials",
        sa.Column("submission_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replay", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_trials_submission_id_submissions")
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name=op.f("pk_trials")),
    )
