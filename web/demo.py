"""The duel that the home page shows before any round has been played: a recorded exhibition."""

from functools import cache
from pathlib import Path

from web.texts import tell

NAMES = (tell("home.cyan"), tell("home.orange"))
"""Both are the same rider: only their colours tell them apart."""


@cache
def demo_replay() -> tuple[bytes, tuple[str, str]]:
    """Return the exhibition, `voronoi` against itself by this package's rules, and its names."""
    return Path(__file__).with_name("demo.trp").read_bytes(), NAMES
