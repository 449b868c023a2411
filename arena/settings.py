"""Where state lives and which database holds it: read from the environment once, loudly.

========================  ============================================================
``TRON_HOME``             folder for all state; default is the platform's data folder
``TRON_DATABASE_URL``     SQLAlchemy URL; default is SQLite in the home folder
``TRON_WORKERS``          processes that play a round; default is one a usable core
``TRON_ROUND_CPU_HOURS``  the most that a round may be expected to take; default is no limit
``TRON_ROUND_EVERY``      how often the site closes and plays a round: 24h, 90m; default is
                          by hand alone
========================  ============================================================
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from arena.durations import parse_span
from tron_env.errors import TronArenaError

MAX_WORKERS = 1_024


class SettingsError(TronArenaError, ValueError):
    """A setting is malformed; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the arena is told from outside."""

    home: Path
    database_url: str
    workers: int = 1
    round_cpu_hours: float | None = None
    """The most CPU-hours that a round may be expected to take; None is no limit."""
    round_every: timedelta | None = None
    """From one closing to the next, by the site's own scheduler; None has it closed by hand."""

    @property
    def models(self) -> Path:
        """The folder of the content-addressed model store."""
        return self.home / "models"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings and make the home folder.

    Raises:
        SettingsError: a value cannot be used; nothing falls back to a default silently.
    """
    home = _home(environ.get("TRON_HOME", ""))
    url = environ.get("TRON_DATABASE_URL", "")
    return Settings(
        home=home,
        database_url=_checked_url(url) if url else _sqlite_url(home / "arena.db"),
        workers=_workers(environ.get("TRON_WORKERS", "")),
        round_cpu_hours=_hours(environ.get("TRON_ROUND_CPU_HOURS", "")),
        round_every=_span(environ.get("TRON_ROUND_EVERY", "")),
    )


def usable_cores() -> int:
    """Return the number of cores this process may run on, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _home(value: str) -> Path:
    if value:
        home = Path(value).expanduser().absolute()
    else:
        from platformdirs import user_data_path

        home = user_data_path("tron-arena", appauthor=False)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"TRON_HOME is {str(home)!r}, which is no usable folder") from error
    return home


def _sqlite_url(file: Path) -> str:
    """Return the URL of a database file, whatever characters its path holds."""
    return f"sqlite:///{quote(str(file), safe=' +/')}"


def _checked_url(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError:
        raise SettingsError(
            "TRON_DATABASE_URL is no database URL; one looks like postgresql+psycopg://host/name"
        ) from None
    if backend not in {"sqlite", "postgresql"}:
        raise SettingsError(f"TRON_DATABASE_URL names {backend}; known are sqlite and postgresql")
    return url


def _workers(value: str) -> int:
    if not value:
        return usable_cores()
    if not value.isdecimal() or not 1 <= int(value) <= MAX_WORKERS:
        raise SettingsError(f"TRON_WORKERS is {value!r}; allowed are 1 to {MAX_WORKERS}")
    return int(value)


def _span(value: str) -> timedelta | None:
    try:
        return parse_span(value) if value else None
    except ValueError as error:
        raise SettingsError(f"TRON_ROUND_EVERY: {error}") from None


def _hours(value: str) -> float | None:
    if not value:
        return None
    try:
        hours = float(value)
    except ValueError:
        hours = math.nan
    if not (math.isfinite(hours) and hours > 0.0):
        raise SettingsError(f"TRON_ROUND_CPU_HOURS is {value!r}, which is no number of hours")
    return hours
