"""How models fared against people, counted; first tries and best entrants are found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ABANDONED, FIRST_WINS, DRAW, TRUNCATED = 2, 1, 3, 4


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_entries_round_rank", "entries", ["round", "rank", "number"])
    op.create_index(
        "ix_games_first_tries",
        "games",
        ["id"],
        sqlite_where=sa.text("first_try = 1 AND player_name IS NOT NULL"),
        postgresql_where=sa.text("first_try AND player_name IS NOT NULL"),
    )
    op.create_table(
        "people_tallies",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("speed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_try", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(12), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "sha256", "speed", "first_try", "result", name=op.f("pk_people_tallies")
        ),
    )
    op.execute(
        f"""
        INSERT INTO people_tallies (sha256, speed, first_try, result, games)
        SELECT model, speed, first_try, result, count(*) FROM (
            SELECT
                CASE WHEN human_seat = 0 THEN second_sha256 ELSE first_sha256 END AS model,
                speed,
                first_try,
                CASE
                    WHEN ending = {ABANDONED} THEN 'abandoned'
                    WHEN outcome IN ({DRAW}, {TRUNCATED}) THEN 'draw'
                    WHEN outcome = human_seat + {FIRST_WINS} THEN 'loss'
                    ELSE 'win'
                END AS result
            FROM games
            WHERE kind = 'human' AND takeover_ply IS NULL
        ) AS ridden
        GROUP BY model, speed, first_try, result
        """
    )
