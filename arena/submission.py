"""What entrants are called in a field, where a name may be taken."""

from collections.abc import Collection

from tron_env.errors import TronArenaError


class SubmissionError(TronArenaError, ValueError):
    """A submission cannot be taken; the message says why and what to do."""


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
