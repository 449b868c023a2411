"""Plain Python that counts what the territory pass counts, from the board of each ply alone."""

from collections import deque

from replays.playback import Playback
from tron_env.types import Cell, CellKind, DeathCause, GameState, Seat

STEPS = {0: (-1, 0), 1: (0, 1), 2: (1, 0), 3: (0, -1)}


def steps(state: GameState, cell, taken=frozenset()):
    """The free cells beside a cell, by action."""
    found = {}
    for action, (row, col) in STEPS.items():
        target = Cell(cell[0] + row, cell[1] + col)
        if state.cells[target] == CellKind.EMPTY and target not in taken:
            found[action] = target
    return found


def distances(state: GameState, start, taken=frozenset()):
    """How many plies every reachable free cell is away from ``start``."""
    found, todo = {start: 0}, deque([start])
    while todo:
        cell = todo.popleft()
        for target in steps(state, cell, taken).values():
            if target not in found:
                found[target] = found[cell] + 1
                todo.append(target)
    del found[start]
    return found


def lives(state: GameState, seat):
    return state.causes[seat] is DeathCause.NONE


def reached(state: GameState, seat):
    return distances(state, state.heads[seat]) if lives(state, seat) else {}


def territory(state: GameState):
    """The cells that each rider reaches strictly first, and those that both reach at once."""
    first, second = reached(state, 0), reached(state, 1)
    never = 10**9
    return (
        {cell for cell in first if first[cell] < second.get(cell, never)},
        {cell for cell in second if second[cell] < first.get(cell, never)},
        {cell for cell in first if first[cell] == second.get(cell, never)},
    )


def separated(state: GameState):
    return not reached(state, 0).keys() & reached(state, 1).keys()


def separation(playback: Playback):
    over = any(cause is not DeathCause.NONE for cause in playback.replay.causes)
    for ply in range(playback.plies + (not over)):
        if separated(playback.state(ply)):
            return ply
    return None


def kept(state: GameState, seat, action):
    """The cells that one action keeps within reach, its target included; 0 if it is taken."""
    target = steps(state, state.heads[seat]).get(action)
    if target is None:
        return 0
    return 1 + len(distances(state, target, taken={target}))


def longest(state: GameState, cell, taken=frozenset()):
    """The plies of the longest path from a cell, by trying them all."""
    return max(
        (
            1 + longest(state, target, taken | {target})
            for target in steps(state, cell, taken).values()
        ),
        default=0,
    )


def near_trail(playback: Playback, ply, seat: Seat):
    """How many cells a head is away from the nearest cell that the other has ridden."""
    row, col = playback.heads[ply, seat].tolist()
    trail = playback.heads[: ply + 1, seat.other].tolist()
    return min(abs(row - r) + abs(col - c) for r, c in trail)
