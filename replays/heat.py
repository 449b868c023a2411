"""Where a rider was and where it died, summed over games."""

from dataclasses import dataclass, field

import numpy as np

from replays.format import Replay
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.types import DeathCause, Int64Array, Seat


def ridden_cells(replay: Replay, seat: Seat) -> Int64Array:
    """Return int64 ``(n, 2)``: the (row, col) of a rider at ply 0, 1, ...

    Follows the recorded headings without playing the game; a rider that dies stays where it was,
    and its last cell does not come twice.
    """
    moved = replay.plies - (replay.causes[seat] is not DeathCause.NONE)
    headings = replay.actions[:moved, seat]
    steps = np.stack([ROW_STEP[headings], COL_STEP[headings]], axis=1)
    spawn = np.array([replay.spawns[seat][:2]], dtype=np.int64)
    return np.concatenate([spawn, spawn + np.cumsum(steps, axis=0)])


@dataclass(slots=True)
class HeatMap:
    """Counts on one board, (row, col) wall included."""

    height: int
    width: int
    visited: Int64Array = field(init=False)
    """``(height, width)``: games in which the rider was on the cell."""
    died: Int64Array = field(init=False)
    """``(height, width)``: games in which it died standing on the cell."""

    def __post_init__(self) -> None:
        self.visited = np.zeros((self.height, self.width), dtype=np.int64)
        self.died = np.zeros((self.height, self.width), dtype=np.int64)

    def add(self, replay: Replay, seat: Seat) -> None:
        """Count one game; those on boards of another size are left out."""
        if (replay.ruleset.height, replay.ruleset.width) != (self.height, self.width):
            return
        cells = ridden_cells(replay, seat)
        self.visited[cells[:, 0], cells[:, 1]] += 1
        if replay.causes[seat] is not DeathCause.NONE:
            row, col = cells[-1]
            self.died[row, col] += 1
