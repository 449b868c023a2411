"""ASCII diagrams of positions, to state and back.

One character a cell: ``#`` wall, ``.`` free, ``a`` and ``b`` the trails of seat 0 and seat 1,
``^ > v <`` a living head by its heading, ``x`` the last cell of a dead rider.
"""

from textwrap import dedent
from typing import Final

import numpy as np

from tron_env.errors import DiagramError
from tron_env.types import Action, Cell, CellKind, DeathCause, GameState, Outcome, Seat

HEADS: Final = {"^": Action.UP, ">": Action.RIGHT, "v": Action.DOWN, "<": Action.LEFT}
KINDS: Final = {
    ".": CellKind.EMPTY,
    "#": CellKind.WALL,
    "a": CellKind.TRAIL_0,
    "b": CellKind.TRAIL_1,
}
DEAD: Final = "x"

_SIGNS = {kind: sign for sign, kind in KINDS.items()}
_ARROWS = {heading: sign for sign, heading in HEADS.items()}


def parse_diagram(text: str, *, swapped: bool | None = None, ply: int = 0) -> GameState:
    """Read a diagram of a game in which both riders live.

    Args:
        text: lines of equal length; indentation and blank lines around them do not matter. The
            board may be smaller than any ruleset allows; its wall border must be drawn.
        swapped: whether the first head in reading order is seat 1's. By default the trail behind
            each head tells; where none does, the first is seat 0's.
        ply: of the state.

    Raises:
        DiagramError: it is not such a diagram; the message says where.

    >>> state = parse_diagram('''
    ...     #######
    ...     #.a>..#
    ...     #...<b#
    ...     #######
    ... ''')
    >>> state.heads
    (Cell(row=1, col=3), Cell(row=2, col=4))
    """
    lines = dedent(text).strip().splitlines()
    if len({len(line) for line in lines}) != 1:
        raise DiagramError(f"rows differ in length: {[len(line) for line in lines]}")
    found: list[tuple[Cell, Action]] = []
    cells = np.zeros((len(lines), len(lines[0])), dtype=np.uint8)
    for row, line in enumerate(lines):
        for col, sign in enumerate(line):
            if sign in HEADS:
                found.append((Cell(row, col), HEADS[sign]))
            elif sign in KINDS:
                cells[row, col] = KINDS[sign]
            else:
                raise DiagramError(
                    f"{sign!r} at ({row}, {col}); allowed are {' '.join([*KINDS, *HEADS])}"
                )
    if len(found) != 2:
        raise DiagramError(f"there are {len(found)} living heads; expected 2")
    edge = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
    if (edge != CellKind.WALL).any():
        raise DiagramError("the border is not all wall")
    if swapped is None:
        swapped = _swapped(cells, found)
    if swapped:
        found.reverse()
    (first, heading), (second, other) = found
    cells[first], cells[second] = CellKind.TRAIL_0, CellKind.TRAIL_1
    return GameState(
        cells=cells,
        heads=(first, second),
        headings=(heading, other),
        causes=(DeathCause.NONE, DeathCause.NONE),
        ply=ply,
        outcome=Outcome.ONGOING,
    )


def draw_diagram(state: GameState) -> str:
    """Return a diagram, one line a row; the opposite of ``parse_diagram`` while both live."""
    rows = [[_SIGNS[CellKind(kind)] for kind in row] for row in state.cells.tolist()]
    for seat in Seat:
        alive = state.causes[seat] is DeathCause.NONE
        row, col = state.heads[seat]
        rows[row][col] = _ARROWS[state.headings[seat]] if alive else DEAD
    return "\n".join("".join(row) for row in rows)


def _swapped(cells: np.ndarray, found: list[tuple[Cell, Action]]) -> bool:
    """Tell by the trails behind the heads whether the first one is seat 1's.

    Raises:
        DiagramError: both heads lead a trail of the same seat.
    """
    behind = []
    for cell, heading in found:
        rows, cols = heading.reverse.offset
        behind.append(int(cells[cell.row + rows, cell.col + cols]))
    trails = [kind for kind in behind if kind >= CellKind.TRAIL_0]
    if len(trails) == 2 and trails[0] == trails[1]:
        raise DiagramError(
            f"both heads lead a trail of seat {trails[0] - CellKind.TRAIL_0}; say which is whose "
            "with swapped"
        )
    return behind[0] == CellKind.TRAIL_1 or behind[1] == CellKind.TRAIL_0
