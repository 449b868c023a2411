"""The seam between a round and what plays its blocks."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from arena.blocks import BlockResult, BlockTask
from arena.errors import SandboxLostError

MAX_ATTEMPTS: Final = 3
logger = logging.getLogger(__name__)


class Executor(Protocol):
    """Plays blocks in any order, anywhere; the same block always gives the same result."""

    def play(self, tasks: Sequence[BlockTask]) -> Iterator[BlockResult]:
        """Yield each block's result as it comes. Closing the iterator stops the rest.

        Raises:
            ArenaFault: a block failed again and again through no fault of an entrant.
        """


class Attempts:
    """Counts how often each block failed through a fault of ours."""

    def __init__(self) -> None:
        self._failed: Counter[int] = Counter()

    def failed(self, block: int, reason: str) -> None:
        """Note that a block has to be played again.

        Raises:
            SandboxLostError: it has failed ``MAX_ATTEMPTS`` times.
        """
        self._failed[block] += 1
        logger.warning("block %d failed and is played again: %s", block, reason)
        if self._failed[block] == MAX_ATTEMPTS:
            raise SandboxLostError(
                f"block {block} failed {MAX_ATTEMPTS} times, at last because {reason}; "
                "nothing is lost, run the round again to go on"
            )
