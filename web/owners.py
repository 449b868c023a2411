"""Who reaches each cell first at each ply of a game, packed for the browser's overlay."""

from functools import lru_cache
from typing import Final

import numpy as np

from replays.format import decode
from replays.playback import Playback
from tron_env.regions import territory_map
from tron_env.types import UInt8Array

CELLS_A_BYTE: Final = 4
BITS: Final = 2


@lru_cache(maxsize=64)
def packed_owners(encoded: bytes) -> bytes:
    """Return two bits for each playable cell at each ply, as ``tron_env.regions.Owner``.

    Row by row and ply by ply without padding between them; the first cell is in the lowest bits.

    Raises:
        ReplayError: the replay is damaged, or the rules play it differently.
    """
    playback = Playback(decode(encoded))
    maps = [territory_map(playback.state(ply))[1:-1, 1:-1] for ply in range(playback.plies + 1)]
    cells = np.stack(maps).reshape(-1)
    padded = np.pad(cells, (0, -cells.size % CELLS_A_BYTE)).reshape(-1, CELLS_A_BYTE)
    shifts = np.arange(CELLS_A_BYTE, dtype=np.uint8) * BITS
    packed: UInt8Array = (padded << shifts).sum(axis=1, dtype=np.uint8)
    return packed.tobytes()
