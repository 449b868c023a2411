"""Costs and crowns, formats and budgets of rounds, the scheduler's lease, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column("format", sa.String(length=16), nullable=False, server_default="round-robin"),
        sa.Column("stages", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("estimated_cpu_seconds", sa.Float(), nullable=True),
        sa.Column("light_champion_entry_id", ROW_ID, nullable=True),
    ):
        op.add_column("rounds", column)
    op.create_index(
        "ix_rounds_one_open",
        "rounds",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    for column in (
        sa.Column("single_ms", sa.Float(), nullable=True),
        sa.Column("single_p99_ms", sa.Float(), nullable=True),
        sa.Column("batch64_ms", sa.Float(), nullable=True),
        sa.Column("positions", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("charged", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("cpu_seconds", sa.Float(), nullable=False, server_default="0"),
        sa.Column("reference_seconds", sa.Float(), nullable=False, server_default="0"),
        sa.Column("kills", sa.Integer(), nullable=True),
        sa.Column("own_deaths", sa.Integer(), nullable=True),
    ):
        op.add_column("entries", column)
    op.add_column("duels", sa.Column("stage", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "model_costs",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("single_ms", sa.Float(), nullable=False),
        sa.Column("single_p99_ms", sa.Float(), nullable=False),
        sa.Column("batch64_ms", sa.Float(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_model_costs")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"], name=op.f("fk_audit_round_rounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_round_id", "audit", ["round", "id"])
