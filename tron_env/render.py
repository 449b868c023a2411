"""Frames of a game as text and as pixels, in the colours of the site."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tron_env.diagrams import draw_diagram
from tron_env.trails import Trails
from tron_env.types import Action, Cell, CellKind, DeathCause, GameState, Seat, UInt8Array

Colour: TypeAlias = tuple[int, int, int]

GROUND: Final[Colour] = (0x05, 0x07, 0x0D)
RAISED: Final[Colour] = (0x12, 0x1A, 0x26)
HAIRLINE: Final[Colour] = (148, 178, 214)
LIGHT: Final[Colour] = (0xE8, 0xF1, 0xFB)
RIDERS: Final[tuple[Colour, Colour]] = ((0x25, 0xD7, 0xF5), (0xFF, 0x7A, 0x18))

SETTLED: Final = 0.7
"""Brightness of a trail behind its last ``SHIMMER`` cells."""
FALLEN: Final = 0.38
"""Brightness of a dead rider's trail."""
SHIMMER: Final = 6
OVERSAMPLING: Final = 3

ARROWS: Final = {Action.UP: "▲", Action.RIGHT: "▶", Action.DOWN: "▼", Action.LEFT: "◀"}


def render_ansi(state: GameState, *, colour: bool = True) -> str:
    """Return the board as text, one line a row.

    With ``colour``, a cell is two columns wide in 24-bit colour, heads are arrows and a dead
    rider's is a cross. Without, it is a diagram of ``tron_env.diagrams``.
    """
    if not colour:
        return draw_diagram(state)
    heads = {
        cell: (seat, state.headings[seat], state.causes[seat])
        for seat, cell in zip(Seat, state.heads, strict=True)
    }
    lines = []
    for row, kinds in enumerate(state.cells.tolist()):
        line = ""
        for col, number in enumerate(kinds):
            kind = CellKind(number)
            rider = heads.get(Cell(row, col))
            if rider is None:
                line += _ansi_cell(_ansi_colour(kind), "  ")
            else:
                seat, heading, cause = rider
                mark = ARROWS[heading] if cause is DeathCause.NONE else "×"  # noqa: RUF001
                line += _ansi_cell(RIDERS[seat], f"{mark} ")
        lines.append(line + "\x1b[0m")
    return "\n".join(lines)


