"""A replay as plain data: what the JSON form holds and the browser draws."""

from typing import Literal, TypeAlias, TypedDict

import numpy as np

from replays.format import Replay
from replays.playback import verify
from tron_env.compiling import kernel
from tron_env.kernel import COL_STEP, ROW_STEP
from tron_env.ruleset import SpawnLayout
from tron_env.spawn import cell_behind
from tron_env.types import DeathCause, Int64Array, UInt8Array

RiderKind: TypeAlias = Literal["model", "person"]
Point: TypeAlias = list[int]
"""``[row, col]``."""


class TakeOverView(TypedDict):
    """Where a person went on in place of the rider on ``seat``."""

    ply: int
    seat: int


class ReplayView(TypedDict):
    """One game, ready to draw; lists over riders are in seat order."""

    height: int
    width: int
    names: list[str]
    kinds: list[RiderKind]
    plies: int
    lead_in: list[Point | None]
    """The cell behind each spawn that is trail from the start, or None."""
    trails: list[list[Point]]
    """The cell of each rider at ply 0, 1, ...; a dead rider's list ends at its last cell, so it
    may be one shorter than the other."""
    headings: list[int]
    """Where each rider went last, or died going."""
    causes: list[str]
    """none, wall, self, opponent or head_on."""
    outcome: str
    """ongoing, first_wins, second_wins, draw or truncated."""
    ending: str
    """rules, forfeit or abandoned."""
    takeover: TakeOverView | None


def replay_view(
    replay: Replay, names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> ReplayView:
    """Return what a viewer needs to draw ``replay`` at any ply.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """
    verify(replay)
    return played_view(replay, names, kinds)


def played_view(
    replay: Replay, names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> ReplayView:
    """Return the same of a game that was played here, by the rules, which are not asked again."""
    taken = replay.takeover
    last = replay.actions[-1].tolist() if replay.plies else replay.headings
    return ReplayView(
        height=replay.ruleset.height,
        width=replay.ruleset.width,
        names=list(names),
        kinds=list(kinds),
        plies=replay.plies,
        lead_in=lead_ins(replay),
        trails=_trails(replay),
        headings=[int(heading) for heading in last],
        causes=[cause.name.lower() for cause in replay.causes],
        outcome=replay.outcome.name.lower(),
        ending=replay.ending.name.lower(),
        takeover=None if taken is None else TakeOverView(ply=taken.ply, seat=int(taken.seat)),
    )


def lead_ins(replay: Replay) -> list[Point | None]:
    """Return what ``lead_in`` says of both riders."""
    ruleset = replay.ruleset
    if ruleset.spawn is not SpawnLayout.MIRRORED:
        return [None, None]
    heads = [(spawn.row, spawn.col) for spawn in replay.spawns]
    cells = [cell_behind(spawn) for spawn in replay.spawns]
    return [list(cell) if ruleset.inside(*cell) and cell not in heads else None for cell in cells]


def _trails(replay: Replay) -> list[list[Point]]:
    """Return the cells that each rider stood on; who dies does not move."""
    lengths = [replay.plies + (cause is DeathCause.NONE) for cause in replay.causes]
    cells = np.empty((sum(lengths), 2), dtype=np.int64)
    begin = 0
    for seat, (spawn, length) in enumerate(zip(replay.spawns, lengths, strict=True)):
        walk(replay.actions, seat, spawn.row, spawn.col, cells[begin : begin + length])
        begin += length
    points: list[Point] = cells.tolist()
    return [points[: lengths[0]], points[lengths[0] :]]


@kernel
def walk(actions: UInt8Array, seat: int, row: int, col: int, out_cells: Int64Array) -> None:
    """Write ``(row, col)`` of a start and of each move after it, as many as there is room for.

    Args:
        actions: ``(plies, 2)``, headings.
        seat: whose.
        row: of the start.
        col: of the start.
        out_cells: ``(<= plies + 1, 2)``.
    """
    if out_cells.shape[0] == 0:
        return
    out_cells[0, 0], out_cells[0, 1] = row, col
    for move in range(1, out_cells.shape[0]):
        heading = actions[move - 1, seat]
        row += ROW_STEP[heading]
        col += COL_STEP[heading]
        out_cells[move, 0], out_cells[move, 1] = row, col
