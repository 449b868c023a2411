"""Replays: the recorded game, its binary format, exact playback and what a viewer draws.

>>> import replays
>>> replays.FORMAT_VERSION
2
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replays.errors import ReplayDesyncError, ReplayError, ReplayFormatError
    from replays.format import (
        FORMAT_VERSION,
        PERSON,
        Ending,
        Replay,
        TakeOver,
        decode,
        encode,
        model_prefix,
        replay_prefix,
    )
    from replays.playback import Playback, verify
    from replays.view import ReplayView, replay_view

__all__ = [
    "FORMAT_VERSION",
    "PERSON",
    "Ending",
    "Playback",
    "Replay",
    "ReplayDesyncError",
    "ReplayError",
    "ReplayFormatError",
    "ReplayView",
    "TakeOver",
    "decode",
    "encode",
    "model_prefix",
    "replay_prefix",
    "replay_view",
    "verify",
]

_MODULES = ("replays.errors", "replays.format", "replays.playback", "replays.view")


def __getattr__(name: str) -> object:
    """Import public names on first use, so that ``import replays`` stays instant."""
    if name in __all__:
        for module in _MODULES:
            found: object = getattr(import_module(module), name, None)
            if found is not None:
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
