"""Asking storage while the database may be away: as long as it takes, at the end not for long."""

import logging
import math
import time
from collections.abc import Callable
from typing import Final, TypeVar

from arena.errors import DatabaseAwayError

logger = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
"""After such a pause a database that is away is asked again."""
CLOSING_SECONDS: Final = 5.0
"""How long a site that closes waits for it: what ends processes seldom gives them more than ten."""
_T = TypeVar("_T")


class Patience:
    """For one thread that asks; any may end it."""

    def __init__(self) -> None:
        self._until = math.inf

    def end_soon(self) -> None:
        """Have whatever is asked from now on be asked for some seconds more, all in all."""
        self._until = time.monotonic() + CLOSING_SECONDS

    def ask(self, question: Callable[[], _T]) -> _T:
        """Return what ``question`` answers, as soon as the database lets it.

        Raises:
            DatabaseAwayError: it was away for as long as there was patience.
        """
        in_vain = 0
        while True:
            try:
                answer = question()
            except DatabaseAwayError as error:
                if time.monotonic() >= self._until:
                    raise
                if not in_vain:
                    logger.warning("finished games wait for the database: %s", error)
                in_vain += 1
                time.sleep(AGAIN_SECONDS)
            else:
                if in_vain:
                    logger.warning("the database answers again, after %d tries in vain", in_vain)
                return answer
