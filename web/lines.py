"""Charts that are written into the page: the champion line's rating over the rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arena.stored_tables import CrownedRating
from web.texts import tell

WIDTH: Final = 1000
HEIGHT: Final = 200
MARGIN: Final = 14
LEFT: Final = 92
"""Room for the ratings beside the grid."""
FEWEST: Final = 3
GRID_STEPS: Final = (10, 25, 50, 100, 200, 250, 500, 1000, 2500)
MOST_GRID_LINES: Final = 4


@dataclass(frozen=True, slots=True)
class Dot:
    """One champion of the line; coordinates in units of the drawing."""

    crowned: CrownedRating
    x: float
    y: float
    low_y: float
    high_y: float
    told: str
    """What it stands for."""


@dataclass(frozen=True, slots=True)
class Line:
    """The champion line, ready to draw."""

    dots: tuple[Dot, ...]
    path: str
    grid: tuple[tuple[float, int], ...]
    """Height and rating of each line of the grid."""
    width: int = WIDTH
    height: int = HEIGHT


def champion_line(crowned: Sequence[CrownedRating]) -> Line | None:
    """Return the drawing of ``crowned``, oldest first; None for too few to show a way."""
    if len(crowned) < FEWEST:
        return None
    low = min(each.rating_low for each in crowned)
    high = max(each.rating_high for each in crowned)
    span = max(high - low, 1.0)

    def x(place: int) -> float:
        return round(LEFT + (WIDTH - LEFT - MARGIN) * place / (len(crowned) - 1), 1)

    def y(rating: float) -> float:
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (rating - low) / span, 1)

    dots = tuple(
        Dot(
            each,
            x(place),
            y(each.rating),
            y(each.rating_low),
            y(each.rating_high),
            tell("round.line_dot", round=each.round, name=each.name, rating=round(each.rating)),
        )
        for place, each in enumerate(crowned)
    )
    step = next((s for s in GRID_STEPS if span / s <= MOST_GRID_LINES), GRID_STEPS[-1])
    first = int(-(-low // step) * step)
    return Line(
        dots=dots,
        path="M" + "L".join(f"{dot.x} {dot.y}" for dot in dots),
        grid=tuple((y(rating), rating) for rating in range(first, int(high) + 1, step)),
    )
