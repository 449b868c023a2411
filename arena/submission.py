"""Names under which models are submitted."""

import re
from collections.abc import Collection
from typing import Final

from tron_env.errors import TronArenaError

MAX_NAME: Final = 32
NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}")
RESERVED: Final = frozenset(
    {"champion", "submission", "onnx", "random", "minimax", "zoo", "person", "human", "you"}
)


class SubmissionError(TronArenaError, ValueError):
    """A submission cannot be taken; the message says why and what to do."""


def checked_name(name: str, taken: Collection[str] = ()) -> str:
    """Return ``name`` where it may be submitted under.

    Args:
        name: letters, digits, dots, hyphens and underscores, at most ``MAX_NAME``.
        taken: names of shipped models, which nobody may use.

    Raises:
        SubmissionError: the name cannot be used.

    >>> checked_name("lightning-2")
    'lightning-2'
    """
    if not NAME.fullmatch(name):
        raise SubmissionError(
            f"the name {name!r} cannot be used: take 1 to {MAX_NAME} letters, digits, dots, "
            "hyphens or underscores, beginning with a letter or digit"
        )
    if name.lower() in RESERVED or name.lower() in {other.lower() for other in taken}:
        raise SubmissionError(f"the name {name!r} is reserved; choose another")
    return name


def distinct_name(name: str, submission_id: int, taken: Collection[str]) -> str:
    """Return what a submission is called in a field where others are ``taken``.

    Names of anchors cannot be submitted, but an upgrade may bring new anchors.

    >>> distinct_name("ann", 7, {"voronoi"})
    'ann'
    >>> distinct_name("Voronoi", 7, {"voronoi"})
    'Voronoi~7'
    """
    if name.lower() in {other.lower() for other in taken}:
        return f"{name}~{submission_id}"
    return name


def defending_name(name: str, round_number: int, taken: Collection[str]) -> str:
    """Return what a reigning champion is called in a field where others are ``taken``.

    It keeps its name, unless its author entered a new model under it: then it is told apart by
    the round it won.

    >>> defending_name("ann", 3, {"ann", "bob"})
    'ann@3'
    """
    base = name.partition("@")[0]
    return f"{base}@{round_number}" if base in taken else base
