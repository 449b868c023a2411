"""Matches that are kept in a file as they are played, so that hours of games survive a stop."""

import json
from dataclasses import asdict
from pathlib import Path

from agents.errors import PlayedFileError
from agents.matches import Tally


class PlayedInFile:
    """The blocks of one match in a file, a line of JSON each; see ``agents.matches.Played``.

    A file may hold many matches. What is read is what it held in the beginning, and what has been
    added since.

    Args:
        path: of the file; a missing one is empty.
        match: tells matches apart: all that a block's outcome depends on, but for its number.

    Raises:
        PlayedFileError: a line cannot be read.
    """

    def __init__(self, path: Path, match: str) -> None:
        self._path = path
        self._match = match
        self._blocks: dict[int, Tally] = {}
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                if told["match"] == match:
                    a, b, c, d, e = map(int, told["pairs"])
                    tally = Tally((a, b, c, d, e), int(told["draws"]), int(told["plies"]))
                    self._blocks[int(told["block"])] = tally
            except (ValueError, TypeError, KeyError) as error:
                raise PlayedFileError(f"{path}, line {number} is no block of games") from error

    def get(self, block: int) -> Tally | None:
        """Return what a block gave, or None where it has not been played."""
        return self._blocks.get(block)

    def add(self, block: int, tally: Tally) -> None:
        """Append what a block gave."""
        line = json.dumps({"match": self._match, "block": block} | asdict(tally))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._blocks[block] = tally
