"""Miners and their tokens: registering, knowing one again, giving another token.

A token is ``tron_``, twelve hexadecimal digits that name it, ``_`` and 32 random bytes. Of the
random part only a SHA-256 is stored, which is enough as it cannot be guessed; it is shown once.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

from agents.zoo import shipped
from arena.names import checked_name
from arena.storage import Storage
from arena.stored_miners import MinerRow, RegistrationLimits
from tron_env.errors import TronArenaError

ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
TOKEN: Final = re.compile(r"tron_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NO_HASH: Final = "0" * 64


class TokenRefusedError(TronArenaError):
    """A token is none, or counts no more."""


class UnknownMinerError(TronArenaError):
    """No miner has that name."""


def register(
    storage: Storage, name: str, limits: RegistrationLimits | None = None
) -> tuple[MinerRow, str]:
    """Register a miner; return it and its token, which nobody can look up again.

    Raises:
        NameRefusedError: the name cannot be used, or is taken.
        RegistrationLimitError: too many were registered.
    """
    miner = storage.add_miner(_checked(name), limits)
    return miner, new_token(storage, miner)


def new_token(storage: Storage, miner: MinerRow) -> str:
    """Give a miner a token in place of those it had."""
    token_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    storage.replace_token(miner.id, token_id, _hashed(secret))
    return f"tron_{token_id}_{secret}"


def known_by(storage: Storage, token: str) -> MinerRow:
    """Return whose a token is.

    Takes as long for a wrong secret, however much of it is right.

    Raises:
        TokenRefusedError: nobody's.
    """
    parts = TOKEN.fullmatch(token)
    found = storage.token(parts[1]) if parts else None
    expected = found[1] if found else NO_HASH
    given = _hashed(parts[2]) if parts else ""
    if found is None or not hmac.compare_digest(given, expected):
        raise TokenRefusedError("this token is unknown or revoked; ask the operator for another")
    return found[0]


def token_id(token: str) -> str:
    """Return the public part of a token, which names it and tells nothing."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        raise TokenRefusedError("this is no token")
    return parts[1]


def named(storage: Storage, name: str) -> MinerRow:
    """Return the miner registered as ``name``.

    Raises:
        UnknownMinerError: there is none.
    """
    miner = storage.miner_named(name)
    if miner is None:
        raise UnknownMinerError(f"no miner is called {name!r}; see `tron miner list`")
    return miner


def local_miner(storage: Storage, name: str) -> MinerRow:
    """Return the miner whom the operator submits for, registered now if there is none.

    Raises:
        NameRefusedError: the name cannot be used, or looks like another's.
    """
    normal = _checked(name)
    return storage.miner_named(normal) or storage.add_miner(normal)


def _checked(name: str) -> str:
    """Return a name in normal form, away from those of the shipped models."""
    return checked_name(name, (own.name for own in shipped()))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