def render_rgb(
    state: GameState,
    cell_px: int = 16,
    *,
    trails: Trails | None = None,
) -> UInt8Array:
    """Return the board as uint8 ``(height * cell_px, width * cell_px, 3)``.

    Args:
        state: the position.
        cell_px: side of a cell in pixels, at least 2.
        trails: each seat's cells in the order ridden, the present one last. A state does not hold
            that order; without it, neighbouring cells of one rider run into each other.
    """
    height, width = state.cells.shape
    size = (width * cell_px, height * cell_px)
    scale = cell_px * OVERSAMPLING
    canvas = _floor(height, width, scale).copy()
    blur_px = max(2, cell_px // 2)
    light = Image.new("RGB", (width * blur_px, height * blur_px))
    for seat in Seat:
        _draw_trail(ImageDraw.Draw(canvas), state, seat, scale, trails, GROUND)
        _draw_trail(ImageDraw.Draw(light), state, seat, blur_px, trails, (0, 0, 0))
    for seat in Seat:
        _draw_head(ImageDraw.Draw(canvas), state, seat, scale)
        _draw_halo(ImageDraw.Draw(light), state, seat, blur_px)
    sharp = canvas.reduce(OVERSAMPLING)
    glow = light.filter(ImageFilter.GaussianBlur(0.55 * blur_px)).resize(
        size, Image.Resampling.BILINEAR
    )
    frame: UInt8Array = np.array(ImageChops.screen(sharp, _dimmed(glow, 0.6)), dtype=np.uint8)
    return frame


def mixed(start: Colour, end: Colour, share: float) -> Colour:
    """Return the colour that lies ``share`` of the way from one to another."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def _ansi_colour(kind: CellKind) -> Colour:
    if kind is CellKind.EMPTY:
        return GROUND
    if kind is CellKind.WALL:
        return mixed(GROUND, HAIRLINE, 0.3)
    return mixed(GROUND, RIDERS[kind - CellKind.TRAIL_0], SETTLED)


def _ansi_cell(back: Colour, text: str) -> str:
    ground = ";".join(map(str, GROUND))
    return f"\x1b[38;2;{ground};48;2;{';'.join(map(str, back))}m{text}"


def _dimmed(image: Image.Image, share: float) -> Image.Image:
    return image.point([round(value * share) for value in range(256)] * 3)


@lru_cache(maxsize=8)
def _floor(height: int, width: int, scale: int) -> Image.Image:
    """Draw what never changes: ground, cell grid, and the wall as a lit edge."""
    image = Image.new("RGB", (width * scale, height * scale), RAISED)
    draw = ImageDraw.Draw(image)
    inside = (scale, scale, (width - 1) * scale - 1, (height - 1) * scale - 1)
    draw.rectangle(inside, fill=GROUND)
    line = max(1, scale // 24)
    faint = mixed(GROUND, HAIRLINE, 0.1)
    for col in range(2, width - 1):
        draw.line((col * scale, inside[1], col * scale, inside[3]), fill=faint, width=line)
    for row in range(2, height - 1):
        draw.line((inside[0], row * scale, inside[2], row * scale), fill=faint, width=line)
    edge = max(2, scale // 10)
    outline = (inside[0] - edge, inside[1] - edge, inside[2] + edge, inside[3] + edge)
    draw.rectangle(outline, outline=mixed(GROUND, HAIRLINE, 0.75), width=edge)
    return image


def _centre(cell: tuple[int, int], scale: int) -> tuple[int, int]:
    return cell[1] * scale + scale // 2, cell[0] * scale + scale // 2


def _joints(
    state: GameState,
    seat: Seat,
    trails: Trails | None,
) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """Yield pairs of joined cells and how far behind the head they are, farthest first."""
    if trails is not None:
        ridden = trails[seat]
        yield (ridden[0], ridden[0], len(ridden))
        for place in range(1, len(ridden)):
            yield ridden[place - 1], ridden[place], len(ridden) - 1 - place
        return
    own = {(int(row), int(col)) for row, col in np.argwhere(state.cells == CellKind.TRAIL_0 + seat)}
    for row, col in sorted(own):
        yield (row, col), (row, col), SHIMMER
        for neighbour in ((row + 1, col), (row, col + 1)):
            if neighbour in own:
                yield (row, col), neighbour, SHIMMER


def _draw_trail(
    draw: ImageDraw.ImageDraw,
    state: GameState,
    seat: Seat,
    scale: int,
    trails: Trails | None,
    ground: Colour,
) -> None:
    """Draw a ribbon with round corners; seat 1's has a notch in every cell."""
    half = round(0.3 * scale)
    alive = state.causes[seat] is DeathCause.NONE
    for start, end, age in _joints(state, seat, trails):
        fresh = max(0.0, 1 - age / SHIMMER)
        share = SETTLED + (1 - SETTLED) * fresh if alive else FALLEN
        colour = mixed(ground, RIDERS[seat], share)
        (x0, y0), (x1, y1) = _centre(start, scale), _centre(end, scale)
        draw.line((x0, y0, x1, y1), fill=colour, width=2 * half + 1)
        draw.ellipse((x1 - half, y1 - half, x1 + half, y1 + half), fill=colour)
        if seat is Seat.SECOND and start != end:
            notch = mixed(ground, RIDERS[seat], 0.45 * share)
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            along, across = 0.06 * scale, 0.16 * scale
            dx, dy = (along, across) if y0 == y1 else (across, along)
            draw.rectangle((x - dx, y - dy, x + dx, y + dy), fill=notch)


def _draw_head(draw: ImageDraw.ImageDraw, state: GameState, seat: Seat, scale: int) -> None:
    """Draw a living head as a wedge along its heading, a dead one as a burst."""
    x, y = _centre(state.heads[seat], scale)
    if state.causes[seat] is not DeathCause.NONE:
        for turn in range(8):
            angle = np.pi * turn / 4
            reach = (0.46 if turn % 2 else 0.34) * scale
            tip = (x + reach * np.cos(angle), y + reach * np.sin(angle))
            draw.line((x, y, *tip), fill=LIGHT, width=max(1, scale // 12))
        return
    rows, cols = state.headings[seat].offset
    nose, tail, side = 0.46 * scale, 0.36 * scale, 0.42 * scale
    points = [
        (x + cols * nose, y + rows * nose),
        (x - cols * tail + rows * side, y - rows * tail + cols * side),
        (x - cols * tail - rows * side, y - rows * tail - cols * side),
    ]
    draw.polygon(points, fill=mixed(RIDERS[seat], LIGHT, 0.75))


def _draw_halo(draw: ImageDraw.ImageDraw, state: GameState, seat: Seat, scale: int) -> None:
    x, y = _centre(state.heads[seat], scale)
    reach = 0.75 * scale
    alive = state.causes[seat] is DeathCause.NONE
    colour = RIDERS[seat] if alive else mixed(RIDERS[seat], LIGHT, 0.6)
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
