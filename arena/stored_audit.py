"""The audit log: what operators and the scheduler did to rounds, kept for good."""

import getpass
import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from arena.database import Database
from arena.records import AuditRow, Deed
from arena.schema import audit


class StoredAudit(Database):
    """The part of ``Storage`` about the audit log."""

    def audit(self, round_number: int | None = None, *, limit: int = 200) -> tuple[AuditRow, ...]:
        """Return what was done, newest first: to one round, or to all."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if round_number is not None:
            query = query.where(audit.c.round == round_number)
        with self.reading() as connection:
            return tuple(
                AuditRow(
                    row.id, row.at, row.actor, Deed(row.action), row.round, json.loads(row.detail)
                )
                for row in connection.execute(query)
            )


def record(
    connection: Connection, deed: Deed, round_number: int, detail: Mapping[str, object]
) -> None:
    """Write a deed into the log, in the transaction that does it."""
    values = {
        "at": datetime.now(UTC),
        "actor": _actor(),
        "action": deed,
        "round": round_number,
        "detail": json.dumps(detail),
    }
    connection.execute(insert(audit).values(values))


def _actor() -> str:
    """Return who does it: the user and machine of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
