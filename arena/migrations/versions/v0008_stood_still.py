"""First tries that stood still on the way, which the players' ladder knows of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "games",
        sa.Column("stood_still", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("games", "stood_still", server_default=None)
    op.drop_index("ix_games_first_tries", "games")
    op.create_index(
        "ix_games_first_tries",
        "games",
        ["id"],
        sqlite_where=sa.text("(first_try = 1 OR stood_still = 1) AND player_name IS NOT NULL"),
        postgresql_where=sa.text("(first_try OR stood_still) AND player_name IS NOT NULL"),
    )
