"""Pictures that links to the site show elsewhere, drawn by ``tron_env``'s renderer."""

import io
from functools import cache, lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from replays.format import decode
from replays.frames import frame
from replays.playback import Playback
from tron_env.render import GROUND, HAIRLINE, LIGHT, RIDERS, Colour, mixed
from tron_env.types import Seat
from web.assets import DIST, Assets
from web.texts import tell

SIZE: Final = (1200, 630)
CELL_PX: Final = 19
BOARD_PX: Final = 32 * CELL_PX
MARGIN: Final = (SIZE[1] - BOARD_PX) // 2
TEXT_LEFT: Final = MARGIN + BOARD_PX + 44
TEXT_WIDTH: Final = SIZE[0] - TEXT_LEFT - 40
QUIET: Final[Colour] = mixed(GROUND, LIGHT, 0.62)
MOST_LINES: Final = 3


@lru_cache(maxsize=64)
def card(encoded: bytes, names: tuple[str, str], title: str, ply: int) -> bytes:
    """Return a PNG of 1200x630: the board at one ply, the riders, and what happened.

    Raises:
        IndexError: there is no such ply.
        ReplayError: the replay is damaged.
    """
    playback = Playback(decode(encoded))
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    ruleset = playback.replay.ruleset
    cell_px = max(2, BOARD_PX // max(ruleset.height, ruleset.width))
    board = Image.fromarray(frame(playback, ply, cell_px))
    image.paste(board, (MARGIN, (SIZE[1] - board.height) // 2))
    top = 84
    for seat in Seat:
        draw.rounded_rectangle(
            (TEXT_LEFT, top + 12, TEXT_LEFT + 26, top + 38), radius=7, fill=RIDERS[seat]
        )
        name = _fitted(names[seat], _font(40), TEXT_WIDTH - 44)
        draw.text((TEXT_LEFT + 44, top), name, font=_font(40), fill=RIDERS[seat])
        top += 62
    top += 26
    for line in _wrapped(title, _font(44), TEXT_WIDTH):
        draw.text((TEXT_LEFT, top), line, font=_font(44), fill=LIGHT)
        top += 56
    draw.text(
        (TEXT_LEFT, top + 18),
        tell("viewer.ply_of", ply=ply, plies=playback.plies),
        font=_font(28),
        fill=QUIET,
    )
    _sign(draw)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _sign(draw: ImageDraw.ImageDraw) -> None:
    line = mixed(GROUND, HAIRLINE, 0.4)
    draw.line((TEXT_LEFT, 528, SIZE[0] - 40, 528), fill=line, width=2)
    draw.text((TEXT_LEFT, 548), tell("site.name").upper(), font=_font(30), fill=LIGHT)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], " ".join(lines[MOST_LINES - 1 :])]
    return [_fitted(line, font, width) for line in lines]


def _fitted(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    kept = text
    while kept and font.getlength(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept}…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    name = Assets().path("fonts/oxanium-latin-700-normal.woff2").removeprefix("dist/")
    return ImageFont.truetype(str(DIST / name), size)
