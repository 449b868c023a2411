"""ASCII diagrams of positions, and single plies of the kernel on them.

One character a cell: ``#`` wall, ``.`` free, ``a`` and ``b`` trails of seat 0 and seat 1,
``^ > v <`` a living head by its heading, ``x`` the last cell of a dead rider. The first head in
reading order is seat 0's unless the diagram is read with ``swapped=True``. Boards may be smaller
than any ruleset allows; the wall border must be drawn.
"""

from textwrap import dedent

import numpy as np

from tron_env import kernel
from tron_env.types import (
    Action,
    BoolArray,
    Cell,
    CellKind,
    DeathCause,
    GameState,
    Outcome,
)

HEADS = {"^": Action.UP, ">": Action.RIGHT, "v": Action.DOWN, "<": Action.LEFT}
KINDS = {
    ".": CellKind.EMPTY,
    "#": CellKind.WALL,
    "a": CellKind.TRAIL_0,
    "b": CellKind.TRAIL_1,
}
SIGNS = {kind: sign for sign, kind in KINDS.items()}


def board(text: str, *, swapped: bool = False, ply: int = 0) -> GameState:
    """Read a diagram of a game in which both riders live."""
    lines = dedent(text).strip().splitlines()
    assert len({len(line) for line in lines}) == 1, "rows differ in length"
    found = [
        (Cell(row, col), HEADS[sign])
        for row, line in enumerate(lines)
        for col, sign in enumerate(line)
        if sign in HEADS
    ]
    assert len(found) == 2, f"{len(found)} heads"
    if swapped:
        found.reverse()
    cells = np.array(
        [[KINDS.get(sign, CellKind.EMPTY) for sign in line] for line in lines], dtype=np.uint8
    )
    edge = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
    assert (edge == CellKind.WALL).all(), "the border is not all wall"
    for seat, (cell, _) in enumerate(found):
        cells[cell] = CellKind.TRAIL_0 + seat
    return GameState(
        cells=cells,
        heads=(found[0][0], found[1][0]),
        headings=(found[0][1], found[1][1]),
        causes=(DeathCause.NONE, DeathCause.NONE),
        ply=ply,
        outcome=Outcome.ONGOING,
    )


def diagram(state: GameState) -> str:
    """Draw a state; the opposite of ``board`` where both riders live."""
    rows = [[SIGNS[CellKind(kind)] for kind in row] for row in state.cells]
    arrows = {heading: sign for sign, heading in HEADS.items()}
    for cell, heading, cause in zip(state.heads, state.headings, state.causes, strict=True):
        rows[cell.row][cell.col] = arrows[heading] if cause is DeathCause.NONE else "x"
    return "\n".join("".join(row) for row in rows)


def advance(state: GameState, actions: tuple[Action, Action], *, max_plies: int = 500) -> GameState:
    """Play one ply with the kernel and return what follows; ``state`` is left alone."""
    cells = state.cells[np.newaxis].copy()
    heads = np.array([state.heads], dtype=np.int16)
    headings = np.array([state.headings], dtype=np.uint8)
    causes = np.array([state.causes], dtype=np.uint8)
    plies = np.array([state.ply], dtype=np.int32)
    outcomes = np.array([state.outcome], dtype=np.uint8)
    moves = np.array([actions], dtype=np.uint8)
    kernel.advance(
        0,
        cells,
        heads,
        headings,
        causes,
        plies,
        outcomes,
        moves[0, 0],
        moves[0, 1],
        max_plies,
    )
    return GameState(
        cells=cells[0],
        heads=(Cell(*heads[0, 0].tolist()), Cell(*heads[0, 1].tolist())),
        headings=(Action(headings[0, 0]), Action(headings[0, 1])),
        causes=(DeathCause(causes[0, 0]), DeathCause(causes[0, 1])),
        ply=int(plies[0]),
        outcome=Outcome(outcomes[0]),
    )


def masks(state: GameState) -> BoolArray:
    """Return the kernel's accepted actions of both riders, bool ``(2, 4)``."""
    out = np.zeros((1, 2, 4), dtype=np.bool_)
    cells = state.cells[np.newaxis]
    heads = np.array([state.heads], dtype=np.int16)
    headings = np.array([state.headings], dtype=np.uint8)
    causes = np.array([state.causes], dtype=np.uint8)
    for seat in range(2):
        kernel.write_mask(0, seat, cells, heads, headings, causes, out)
    both: BoolArray = out[0]
    return both
