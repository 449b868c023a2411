"""Where a command finds the replay that somebody names: a file, standard input, or a database.

Packages that store replays register a ``ReplaySource`` in the entry-point group
``tron.replay_sources``, and a ``ReplayList`` for many at once in ``tron.replay_lists``; this
package imports nothing above it.
"""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from replays.errors import ReplayNotFoundError
from replays.format import MAX_BYTES

ENTRY_POINT_GROUP = "tron.replay_sources"
LIST_ENTRY_POINT_GROUP = "tron.replay_lists"

SUFFIX = ".trp"
"""Of files in a folder of replays."""


class ReplaySource(Protocol):
    """Finds replays by references of its own, such as game numbers."""

    def __call__(self, reference: str) -> bytes | None:
        """Return the encoded replay, or None where ``reference`` is none of this source's."""


class ReplayList(Protocol):
    """Finds all replays that a reference of its own stands for."""

    def __call__(self, reference: str) -> tuple[bytes, ...] | None:
        """Return encoded replays, or None where ``reference`` is none of this list's."""


def find_replay(reference: str) -> bytes:
    """Return the encoded replay that ``reference`` names.

    ``-`` is standard input; then a file of that name; then every installed source is asked, in
    the order of their names.

    Raises:
        ReplayNotFoundError: nobody knows it, or its file cannot be read.
    """
    # One byte more than any replay has, so that longer input is refused without reading it all.
    if reference == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    path = Path(reference)
    try:
        if path.exists() and not path.is_dir():
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReplayNotFoundError(f"{reference}: {error.strerror}") from error
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        source: ReplaySource = entry.load()
        found = source(reference)
        if found is not None:
            return found
    raise ReplayNotFoundError(f"{reference}: there is no such replay")


def find_replays(reference: str) -> tuple[bytes, ...]:
    """Return all encoded replays that ``reference`` names.

    A folder stands for the ``.trp`` files in it and below, in the order of their paths; then every
    installed list is asked, in the order of their names; anything else names one replay.

    Raises:
        ReplayNotFoundError: nobody knows it, or a file cannot be read.
    """
    folder = Path(reference)
    if folder.is_dir():
        return tuple(find_replay(str(path)) for path in sorted(folder.rglob(f"*{SUFFIX}")))
    for entry in sorted(entry_points(group=LIST_ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        listed: ReplayList = entry.load()
        found = listed(reference)
        if found is not None:
            return found
    return (find_replay(reference),)
