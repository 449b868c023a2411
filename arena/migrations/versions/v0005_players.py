"""What players want to be called."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("games", sa.Column("player_name", sa.String(length=24), nullable=True))
