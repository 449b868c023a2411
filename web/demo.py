"""The duel that the home page shows before any round has been played: a recorded exhibition."""

from functools import cache
from pathlib import Path

from replays.format import decode
from replays.view import ReplayView, replay_view


@cache
def demo_view() -> ReplayView:
    """Return the exhibition: `voronoi` against itself, recorded with this package's rules."""
    replay = decode(Path(__file__).with_name("demo.trp").read_bytes())
    return replay_view(replay, ("Voronoi", "Voronoi"), ("model", "model"))
