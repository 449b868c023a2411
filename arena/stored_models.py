"""What is stored about models, by their content: which are named, and what they cost."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from arena.database import Database
from arena.divisions import Cost
from arena.schema import entries, model_costs, submissions
from arena.stored_submissions import COUNTING


class StoredModels(Database):
    """The part of ``Storage`` about models; what they cost is measured once."""

    def named_models(self) -> dict[str, str]:
        """Return every model whose file must be there, by SHA-256, with one place that names it."""
        submitted = select(submissions.c.sha256, submissions.c.id)
        entered = select(entries.c.sha256, entries.c.round, entries.c.name)
        with self.reading() as connection:
            found = {
                row.sha256: f"submission {row.id}"
                for row in connection.execute(submitted.where(submissions.c.status.in_(COUNTING)))
            }
            return found | {
                row.sha256: f"round {row.round}, {row.name}" for row in connection.execute(entered)
            }

    def cost(self, sha256: str) -> Cost | None:
        """Return what a model costs, or None where it was not measured."""
        return self.costs([sha256]).get(sha256)

    def costs(self, models: Collection[str]) -> dict[str, Cost]:
        """Return what these models cost by SHA-256, without those not measured."""
        query = select(model_costs).where(model_costs.c.sha256.in_(models))
        with self.reading() as connection:
            return {
                row.sha256: Cost(row.single_ms, row.single_p99_ms, row.batch64_ms)
                for row in connection.execute(query)
            }

    def save_cost(self, sha256: str, cost: Cost) -> None:
        """Store what a model costs, in place of what was stored before."""
        with self.writing() as connection:
            connection.execute(delete(model_costs).where(model_costs.c.sha256 == sha256))
            connection.execute(
                insert(model_costs).values(
                    sha256=sha256,
                    single_ms=cost.single_ms,
                    single_p99_ms=cost.single_p99_ms,
                    batch64_ms=cost.batch64_ms,
                    measured_at=datetime.now(UTC),
                )
            )
