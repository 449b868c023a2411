"""Films of games, drawn by a process of their own so that live play never waits for one.

Run as a module it reads an encoded replay from standard input and writes a GIF to the path that
it is given.
"""

import os
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Final

from web.errors import WebError

FOLDER: Final = "films"
CELL_PX: Final = 8
PLIES_A_SECOND: Final = 20.0
NICENESS: Final = 15
LIMIT_SECONDS: Final = 120.0
WAITING: Final = 1
"""Requests that may wait for the film before theirs: each takes a thread from other questions."""
WAIT_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 10
"""After which somebody whom this was too many may ask again."""
MOST_FILMS: Final = 200
"""Kept files; the oldest go first."""


class FilmBusyError(WebError):
    """Another film is being drawn; the same request may be made again in a moment."""


class FilmError(WebError):
    """A film could not be drawn."""


class Films:
    """Draws films one at a time and keeps them in a folder.

    Args:
        home: the folder of all state.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._drawing = Lock()
        self._room = BoundedSemaphore(1 + WAITING)

    def get(self, game_id: int, encoded: bytes) -> bytes:
        """Return a stored game as a GIF.

        Raises:
            FilmBusyError: others wait already.
            FilmError: it could not be drawn.
        """
        path = self._folder / f"{game_id}.gif"
        if path.is_file():
            return path.read_bytes()
        if not self._room.acquire(blocking=False):
            raise FilmBusyError("others wait for films already")
        try:
            return self._drawn(path, encoded)
        finally:
            self._room.release()

    def _drawn(self, path: Path, encoded: bytes) -> bytes:
        if not self._drawing.acquire(timeout=WAIT_SECONDS):
            raise FilmBusyError("another film is being drawn")
        try:
            if not path.is_file():
                self._folder.mkdir(parents=True, exist_ok=True)
                self._let_go()
                _draw(path, encoded)
            return path.read_bytes()
        except OSError as error:
            raise FilmError(f"films cannot be kept in {self._folder}: {error}") from error
        finally:
            self._drawing.release()

    def _let_go(self) -> None:
        kept = sorted(self._folder.glob("*.gif"), key=lambda film: film.stat().st_mtime)
        for film in kept[: max(0, len(kept) - MOST_FILMS + 1)]:
            film.unlink(missing_ok=True)


def _draw(path: Path, encoded: bytes) -> None:
    command = [sys.executable, "-P", "-m", __name__, str(path)]
    try:
        subprocess.run(
            command, input=encoded, check=True, capture_output=True, timeout=LIMIT_SECONDS
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise FilmError(f"the film could not be drawn: {error}") from error


def main() -> int:
    """Draw the film and return the exit status."""
    from replays.export import NamedReplay, Options, export
    from replays.facts import rider_names
    from replays.format import decode

    os.nice(NICENESS)
    replay = decode(sys.stdin.buffer.read())
    named = NamedReplay(replay, rider_names(replay))
    export(Path(sys.argv[1]), [named], Options(cell_px=CELL_PX, speed=PLIES_A_SECOND))
    return 0


if __name__ == "__main__":
    sys.exit(main())
