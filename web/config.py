"""The site's settings: read from the environment once, loudly.

=======================  =============================================================
``TRON_SECRET_KEY``      signs session cookies; default is drawn once, kept in the home
``TRON_LIVE_CAPACITY``   live games at once; default 256
``TRON_PAGE_PROCESSES``  processes that answer pages; default one a core, at most 4
``TRON_MODEL_COPIES``    of a model that many ride against; default a core less, at most 4
``TRON_REDIS_URL``       Flask-SocketIO's message queue; default is none, for one process
``TRON_LOG_JSON``        1 to log JSON, one object a line; default 0
``TRON_PROXIES``         trusted proxies in front, whose word on addresses counts; default 0
``TRON_SECURE_COOKIES``  1 keeps every cookie to https; default 0, those that https brought
=======================  =============================================================

The rest is ``arena.settings`` and ``arena.policy``.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from arena.policy import Policy, load_policy
from arena.settings import Settings, load_settings, usable_cores
from web.errors import ConfigError
from web.live_types import DEFAULT_COUNTDOWN_SLOTS

SECRET_FILE: Final = "secret_key"
MIN_SECRET_CHARACTERS: Final = 16
DEFAULT_CAPACITY: Final = 256
MAX_CAPACITY: Final = 4096
MAX_PROXIES: Final = 8
USUAL_PAGE_PROCESSES: Final = 4
"""At most, by default: they are quick, and each holds a whole site in memory."""
MAX_PAGE_PROCESSES: Final = 64
USUAL_MODEL_COPIES: Final = 4
"""At most, by default: each holds a sandbox and a model in memory."""
MAX_MODEL_COPIES: Final = 64


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Everything the site is told from outside.

    Attributes:
        arena: where state lives.
        secret_key: signs session cookies.
        capacity: live games at once.
        countdown_slots: least time before a game's first ply, see ``web.live_types``.
        page_processes: how many answer pages; 0 has threads of the live process do so.
        model_copies: of a model whose games are more than one copy of it answers in time.
        redis_url: of the message queue that several processes share, "" for one alone.
        log_json: whether to log for machines.
        policy: what miners may.
        proxies: trusted proxies in front.
        secure_cookies: whether every cookie is for https alone, not just those set over https.
        accept_unsandboxed: whether models are taken over the network without the sandbox layers
            that ``arena.confinement`` asks for.
    """

    arena: Settings
    secret_key: str
    capacity: int = DEFAULT_CAPACITY
    countdown_slots: int = DEFAULT_COUNTDOWN_SLOTS
    redis_url: str = ""
    log_json: bool = False
    policy: Policy = field(default_factory=Policy)
    proxies: int = 0
    secure_cookies: bool = False
    accept_unsandboxed: bool = False
    page_processes: int = 0
    model_copies: int = 1


def load_config(environ: Mapping[str, str] = os.environ) -> WebConfig:
    """Read all settings.

    Raises:
        ConfigError: a value of the site's cannot be used.
        SettingsError: one of the arena's cannot.
    """
    arena = load_settings(environ)
    secret = environ.get("TRON_SECRET_KEY", "")
    if secret and len(secret) < MIN_SECRET_CHARACTERS:
        raise ConfigError(f"TRON_SECRET_KEY is shorter than {MIN_SECRET_CHARACTERS} characters")
    return WebConfig(
        arena=arena,
        secret_key=secret or _kept_secret(arena.home),
        capacity=_number(environ, "TRON_LIVE_CAPACITY", DEFAULT_CAPACITY, 1, MAX_CAPACITY),
        policy=load_policy(environ),
        proxies=_number(environ, "TRON_PROXIES", 0, 0, MAX_PROXIES),
        secure_cookies=_switch(environ, "TRON_SECURE_COOKIES"),
        page_processes=_number(
            environ,
            "TRON_PAGE_PROCESSES",
            usual_page_processes(),
            0,
            MAX_PAGE_PROCESSES,
        ),
        model_copies=_number(
            environ, "TRON_MODEL_COPIES", usual_model_copies(), 1, MAX_MODEL_COPIES
        ),
        redis_url=_redis(environ.get("TRON_REDIS_URL", "")),
        log_json=_switch(environ, "TRON_LOG_JSON"),
    )


def usual_page_processes() -> int:
    """Return how many processes answer pages where nothing is said: one a core, up to a few."""
    return min(usable_cores(), USUAL_PAGE_PROCESSES)


def usual_model_copies() -> int:
    """Return how many copies of a model there may be where nothing is said.

    One core is left to live play itself.
    """
    return max(1, min(usable_cores() - 1, USUAL_MODEL_COPIES))


def _redis(value: str) -> str:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError("TRON_REDIS_URL must begin with redis://, rediss:// or unix://")
    return value


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ConfigError(f"{name} is {value!r}; allowed are 0 and 1")
    return value == "1"


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = environ.get(name, "") or str(default)
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ConfigError(f"{name} is {value!r}; allowed are {low} to {high}")
    return int(value)


def _kept_secret(home: Path) -> str:
    """Return the home's own key, drawing it the first time, readable by the owner only."""
    path = home / SECRET_FILE
    draft = home / f".{SECRET_FILE}.{secrets.token_hex(8)}"
    try:
        if not path.exists():
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(draft, path)  # unlike a rename, keeps a key another process has just made
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"the session key {str(path)!r} cannot be kept: {error}") from error
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise ConfigError(f"the session key {str(path)!r} is damaged; remove it to draw another")
    return secret
