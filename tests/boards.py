"""ASCII diagrams of positions, and single plies on them.

Diagrams are those of ``tron_env.diagrams``. The first head in reading order is seat 0's unless the
diagram is read with ``swapped=True``.
"""

import numpy as np

from tron_env import kernel, memory, stepping
from tron_env.diagrams import draw_diagram, parse_diagram
from tron_env.memory import Views
from tron_env.observation import encode_state
from tron_env.types import (
    Action,
    BoolArray,
    Cell,
    CellKind,
    DeathCause,
    GameState,
    Outcome,
    Plane,
    UInt8Array,
)

diagram = draw_diagram


def board(text: str, *, swapped: bool = False, ply: int = 0) -> GameState:
    """Read a diagram of a game in which both riders live."""
    return parse_diagram(text, swapped=swapped, ply=ply)


def advance(state: GameState, actions: tuple[Action, Action], *, max_plies: int = 500) -> GameState:
    """Play one ply and return what follows; ``state`` is left alone.

    By the plain kernel and by the loop that games are played with, which must agree.
    """
    _, plain = placed(state)
    kernel.advance(
        0,
        plain.cells,
        plain.heads,
        plain.headings,
        plain.causes,
        plain.plies,
        plain.outcomes,
        np.uint8(actions[0]),
        np.uint8(actions[1]),
        max_plies,
    )
    block, fused = placed(state)
    height, width = state.cells.shape
    both = np.array([actions], dtype=np.uint8)
    assert stepping.step_games(block, 1, height, width, max_plies, np.arange(1), both)
    after, (_, expected) = state_of(plain), placed(state_of(plain))
    for name in Views._fields:
        np.testing.assert_array_equal(getattr(fused, name), getattr(expected, name), name)
    return after


def placed(state: GameState) -> tuple[UInt8Array, Views]:
    """Return a block that holds one game of any size, and its arrays."""
    height, width = state.cells.shape
    block = memory.new_block(1, height * width)
    game = memory.shaped(block, 1, height, width)
    game.cells[0] = state.cells
    game.heads[0] = state.heads
    game.headings[0] = state.headings
    game.causes[0] = state.causes
    game.plies[0] = state.ply
    game.outcomes[0] = state.outcome
    game.masks[0] = masks(state)
    game.planes[0, :, Plane.WALLS] = state.cells == CellKind.WALL
    encode_state(0, game.cells, game.heads, game.causes, game.planes)
    return block, game


def state_of(game: Views) -> GameState:
    """Return the only game of a block."""
    first, second = game.heads[0].tolist()
    return GameState(
        cells=game.cells[0],
        heads=(Cell(*first), Cell(*second)),
        headings=(Action(game.headings[0, 0]), Action(game.headings[0, 1])),
        causes=(DeathCause(game.causes[0, 0]), DeathCause(game.causes[0, 1])),
        ply=int(game.plies[0]),
        outcome=Outcome(game.outcomes[0]),
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
