"""Labelled games: what was ridden on every ply, and beside it what a teacher would have ridden.

A file is an ``.npz`` of six arrays, for ``g`` games of ``n`` plies together:

    heads     uint8 (g, 4)    row and column of the first rider at the start, then of the second
    headings  uint8 (g, 2)    an action a seat; the cell behind each head is trail from the start
    plies     int32 (g,)      how many of the rows are this game's, in the order of the games
    result    int8  (g,)      1 where the first rider won, -1 where the second did, 0 for a draw
    riders    uint8 (g, 2)    who rode, a ``Rider`` a seat
    rows      uint8 (n, 16)   a ``ROW`` a ply

A game ends by the rules, or where the riders have parted, and is then decided by who can ride on
for longer.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.train.errors import GamesFileError
from tron_env.types import ACTIONS, SEATS, Int8Array, Int32Array, UInt8Array

UNLABELLED: Final = 255
"""In place of an action, where the teacher was not asked or had no choice."""

ROW: Final = np.dtype(
    [
        ("actions", "u1", SEATS),  # as ridden
        ("labels", "u1", SEATS),  # the teacher's actions, or UNLABELLED
        ("depths", "u1", SEATS),  # half-plies that the teacher looked ahead
        ("wild", "u1", SEATS),  # 1 where the action was drawn, whatever the rider wanted
        ("values", "<i4", SEATS),  # the teacher's, in units of its evaluation
    ]
)
"""One ply, a number a seat in each field; 16 bytes."""

INNER: Final = range(1, 31)
"""Rows and columns that are no wall, on a board of 32 by 32."""


class Rider(IntEnum):
    """Who rides a seat of a labelled game."""

    TEACHER = 0
    SHALLOW = 1
    TREE = 2


@dataclass(frozen=True, slots=True)
class LabelledGames:
    """Labelled games on the arena's board, one or more; see the module for the arrays.

    Raises:
        GamesFileError: the arrays do not fit together, or a number is out of range.
    """

    heads: UInt8Array
    headings: UInt8Array
    plies: Int32Array
    result: Int8Array
    riders: UInt8Array
    rows: NDArray[np.void]
    """``(n,)`` of dtype ``ROW``."""

    def __post_init__(self) -> None:
        games = len(self.plies)
        _require(games >= 1, "there is no game")
        _require(self.heads.shape == (games, 4), f"heads are {self.heads.shape}")
        _require(self.headings.shape == (games, SEATS), f"headings are {self.headings.shape}")
        _require(self.result.shape == (games,), f"result is {self.result.shape}")
        _require(self.riders.shape == (games, SEATS), f"riders are {self.riders.shape}")
        _require(bool((self.plies >= 1).all()), "a game has no plies")
        told, held = int(self.plies.sum(dtype=np.int64)), len(self.rows)
        _require(told == held, f"the games have {told} plies and there are {held} rows")
        labels = self.rows["labels"]
        for name, fits in (
            ("heads", np.isin(self.heads, INNER)),
            ("headings", self.headings < ACTIONS),
            ("result", np.abs(self.result) <= 1),
            ("riders", np.isin(self.riders, list(Rider))),
            ("actions", self.rows["actions"] < ACTIONS),
            ("labels", (labels < ACTIONS) | (labels == UNLABELLED)),
            ("wild", self.rows["wild"] <= 1),
        ):
            wrong = np.argwhere(~fits)
            if wrong.size:
                raise GamesFileError(f"{name} {wrong[0].tolist()} is out of range")

    def __len__(self) -> int:
        return len(self.plies)

    def save(self, path: Path) -> None:
        """Write ``path`` whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                heads=self.heads,
                headings=self.headings,
                plies=self.plies,
                result=self.result,
                riders=self.riders,
                rows=self.rows.view(np.uint8).reshape(-1, ROW.itemsize),
            )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "LabelledGames":
        """Return what ``save`` wrote.

        Raises:
            GamesFileError: the file is missing, damaged, or holds something else.
        """
        try:
            # Opened here: NumPy leaves a file that it cannot read to the collector.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                rows = _array(stored, "rows", np.uint8, 2)
                _require(rows.shape[1] == ROW.itemsize, f"rows are {rows.shape}")
                return cls(
                    heads=_array(stored, "heads", np.uint8, 2),
                    headings=_array(stored, "headings", np.uint8, 2),
                    plies=_array(stored, "plies", np.int32, 1),
                    result=_array(stored, "result", np.int8, 1),
                    riders=_array(stored, "riders", np.uint8, 2),
                    rows=np.ascontiguousarray(rows).view(ROW)[:, 0],
                )
        except GamesFileError as error:
            raise GamesFileError(f"{path}: {error}") from error
        except (OSError, ValueError, EOFError, TypeError) as error:
            raise GamesFileError(f"{path} holds no labelled games: {error}") from error
        except (zipfile.BadZipFile, zlib.error) as error:
            raise GamesFileError(f"{path} is damaged: {error}") from error


def joined(parts: Sequence[LabelledGames]) -> LabelledGames:
    """Return one or more sets of games as one."""
    return LabelledGames(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("heads", "headings", "plies", "result", "riders", "rows")
        )
    )


def _array(stored: Any, name: str, dtype: type[np.generic], axes: int) -> NDArray[Any]:
    _require(name in stored, f"there is no array {name!r}")
    array: NDArray[Any] = stored[name]
    found = f"{name!r} is {array.dtype} with {array.ndim} axes"
    _require(
        array.dtype == dtype and array.ndim == axes,
        f"{found}; expected {np.dtype(dtype)} with {axes}",
    )
    return array


def _require(holds: bool, wrong: str) -> None:
    if not holds:
        raise GamesFileError(wrong)
