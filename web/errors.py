"""The site's branch of the error tree.

WebError
RefusedError    a request that changes nothing; the code says why
ConfigError     a setting makes no sense
LiveError       the live games were driven wrongly
UnstoredError   a game that was kept in a file cannot be stored
"""

from enum import StrEnum

from tron_env.errors import TronArenaError


class Refusal(StrEnum):
    """Why a live event was refused; the ``code`` of a `refused` message."""

    MALFORMED = "malformed"
    UNKNOWN_OPPONENT = "unknown_opponent"
    UNAVAILABLE = "unavailable"
    UNKNOWN_GAME = "unknown_game"
    UNKNOWN_REPLAY = "unknown_replay"
    QUEUE_FULL = "queue_full"
    FULL = "full"
    TOO_FAST = "too_fast"


class WebError(TronArenaError):
    """What goes wrong in the site."""


class ConfigError(WebError, ValueError):
    """A setting is outside what it may be; the message names it."""


class RefusedError(WebError):
    """An event from a player that is refused and changes nothing; ``web.refusals`` says it.

    Attributes:
        code: the kind of refusal, stable for clients.
        text: what to say, a key of ``refusal`` in ``web/texts``.
        slots: what fills that text.
    """

    def __init__(self, code: Refusal, text: str, **slots: object) -> None:
        super().__init__(f"{code}: {text} {slots or ''}".rstrip())
        self.code = code
        self.text = text
        self.slots = slots


class LiveError(WebError):
    """The live games were driven wrongly: a mistake of ours, never a player's."""


class UnstoredError(WebError):
    """A game that was kept in a file cannot be stored; the message says why."""
