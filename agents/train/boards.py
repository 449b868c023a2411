"""The board of every ply of labelled games, packed: two trails of 32 rows and two heads."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.train.errors import GamesFileError
from agents.train.games import LabelledGames, Rider
from tron_env import compiling
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.types import SEATS, BoolArray, Int32Array, IntArray, UInt8Array

SIDE: Final = 32


@dataclass(frozen=True, slots=True)
class Boards:
    """What ``n`` plies of ``g`` games look like before they are ridden."""

    trails: Int32Array
    """``(n, 2, 32)``: of each seat the rows, bit ``c`` for column ``c``, head included."""
    heads: UInt8Array
    """``(n, 2, 2)``: row and column."""
    calm: BoolArray
    """``(n,)``: whether nobody rides at random from here on, so that the result tells something."""
    games: IntArray
    """``(n,)``: place of the game."""
    last: Int32Array
    """``(g, 2, 32)``: the trails when the game ended."""
    pure: BoolArray
    """``(n,)``: whether the teacher rides both seats."""


def boards_of(games: LabelledGames) -> Boards:
    """Ride all games again.

    Raises:
        GamesFileError: a game goes on after a rider has crashed; the message names it.
    """
    count, plies = len(games), len(games.rows)
    boards = Boards(
        trails=np.zeros((plies, SEATS, SIDE), dtype=np.int32),
        heads=np.zeros((plies, SEATS, 2), dtype=np.uint8),
        calm=np.zeros(plies, dtype=np.bool_),
        games=np.repeat(np.arange(count, dtype=np.intp), games.plies),
        last=np.zeros((count, SEATS, SIDE), dtype=np.int32),
        pure=np.repeat((games.riders == Rider.TEACHER).all(axis=1), games.plies),
    )
    actions = np.ascontiguousarray(games.rows["actions"])
    wild = np.ascontiguousarray(games.rows["wild"])
    crashed = _ride(
        games.heads,
        games.headings,
        games.plies,
        actions,
        wild,
        boards.trails,
        boards.heads,
        boards.calm,
        boards.last,
    )
    if crashed >= 0:
        game = int(boards.games[crashed])
        ply = crashed - int(games.plies[:game].sum(dtype=np.int64))
        raise GamesFileError(f"game {game} goes on after the crash on its ply {ply}")
    return boards


@compiling.kernel
def _ride(
    starts: UInt8Array,
    headings: UInt8Array,
    plies: Int32Array,
    actions: UInt8Array,
    wild: UInt8Array,
    out_trails: Int32Array,
    out_heads: UInt8Array,
    out_calm: BoolArray,
    out_last: Int32Array,
) -> int:
    """Write the boards; return the row of a crash that its game goes on after, or -1."""
    end = 0
    for game in range(plies.shape[0]):
        first = end
        end += plies[game]
        trails = out_last[game]
        for seat in range(2):
            y, x = np.int64(starts[game, 2 * seat]), np.int64(starts[game, 2 * seat + 1])
            out_heads[first, seat, 0], out_heads[first, seat, 1] = y, x
            trails[seat, y] |= np.int32(1) << x
            y, x = y - ROW_STEP[headings[game, seat]], x - COL_STEP[headings[game, seat]]
            if 0 < y < 31 and 0 < x < 31:
                trails[seat, y] |= np.int32(1) << x
        for ply in range(first, end):
            for seat in range(2):
                for row in range(SIDE):
                    out_trails[ply, seat, row] = trails[seat, row]
            for seat in range(2):
                action = actions[ply, seat]
                y = np.int64(out_heads[ply, seat, 0]) + ROW_STEP[action]
                x = np.int64(out_heads[ply, seat, 1]) + COL_STEP[action]
                inside = 0 < y < 31 and 0 < x < 31
                if ply + 1 < end:
                    if not inside or ((trails[0, y] | trails[1, y]) >> x) & 1:
                        return ply
                    out_heads[ply + 1, seat, 0] = y
                    out_heads[ply + 1, seat, 1] = x
                if inside:
                    trails[seat, y] |= np.int32(1) << x
        calm = True
        for ply in range(end - 1, first - 1, -1):
            calm = calm and wild[ply, 0] == 0 and wild[ply, 1] == 0
            out_calm[ply] = calm
    return -1
