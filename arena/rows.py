"""Which rider's board lies in which row of a tensor, so that a ply writes only what it changed.

A rider keeps its row from ply to ply. Where riders are gone, those of the last rows move into the
gaps, so that the tensor stays full from the front. Rows follow from who was asked for alone.
"""

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.types import SEATS, Float32Array, IntArray

NOBODY = -1
NEVER = -2
"""No ply is the one after it."""


class KeptRows:
    """The rows of one tensor, which nobody else writes to.

    Args:
        observations: float32 ``(max_batch, 5, 32, 32)``.
    """

    def __init__(self, observations: Float32Array) -> None:
        self._observations = observations
        self._engine: BatchEngine | None = None
        self._rider_in: IntArray = np.zeros(0, dtype=np.intp)
        self._row_of: IntArray = np.zeros(0, dtype=np.intp)
        self._ply_of: IntArray = np.zeros(0, dtype=np.intp)

    def write(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> IntArray:
        """Have the first k rows hold the boards of these riders.

        Args:
            engine: the batch; none of its games is started again between two calls.
            games: ``(k,)`` indices.
            seats: ``(k,)``, same order; no rider twice.

        Returns:
            ``(k,)``, the row of each.
        """
        if engine is not self._engine:
            self._engine = engine
            self._rider_in = np.full(len(self._observations), NOBODY, dtype=np.intp)
            self._row_of = np.zeros(SEATS * engine.n, dtype=np.intp)
            self._ply_of = np.full(SEATS * engine.n, NEVER, dtype=np.intp)
        k = len(games)
        riders = SEATS * games + seats
        plies = engine.plies[games]
        rows: IntArray = self._row_of[riders]
        there = (rows < k) & (self._rider_in[rows] == riders)
        gaps = np.ones(k, dtype=np.bool_)
        gaps[rows[there]] = False
        rows[~there] = np.flatnonzero(gaps)
        a_ply_behind = there & (self._ply_of[riders] == plies - 1)
        engine.gather_rows(games, seats, rows, a_ply_behind, self._observations)
        self._rider_in[rows] = riders
        self._row_of[riders] = rows
        self._ply_of[riders] = plies
        return rows
