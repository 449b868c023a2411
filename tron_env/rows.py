"""Which rider's board lies in which row of a tensor, so that a ply writes only what it changed.

A rider keeps its row from ply to ply. Where riders are gone, those of the last rows move into the
gaps, so that the tensor stays full from the front. Rows follow from who was asked for alone.
"""

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.compiling import kernel
from tron_env.errors import RulesetError
from tron_env.kernel import ONGOING
from tron_env.places import OWN_HEAD, OWN_TRAIL, Index, col_step, row_step
from tron_env.types import (
    SEATS,
    BoolArray,
    Int16Array,
    Int32Array,
    IntArray,
    UInt8Array,
)

NOBODY = -1
NEVER = -2
"""No ply is the one after it."""


class KeptRows:
    """The rows of one tensor, which nobody else writes to.

    Args:
        observations: uint8 ``(m, 5, height, width)``, contiguous.
    """

    def __init__(self, observations: UInt8Array) -> None:
        self._observations = observations
        self._engine: BatchEngine | None = None
        self._rider_in: IntArray = np.zeros(len(observations), dtype=np.intp)
        self._taken: BoolArray = np.zeros(len(observations), dtype=np.bool_)
        self._row_of: IntArray = np.zeros(0, dtype=np.intp)
        self._ply_of: IntArray = np.zeros(0, dtype=np.intp)

    def write(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> IntArray:
        """Have the first k rows hold the boards of these riders.

        Args:
            engine: the batch; none of its games is started again between two calls.
            games: ``(k,)`` indices.
            seats: ``(k,)``, 0 or 1, same order; no rider twice.

        Returns:
            ``(k,)``, the row of each.

        Raises:
            RulesetError: an index is out of range, or the shapes do not fit together.
        """
        if engine is not self._engine:
            if self._observations.shape[1:] != engine.planes.shape[2:]:
                raise RulesetError(
                    f"observations are {self._observations.shape[1:]} each; expected "
                    f"{engine.planes.shape[2:]}"
                )
            self._engine = engine
            self._rider_in[:] = NOBODY
            self._row_of = np.zeros(SEATS * engine.n, dtype=np.intp)
            self._ply_of = np.full(SEATS * engine.n, NEVER, dtype=np.intp)
        if games.shape != seats.shape or not len(games) <= len(self._observations):
            raise RulesetError(
                f"{len(games)} games and {len(seats)} seats for {len(self._observations)} rows"
            )
        rows = np.empty(len(games), dtype=np.intp)
        written = keep_rows(
            *(engine.planes, engine.heads, engine.headings, engine.plies, engine.outcomes),
            *(self._rider_in, self._taken, self._row_of, self._ply_of),
            *(games, seats, rows, self._observations),
        )
        if not written:
            raise RulesetError(f"games must be 0 to {engine.n - 1} and seats 0 or 1")
        return rows


@kernel
def keep_rows(
    planes: UInt8Array,
    heads: Int16Array,
    headings: UInt8Array,
    plies: Int32Array,
    outcomes: UInt8Array,
    rider_in: IntArray,
    taken: BoolArray,
    row_of: IntArray,
    ply_of: IntArray,
    games: IntArray,
    seats: IntArray,
    out_rows: IntArray,
    out_observations: UInt8Array,
) -> bool:
    """Do what ``KeptRows.write`` does.

    Args:
        planes: uint8 ``(n, 2, 5, height, width)``.
        heads: int16 ``(n, 2, 2)``.
        headings: uint8 ``(n, 2)``.
        plies: int32 ``(n,)``.
        outcomes: uint8 ``(n,)``.
        rider_in: ``(m,)``, whose board each row holds; rider 2i + s is seat s of game i.
        taken: bool ``(m,)``, overwritten.
        row_of: ``(2n,)``, the row that a rider had last.
        ply_of: ``(2n,)``, the ply of the board in it.
        games: ``(k,)``.
        seats: ``(k,)``.
        out_rows: ``(k,)``.
        out_observations: uint8 ``(m, 5, height, width)``.

    Returns:
        Whether all riders exist; otherwise nothing is written.
    """
    count = games.shape[0]
    for k in range(count):
        if not (0 <= games[k] < planes.shape[0] and 0 <= seats[k] < 2):
            return False
    for k in range(count):
        taken[k] = False
    for k in range(count):
        rider = 2 * games[k] + seats[k]
        row = row_of[rider]
        out_rows[k] = NOBODY
        if row < count and rider_in[row] == rider:
            out_rows[k] = row
            taken[row] = True
    area, width = Index(planes.shape[3] * planes.shape[4]), planes.shape[4]
    layers = Index(planes.shape[2])
    size = layers * area
    source, target = planes.reshape(-1), out_observations.reshape(-1)
    gap = 0
    for k in range(count):
        game, rider, row = games[k], 2 * games[k] + seats[k], out_rows[k]
        # Where a rider is dead its head does not tell where it was; the game is over then.
        behind = row >= 0 and ply_of[rider] == plies[game] - 1 and outcomes[game] == ONGOING
        if row < 0:
            while taken[gap]:
                gap += 1
            row = gap
            gap += 1
            out_rows[k] = row
            rider_in[row] = rider
            row_of[rider] = row
        ply_of[rider] = plies[game]
        board, start = Index(rider) * size, Index(row) * size
        if not behind:
            for place in range(size):
                target[start + place] = source[board + place]
            continue
        # A ply moves two heads and adds a cell to each trail; it changes nothing else.
        for seat in range(2):
            whose = Index(seat != seats[k])
            trail, head = (OWN_TRAIL + whose) * area, (OWN_HEAD + whose) * area
            at, col = np.int64(heads[game, seat, 0]), np.int64(heads[game, seat, 1])
            heading = np.int64(headings[game, seat])
            now = Index(at * width + col)
            before = Index((at - row_step(heading)) * width + col - col_step(heading))
            target[start + trail + now] = source[board + trail + now]
            target[start + head + now] = source[board + head + now]
            target[start + head + before] = source[board + head + before]
    return True
