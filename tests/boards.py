"""ASCII diagrams of positions, and single plies of the kernel on them.

Diagrams are those of ``tron_env.diagrams``. The first head in reading order is seat 0's unless the
diagram is read with ``swapped=True``.
"""

import numpy as np

from tron_env import kernel
from tron_env.diagrams import draw_diagram, parse_diagram
from tron_env.types import Action, BoolArray, Cell, DeathCause, GameState, Outcome

diagram = draw_diagram


def board(text: str, *, swapped: bool = False, ply: int = 0) -> GameState:
    """Read a diagram of a game in which both riders live."""
    return parse_diagram(text, swapped=swapped, ply=ply)


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
