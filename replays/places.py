"""Names of parts of the board, as a commentator says them."""

import numpy as np

from tron_env.regions import Owner, territory_map
from tron_env.types import GameState, Seat


def place_of(row: float, col: float, shape: tuple[int, int]) -> str:
    """Return the part of the board, by thirds, that a point lies in.

    >>> place_of(2, 2, (32, 32)), place_of(16, 15, (32, 32)), place_of(15, 30, (32, 32))
    ('the north-west', 'the middle', 'the east')
    """
    vertical = ("north", "", "south")[min(2, int(3 * row / shape[0]))]
    horizontal = ("west", "", "east")[min(2, int(3 * col / shape[1]))]
    return "the " + ("-".join(filter(None, (vertical, horizontal))) or "middle")


def gained_place(before: GameState, after: GameState, seat: Seat) -> str:
    """Return where most cells lie that ``seat`` reaches first now and did not before."""
    own = Owner.FIRST + seat
    shape: tuple[int, int] = (after.cells.shape[0], after.cells.shape[1])
    gained = (territory_map(after) == own) & (territory_map(before) != own)
    rows, cols = np.nonzero(gained)
    if not rows.size:
        row, col = after.heads[seat]
        return place_of(row, col, shape)
    places = [
        place_of(row, col, shape) for row, col in zip(rows.tolist(), cols.tolist(), strict=True)
    ]
    return max(sorted(set(places)), key=places.count)
