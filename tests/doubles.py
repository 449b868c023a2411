"""Stand-ins that several tests use."""

from tron_env.batch import BatchEngine
from tron_env.types import IntArray, UInt8Array


class Entries(dict[str, object]):
    """Entry points by name, as ``importlib.metadata`` gives them."""

    names = property(dict.keys)


class Straight:
    """Never turns."""

    name = "straight"

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return the present headings."""
        headings: UInt8Array = engine.headings[games, seats].copy()
        return headings
