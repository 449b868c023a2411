"""The seam between a round and what plays its blocks."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from arena.blocks import BlockResult, BlockTask


class Executor(Protocol):
    """Plays blocks in any order, anywhere; the same block always gives the same result."""

    def play(self, tasks: Sequence[BlockTask]) -> Iterator[BlockResult]:
        """Yield each block's result as it comes. Closing the iterator stops the rest.

        Raises:
            ArenaFault: a block failed again and again through no fault of an entrant.
        """
