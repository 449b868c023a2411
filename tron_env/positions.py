"""Positions as models see them, in memory that is used again and again.

All boards of a ruleset have the same walls, and a head is one cell. So next to nothing but the
trails has to be written where other positions were before.
"""

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.compiling import kernel
from tron_env.errors import RulesetError
from tron_env.observation import OWN_HEAD, OWN_TRAIL
from tron_env.places import Index
from tron_env.types import SEATS, Float32Array, Int16Array, IntArray, Plane, UInt8Array


class Positions:
    """Rows for positions of one batch that are looked at before the next are asked for.

    Each time anew they would be fresh from the system, page by page, which takes longer than
    writing them, and about as long as a small model's answer.

    Args:
        engine: the batch.
    """

    def __init__(self, engine: BatchEngine) -> None:
        self._engine = engine
        self._shape = engine.planes.shape[2:]
        self._make(0)

    def of(self, games: IntArray, seats: IntArray) -> Float32Array:
        """Return what ``BatchEngine.gather`` writes; it is over with the next call.

        Args:
            games: ``(k,)`` indices.
            seats: ``(k,)``, 0 or 1, same order.

        Returns:
            float32 ``(k, 5, height, width)``, to be read only.

        Raises:
            RulesetError: an index is out of range, or the shapes do not fit together.
        """
        if games.shape != seats.shape:
            raise RulesetError(f"{len(games)} games and {len(seats)} seats")
        if len(games) > len(self._rows):
            self._make(2 * len(games))
        engine = self._engine
        written = write_positions(
            *(engine.planes, engine.heads, games, seats),
            *(self._heads_at, self._rows),
        )
        if not written:
            raise RulesetError(f"games must be 0 to {engine.n - 1} and seats 0 or 1")
        return self._rows[: len(games)]

    def _make(self, count: int) -> None:
        self._rows: Float32Array = np.zeros((count, *self._shape), dtype=np.float32)
        self._rows[:, Plane.WALLS] = self._engine.planes[0, 0, Plane.WALLS]
        self._heads_at: IntArray = np.zeros((count, SEATS), dtype=np.intp)


@kernel
def write_positions(
    planes: UInt8Array,
    heads: Int16Array,
    games: IntArray,
    seats: IntArray,
    heads_at: IntArray,
    out_rows: Float32Array,
) -> bool:
    """Have the first k rows, which hold other boards with the same walls, hold these.

    Args:
        planes: uint8 ``(n, 2, 5, height, width)``.
        heads: int16 ``(n, 2, 2)``.
        games: ``(k,)``.
        seats: ``(k,)``.
        heads_at: ``(>= k, 2)``, where each row's heads are in their planes, the own one first;
            changed with them.
        out_rows: float32 ``(>= k, 5, height, width)``.

    Returns:
        Whether all riders exist; otherwise nothing is written.
    """
    for k in range(games.shape[0]):
        if not (0 <= games[k] < planes.shape[0] and 0 <= seats[k] < 2):
            return False
    area, width = Index(planes.shape[3] * planes.shape[4]), planes.shape[4]
    size = Index(planes.shape[2]) * area
    trails = Index(OWN_TRAIL) * area
    source, target = planes.reshape(-1), out_rows.reshape(-1)
    for k in range(games.shape[0]):
        game, seat = games[k], seats[k]
        sight, row = Index(2 * game + seat) * size, Index(k) * size
        for place in range(trails, trails + Index(2) * area):
            target[row + place] = source[sight + place]
        for which in range(2):
            plane = row + Index(OWN_HEAD + which) * area
            rider = seat if which == 0 else 1 - seat
            target[plane + Index(heads_at[k, which])] = 0
            head = Index(heads[game, rider, 0] * width + heads[game, rider, 1])
            # 0 where the rider is dead.
            target[plane + head] = source[sight + Index(OWN_HEAD + which) * area + head]
            heads_at[k, which] = head
    return True
