"""A window on a game: smooth movement, neon trails, names and a ply counter, drawn by pygame.

Everything is drawn at twice the size and scaled down, which smooths edges; a coarse copy of what
glows, scaled up and added, is the light around it.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, pi, sin
from typing import Final

import numpy as np
import pygame

from tron_env.render import (
    FALLEN,
    GROUND,
    HAIRLINE,
    LIGHT,
    RAISED,
    RIDERS,
    SETTLED,
    SHIMMER,
    Colour,
    mixed,
)
from tron_env.trails import Trails
from tron_env.types import Cell, CellKind, DeathCause, GameState, Seat, UInt8Array

Point = tuple[float, float]

SECONDARY: Final[Colour] = (0x93, 0xA7, 0xBF)
SHARP: Final = 2
"""Pixels drawn for each pixel shown, in each direction."""
COARSE: Final = 4
"""Pixels shown for each pixel of light."""
HEADER_PX: Final = 56
FOOTER_PX: Final = 34
FRAMES_PER_SECOND: Final = 60
GLOW: Final = 0.6
"""Brightness of the light in the middle of a head."""
SPARKS: Final = 40
CRASH_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """What to draw."""

    state: GameState
    names: tuple[str, str]
    """By seat."""
    trails: Trails | None = None
    """Each seat's cells in the order ridden, where it is known."""
    before: tuple[Cell, Cell] | None = None
    """Where the heads were a ply ago."""
    progress: float = 1.0
    """How far the heads have come from there, 0 to 1."""
    title: str = ""
    """Large over the board."""
    text: str = ""
    """Small below it."""
    footer: str = ""
    you: Seat | None = None
    """Whose head pulses and is tagged."""
    seconds: float = 0.0
    """A clock for what pulses, or since the crash once the game is over."""


