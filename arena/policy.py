"""What the operator allows miners: read from the environment once, loudly.

==============================  ==========================================================
``TRON_REGISTRATION``           ``open`` (default): anybody may register a name;
                                ``invited``: only the operator, by `tron miner invite`
``TRON_REGISTRATIONS_PER_DAY``  names from one address in a day; default 5
``TRON_SUBMISSIONS_PER_DAY``    files a miner may submit in a day; default 10
``TRON_PUBLISH_MODELS``         whose models anybody may download once their round is done:
                                ``none`` (default), ``champions`` or ``all``
==============================  ==========================================================
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from arena.settings import SettingsError

MAX_PER_DAY: Final = 100_000
REGISTRATIONS_ALTOGETHER: Final = 500
"""Names registered by themselves in a day, from wherever."""


class Registration(StrEnum):
    """Who may register a name."""

    OPEN = "open"
    INVITED = "invited"


class Publishing(StrEnum):
    """Whose models anybody may download once their round is done."""

    NONE = "none"
    CHAMPIONS = "champions"
    ALL = "all"


Choice = TypeVar("Choice", Registration, Publishing)


@dataclass(frozen=True, slots=True)
class Policy:
    """See the module."""

    registration: Registration = Registration.OPEN
    registrations_per_day: int = 5
    submissions_per_day: int = 10
    publishing: Publishing = Publishing.NONE


def load_policy(environ: Mapping[str, str] = os.environ) -> Policy:
    """Read the policy.

    Raises:
        SettingsError: a value cannot be used.
    """
    usual = Policy()
    return Policy(
        registration=_choice(environ, "TRON_REGISTRATION", usual.registration),
        registrations_per_day=_count(
            environ, "TRON_REGISTRATIONS_PER_DAY", usual.registrations_per_day
        ),
        submissions_per_day=_count(environ, "TRON_SUBMISSIONS_PER_DAY", usual.submissions_per_day),
        publishing=_choice(environ, "TRON_PUBLISH_MODELS", usual.publishing),
    )


def _choice(environ: Mapping[str, str], name: str, default: Choice) -> Choice:
    value = environ.get(name, "") or default.value
    kind = type(default)
    if value not in set(kind):
        raise SettingsError(f"{name} is {value!r}; allowed are {', '.join(kind)}")
    return kind(value)


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, "") or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= MAX_PER_DAY:
        raise SettingsError(f"{name} is {value!r}; allowed are 1 to {MAX_PER_DAY}")
    return int(value)
