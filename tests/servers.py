"""Private servers for tests: each in a temporary folder, on its own socket, gone afterwards."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

STARTUP_SECONDS = 240.0
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=64")
"""Nothing here has to survive the machine."""


def binary(name: str) -> Path:
    """Return a program of PostgreSQL, which Debian keeps off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name)
    if not places and found is None:
        raise FileNotFoundError(f"{name} is not installed; `make servers` installs PostgreSQL")
    return places[0] if places else Path(str(found))


def unprivileged() -> str | None:
    """Return whom to run a server as: PostgreSQL refuses root. None means as we are."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


class Postgres:
    """A PostgreSQL server of its own, reached through a socket in its folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tron-pg-"))
        self._user = unprivileged()
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._numbers = itertools.count()
        data = self.folder / "data"
        self._call(binary("initdb"), "-D", data, "-U", "tron", "-A", "trust", "-E", "UTF8")
        self._log = (self.folder / "log").open("wb")
        settings = (f"unix_socket_directories={self.folder}", "listen_addresses=", *FAST)
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = subprocess.Popen(
            [binary("postgres"), "-D", data, *options],
            user=self._user,
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
        )
        self._wait()

    def url(self, database: str = "postgres") -> str:
        """Return how to reach a database."""
        return f"postgresql+psycopg://tron@/{database}?host={self.folder}"

    def fresh(self, template: str = "template1") -> str:
        """Create an empty database, or a copy of one; return its name."""
        name = f"d{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement outside transactions; return the rows it gives."""
        import psycopg

        with psycopg.connect(f"host={self.folder} user=tron dbname=postgres", autocommit=True) as c:
            done = c.execute(statement)
            return done.fetchall() if done.description else []

    def stop(self) -> None:
        """End it at once, and remove what it kept."""
        self._process.send_signal(signal.SIGINT)  # fast shutdown: clients are not waited for
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder)

    def _call(self, *command: object) -> None:
        subprocess.run(
            [str(part) for part in command],
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + STARTUP_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                log = (self.folder / "log").read_text(errors="replace")
                assert self._process.poll() is None, log
                assert time.monotonic() < deadline, log
                time.sleep(0.05)
            else:
                return