class Window:
    """Opens with its first scene, and closes with ``close`` or when the person does.

    Attributes:
        closed: whether it has been closed; drawing then does nothing.
    """

    def __init__(self, caption: str = "tron") -> None:
        self.closed = False
        self._caption = caption
        self._screen: pygame.Surface | None = None
        self._clock = pygame.time.Clock()
        self._floor = pygame.Surface((0, 0))
        self._cell = 0

    def show(self, scene: Scene) -> None:
        """Draw ``scene`` and put it on the screen.

        Raises:
            pygame.error: there is no display.
        """
        if self.closed:
            return
        if self._screen is None:
            self._open(*scene.state.cells.shape)
        assert self._screen is not None
        self._screen.blit(self.draw(scene), (0, 0))
        pygame.display.flip()

    def draw(self, scene: Scene) -> pygame.Surface:
        """Return the picture of ``scene``; needs no screen but a size, taken from the board."""
        height, width = scene.state.cells.shape
        if not self._cell:
            self._measure(height, width, 900)
        cell = self._cell
        size = (width * cell, height * cell)
        sharp = self._floor.copy()
        light = pygame.Surface((size[0] // COARSE, size[1] // COARSE))
        for seat in Seat:
            self._ribbon(sharp, scene, seat, cell * SHARP, glow=False)
            self._ribbon(light, scene, seat, cell / COARSE, glow=True)
        for seat in Seat:
            self._head(sharp, scene, seat, cell * SHARP)
        picture = pygame.Surface((size[0], size[1] + HEADER_PX + FOOTER_PX))
        picture.fill(GROUND)
        board = pygame.transform.smoothscale(sharp, size)
        near, far = light.get_size(), (light.get_width() // 2, light.get_height() // 2)
        for blurred in (far, near, size):
            light = pygame.transform.smoothscale(light, blurred)
        board.blit(light, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
        for seat in Seat:
            self._halo(board, scene, seat, cell)
        picture.blit(board, (0, HEADER_PX))
        self._header(picture, scene)
        self._over(picture, scene)
        _write(picture, scene.footer, 15, SECONDARY, (size[0] // 2, size[1] + HEADER_PX + 17))
        return picture

    def pressed(self) -> list[int]:
        """Return the keys pressed since the last call; the close button closes the window."""
        keys = []
        for event in pygame.event.get() if self._screen is not None else ():
            if event.type == pygame.QUIT:
                self.close()
            elif event.type == pygame.KEYDOWN:
                keys.append(int(event.key))
        return keys

    def animate(self, scene: Scene, seconds: float) -> None:
        """Show the heads move to where they are in ``scene``, for as long as ``seconds``.

        Raises:
            pygame.error: there is no display.
        """
        frames = max(1, round(seconds * FRAMES_PER_SECOND))
        for frame in range(1, frames + 1):
            self.show(replace(scene, progress=frame / frames))
            self.pressed()
            self._clock.tick(FRAMES_PER_SECOND)

    def close(self) -> None:
        """Close it; again is harmless."""
        self.closed = True
        if self._screen is not None:
            self._screen = None
            pygame.display.quit()

    def _open(self, height: int, width: int) -> None:
        pygame.display.init()
        available = pygame.display.Info().current_h
        self._measure(height, width, min(1100, int(0.9 * available)) if available > 0 else 900)
        size = (width * self._cell, height * self._cell + HEADER_PX + FOOTER_PX)
        self._screen = pygame.display.set_mode(size)
        pygame.display.set_caption(self._caption)

    def _measure(self, height: int, width: int, pixels: int) -> None:
        room = (pixels - HEADER_PX - FOOTER_PX) // max(height, width)
        self._cell = max(8, room // COARSE * COARSE)
        self._floor = _floor(height, width, self._cell * SHARP)

    def _ribbon(
        self, canvas: pygame.Surface, scene: Scene, seat: Seat, cell: float, *, glow: bool
    ) -> None:
        """Draw a trail; what lies behind the last cells in one colour, run by run."""
        ground = (0, 0, 0) if glow else GROUND
        half = max(1.0, 0.3 * cell)
        points = _points(scene, seat, cell)
        alive = scene.state.causes[seat] is DeathCause.NONE
        faded = min(1.0, scene.seconds / CRASH_SECONDS)
        level = SETTLED if alive else SETTLED + (FALLEN - SETTLED) * faded
        dim = 0.55 if glow else 1.0
        if scene.trails is None:
            for row, col in np.argwhere(scene.state.cells == CellKind.TRAIL_0 + seat).tolist():
                middle = ((col + 0.5) * cell, (row + 0.5) * cell)
                pygame.draw.circle(canvas, mixed(ground, RIDERS[seat], dim * level), middle, half)
            return
        for place in range(len(points) - 1):
            age = len(points) - 2 - place
            fresh = max(0.0, 1 - age / SHIMMER) if alive else 0.0
            colour = mixed(ground, RIDERS[seat], dim * (level + (1 - level) * fresh))
            _bar(canvas, points[place], points[place + 1], half, colour)
            if seat is Seat.SECOND and not glow:
                notch = mixed(ground, RIDERS[seat], 0.45 * (level + (1 - level) * fresh))
                _notch(canvas, points[place], points[place + 1], cell, notch)
        if len(points) == 1:
            pygame.draw.circle(canvas, mixed(ground, RIDERS[seat], dim * level), points[0], half)

    def _head(self, canvas: pygame.Surface, scene: Scene, seat: Seat, cell: float) -> None:
        x, y = _points(scene, seat, cell)[-1]
        rows, cols = scene.state.headings[seat].offset
        if scene.state.causes[seat] is not DeathCause.NONE:
            _crash(canvas, (x, y), (rows, cols), cell, scene.seconds, RIDERS[seat])
            return
        nose, tail, side = 0.48 * cell, 0.36 * cell, 0.42 * cell
        shape = [
            (x + cols * nose, y + rows * nose),
            (x - cols * tail + rows * side, y - rows * tail + cols * side),
            (x - cols * tail - rows * side, y - rows * tail - cols * side),
        ]
        pygame.draw.polygon(canvas, mixed(RIDERS[seat], LIGHT, 0.75), shape)
        if scene.you is seat:
            pygame.draw.circle(canvas, LIGHT, (x, y), 0.16 * cell)

    def _halo(self, board: pygame.Surface, scene: Scene, seat: Seat, cell: float) -> None:
        alive = scene.state.causes[seat] is DeathCause.NONE
        pulse = 0.25 * (1 + sin(2 * pi * scene.seconds)) if scene.you is seat and alive else 0.0
        flash = 0.0 if alive else 2.5 * max(0.0, 1 - scene.seconds / CRASH_SECONDS)
        colour = RIDERS[seat] if alive else mixed((0, 0, 0), LIGHT, 0.4 + 0.24 * flash)
        glow = _glow(colour, round((1.8 + pulse + flash) * cell))
        at = glow.get_rect(center=_points(scene, seat, cell)[-1])
        board.blit(glow, at, special_flags=pygame.BLEND_RGB_ADD)

    def _header(self, picture: pygame.Surface, scene: Scene) -> None:
        width = picture.get_width()
        middle = HEADER_PX // 2
        for seat, x, anchor in ((Seat.FIRST, 44, "left"), (Seat.SECOND, width - 44, "right")):
            mark = pygame.Rect(0, 0, 14, 14)
            mark.center = (24 if anchor == "left" else width - 24, middle)
            pygame.draw.rect(picture, RIDERS[seat], mark, border_radius=4)
            if seat is Seat.SECOND:
                pygame.draw.line(picture, GROUND, mark.midtop, mark.midbottom, 2)
            _write(picture, scene.names[seat][:24], 20, LIGHT, (x, middle), anchor)
        _write(picture, f"ply {scene.state.ply}", 20, SECONDARY, (width // 2, middle))

    def _over(self, picture: pygame.Surface, scene: Scene) -> None:
        if not (scene.title or scene.text):
            return
        width = picture.get_width()
        middle = HEADER_PX + (picture.get_height() - HEADER_PX - FOOTER_PX) // 2
        panel = pygame.Surface((int(0.72 * width), 104), pygame.SRCALPHA)
        pygame.draw.rect(panel, (*RAISED, 225), panel.get_rect(), border_radius=10)
        picture.blit(panel, panel.get_rect(center=(width // 2, middle)))
        _write(picture, scene.title, 30, LIGHT, (width // 2, middle - 18 * bool(scene.text)))
        _write(picture, scene.text, 18, SECONDARY, (width // 2, middle + 22))


def pixels(picture: pygame.Surface) -> UInt8Array:
    """Return a picture as uint8 ``(height, width, 3)``."""
    found: UInt8Array = np.ascontiguousarray(pygame.surfarray.array3d(picture).swapaxes(0, 1))
    return found


def _points(scene: Scene, seat: Seat, cell: float) -> list[Point]:
    """Return the middles of the cells ridden, the head's where it is between two plies."""
    head = scene.state.heads[seat]
    cells = list(scene.trails[seat]) if scene.trails is not None else [head]
    points = [((col + 0.5) * cell, (row + 0.5) * cell) for row, col in cells]
    if scene.before is not None and scene.before[seat] != head:
        row, col = scene.before[seat]
        (x, y), (old_x, old_y) = points[-1], ((col + 0.5) * cell, (row + 0.5) * cell)
        share = scene.progress
        points[-1] = (old_x + (x - old_x) * share, old_y + (y - old_y) * share)
    return points


def _bar(canvas: pygame.Surface, start: Point, end: Point, half: float, colour: Colour) -> None:
    """Draw a straight piece with round ends."""
    left, top = min(start[0], end[0]), min(start[1], end[1])
    wide, high = abs(start[0] - end[0]), abs(start[1] - end[1])
    across = (half, 0.0) if high >= wide else (0.0, half)
    box = (left - across[0], top - across[1], wide + 2 * across[0], high + 2 * across[1])
    pygame.draw.rect(canvas, colour, pygame.Rect(*map(round, box)))
    pygame.draw.circle(canvas, colour, start, half)
    pygame.draw.circle(canvas, colour, end, half)


def _notch(canvas: pygame.Surface, start: Point, end: Point, cell: float, colour: Colour) -> None:
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    along, across = 0.06 * cell, 0.16 * cell
    dx, dy = (along, across) if start[1] == end[1] else (across, along)
    pygame.draw.rect(canvas, colour, pygame.Rect(*map(round, (x - dx, y - dy, 2 * dx, 2 * dy))))


def _crash(
    canvas: pygame.Surface,
    at: Point,
    ahead: tuple[int, int],
    cell: float,
    seconds: float,
    colour: Colour,
) -> None:
    """Draw a burst that stays, and sparks along the last heading that fly away and fade."""
    for turn in range(8):
        angle = pi * turn / 4
        reach = (0.46 if turn % 2 else 0.34) * cell
        tip = (at[0] + reach * cos(angle), at[1] + reach * sin(angle))
        pygame.draw.line(canvas, LIGHT, at, tip, max(1, round(cell / 12)))
    share = seconds / CRASH_SECONDS
    if not 0 < share < 1:
        return
    for spark in range(SPARKS):
        # Golden angle: evenly spread directions and lengths without a random number.
        angle, speed = 2.39996 * spark, 0.4 + (spark * 0.61803) % 1
        x = at[0] + cell * share * speed * (2.2 * cos(angle) - 2 * ahead[1])
        y = at[1] + cell * share * speed * (2.2 * sin(angle) - 2 * ahead[0])
        pygame.draw.circle(canvas, mixed(LIGHT, colour, share), (x, y), 0.1 * cell * (1 - share))


@lru_cache(64)
def _glow(colour: Colour, reach: int) -> pygame.Surface:
    """Return a round light that fades to nothing ``reach`` pixels from its middle, on black."""
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) / max(1, reach)
    level = GLOW * np.clip(1 - away, 0, 1) ** 2
    return pygame.surfarray.make_surface((level[..., None] * colour).astype(np.uint8))


def _floor(height: int, width: int, cell: int) -> pygame.Surface:
    floor = pygame.Surface((width * cell, height * cell))
    floor.fill(RAISED)
    inside = pygame.Rect(cell, cell, (width - 2) * cell, (height - 2) * cell)
    pygame.draw.rect(floor, GROUND, inside)
    faint, edge = mixed(GROUND, HAIRLINE, 0.1), max(2, cell // 10)
    for col in range(2, width - 1):
        pygame.draw.line(floor, faint, (col * cell, inside.top), (col * cell, inside.bottom - 1))
    for row in range(2, height - 1):
        pygame.draw.line(floor, faint, (inside.left, row * cell), (inside.right - 1, row * cell))
    pygame.draw.rect(floor, mixed(GROUND, HAIRLINE, 0.75), inside.inflate(2 * edge, 2 * edge), edge)
    return floor


def _write(
    picture: pygame.Surface,
    text: str,
    size: int,
    colour: Colour,
    at: tuple[int, int],
    anchor: str = "centre",
) -> None:
    if not text:
        return
    pygame.font.init()
    image = pygame.font.Font(None, round(1.35 * size)).render(text, True, colour)
    place = image.get_rect(center=at)
    if anchor == "left":
        place.midleft = at
    elif anchor == "right":
        place.midright = at
    picture.blit(image, place)
