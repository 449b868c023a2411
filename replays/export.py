"""Replays written for other programs: JSON, datasets, pictures and films.

The form follows from the file's name. Packages above add forms by registering a ``ReplayForm`` in
the entry-point group ``tron.replay_forms`` under the ending that names it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from itertools import chain, repeat
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from PIL import Image

from replays.dataset import write_dataset
from replays.document import to_document
from replays.errors import ReplayExportError
from replays.format import Replay, encode
from replays.frames import frame, frames
from replays.playback import Playback
from tron_env.types import UInt8Array

FORM_GROUP: Final = "tron.replay_forms"

REST_S: Final = 1.5
"""How long a film rests on its last board."""

GIF_COLOURS: Final = 256
"""Of one palette for all boards."""

Progress = Callable[[int, int], None]
"""Told how many steps of how many are done."""


@dataclass(frozen=True, slots=True)
class NamedReplay:
    """A replay and what its riders are called."""

    replay: Replay
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Options:
    """How to write; each form reads what concerns it."""

    ply: int | None = None
    """The board of a picture; None is the last."""
    cell_px: int = 16
    """Side of a cell in pictures and films."""
    speed: float = 10.0
    """Plies a second of a film."""
    winners: bool = False
    """Keep only winners' decisions in a dataset."""


class ReplayForm(Protocol):
    """Writes one replay in a form of its own, such as a web page."""

    def __call__(self, replay: Replay, names: tuple[str, str]) -> bytes:
        """Return the whole file."""


def known_forms() -> tuple[str, ...]:
    """Return the endings that ``export`` knows."""
    return tuple(sorted({*_FORMS, *entry_points(group=FORM_GROUP).names}))


def export(
    path: Path,
    games: Sequence[NamedReplay],
    options: Options = Options(),
    progress: Progress = lambda done, total: None,
) -> None:
    """Write ``games``, at least one, to ``path`` in the form that its ending names.

    Raises:
        ReplayExportError: the ending is unknown, the form holds only one game, or the film
            encoder is not installed.
        ReplayDesyncError: the rules play a game differently from what it records.
    """
    ending = path.suffix.removeprefix(".").lower()
    write = _FORMS.get(ending) or _registered(ending)
    if len(games) > 1 and ending not in _MANY:
        raise ReplayExportError(
            f".{ending} holds one game, {len(games)} are given; several go into .jsonl or .npz"
        )
    # A file that is not finished must not look like one that is.
    part = path.with_name(path.name + ".part")
    try:
        write(part, games, options, progress)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


_Writer = Callable[[Path, Sequence[NamedReplay], Options, Progress], None]


def _registered(ending: str) -> _Writer:
    found = entry_points(group=FORM_GROUP)
    if ending not in found.names:
        known = ", ".join(f".{form}" for form in known_forms())
        raise ReplayExportError(f"no form is called .{ending}; known are {known}")
    form: ReplayForm = found[ending].load()

    def write(
        path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
    ) -> None:
        path.write_bytes(form(games[0].replay, games[0].names))

    return write


def _write_binary(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    path.write_bytes(encode(games[0].replay))


def _write_json(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    document = to_document(games[0].replay, games[0].names)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_json_lines(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    with path.open("w", encoding="utf-8") as file:
        for done, game in enumerate(games, start=1):
            document = to_document(game.replay, game.names)
            file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
            progress(done, len(games))


def _write_dataset(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    with path.open("wb") as file:
        write_dataset(
            file,
            [game.replay for game in games],
            winners=options.winners,
            progress=lambda done: progress(done, len(games)),
        )


def _write_picture(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    playback = Playback(games[0].replay)
    ply = playback.plies if options.ply is None else options.ply
    if not 0 <= ply <= playback.plies:
        raise ReplayExportError(f"{ply} is past the end; the game has plies 0 to {playback.plies}")
    Image.fromarray(frame(playback, ply, options.cell_px)).save(path, "PNG")


def _write_gif(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    playback = Playback(games[0].replay)
    # The start, both riders on their way, and the end with its dimmed loser.
    samples = {0, playback.plies // 2, max(0, playback.plies - 1), playback.plies}
    palette = _palette([frame(playback, ply, options.cell_px) for ply in sorted(samples)])
    pictures = (
        Image.fromarray(board).quantize(palette=palette, dither=Image.Dither.NONE)
        for board in _watched(frames(playback, options.cell_px), playback.plies + 1, progress)
    )
    ply_ms = round(1000 / options.speed)
    next(pictures).save(
        path,
        "GIF",
        save_all=True,
        append_images=pictures,
        duration=[ply_ms] * playback.plies + [max(ply_ms, round(1000 * REST_S))],
        loop=0,
    )


def _palette(boards: Sequence[UInt8Array]) -> Image.Image:
    """Return a palette in which rare colours count as much as frequent ones.

    Otherwise the heads, the few brightest pixels of a dark board, lose theirs.
    """
    colours = np.unique(np.concatenate([board.reshape(-1, 3) for board in boards]), axis=0)
    return Image.fromarray(colours[None]).quantize(GIF_COLOURS)


def _write_film(
    path: Path, games: Sequence[NamedReplay], options: Options, progress: Progress
) -> None:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ReplayExportError(
            "MP4 needs imageio-ffmpeg: pip install 'tron-arena[video]'"
        ) from error
    playback = Playback(games[0].replay)
    # Chroma is kept at half the resolution, so that both sides must be even.
    side = options.cell_px + options.cell_px % 2
    ruleset = games[0].replay.ruleset
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (ruleset.width * side, ruleset.height * side),
        fps=options.speed,
        codec="libx264",
        macro_block_size=2,
        output_params=["-f", "mp4", "-movflags", "+faststart", "-crf", "18"],
    )
    writer.send(None)
    boards = _watched(frames(playback, side), playback.plies + 1, progress)
    last = frame(playback, playback.plies, side)
    for board in chain(boards, repeat(last, round(REST_S * options.speed))):
        writer.send(board.tobytes())
    writer.close()


def _watched(boards: Iterable[UInt8Array], total: int, progress: Progress) -> Iterable[UInt8Array]:
    for done, board in enumerate(boards, start=1):
        yield board
        progress(done, total)


_FORMS: Final[dict[str, _Writer]] = {
    "gif": _write_gif,
    "json": _write_json,
    "jsonl": _write_json_lines,
    "mp4": _write_film,
    "npz": _write_dataset,
    "png": _write_picture,
    "trp": _write_binary,
}
_MANY: Final = {"jsonl", "npz"}
"""Forms that hold several games."""
