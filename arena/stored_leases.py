"""Leases: one holder of a name at a time, among all processes that share the database."""

import os
import socket
import uuid
from typing import Final

import psutil
from sqlalchemy import delete, insert, select, text, update

from arena.database import Database, database_time
from arena.schema import leases

NOWHERE: Final = ""


class StoredLeases(Database):
    """The part of ``Storage`` about leases. Time is the database's, so clocks need not agree."""

    def take_lease(self, name: str, holder: str, seconds: float) -> str | None:
        """Take a lease, or keep one that is held; return who holds it instead, or None.

        One that has run out may be taken, and so may one whose holder was a process of this
        machine that is gone.

        Args:
            name: what is leased.
            holder: from ``new_holder``.
            seconds: until it runs out unless taken again.
        """
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE leases IN EXCLUSIVE MODE"))
            now = database_time(connection)
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
            values = {"holder": holder, "expires_at": now + seconds}
            if row is None:
                connection.execute(insert(leases).values(name=name, **values))
                return None
            if row.holder != holder and row.expires_at > now and not _is_gone(row.holder):
                return str(row.holder)
            connection.execute(update(leases).where(leases.c.name == name).values(values))
            return None

    def give_lease_back(self, name: str, holder: str) -> None:
        """Give a lease back, if it is still held."""
        with self.writing() as connection:
            mine = (leases.c.name == name, leases.c.holder == holder)
            connection.execute(delete(leases).where(*mine))

    def lease_holder(self, name: str) -> str | None:
        """Return who holds a lease, or None."""
        with self.reading() as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
            now = database_time(connection)
            free = row is None or row.expires_at <= now or _is_gone(row.holder)
        return None if row is None or free else str(row.holder)


def new_holder() -> str:
    """Return a name for a holder in this process, of which no other ever has the same."""
    process = psutil.Process()
    born = f"{process.create_time():.2f}"
    return f"{_place()} process {process.pid} {born} {uuid.uuid4().hex[:8]}"


def _place() -> str:
    """Return which processes can be seen from here: the host's name and its process namespace."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        space = NOWHERE
    return f"{socket.gethostname()}{space}"


def _is_gone(holder: str) -> bool:
    """Whether a holder was a process that could be seen from here, and is not there any more."""
    place, _, rest = holder.partition(" process ")
    if place != _place():
        return False
    pid, born, _ = rest.split(" ")
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != born
    except psutil.NoSuchProcess:
        return True
