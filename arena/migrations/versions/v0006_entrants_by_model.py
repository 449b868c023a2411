"""Entrants are found by their model and by their submission."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_entries_sha256", "entries", ["sha256"])
    op.create_index("ix_entries_submission_id", "entries", ["submission_id"])
