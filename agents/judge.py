"""The search as a judge of positions, for the deep analysis of replays."""

from typing import Final

import numpy as np

from agents.evaluation import CHAMBERS
from agents.search import Minimax, make_minimax
from agents.search_nodes import PROVEN
from replays.deep import MOST_CELLS, Judgement
from tron_env.batch import BatchEngine
from tron_env.territory import territory

CELL_WORTH: Final = CHAMBERS.cell + 2 * CHAMBERS.edge + CHAMBERS.inner
"""What the search's evaluation gives for one more cell of open territory: it has four edges, each
shared with another cell."""


class Judge:
    """Judges positions in which the riders can still meet; see ``replays.deep.Evaluator``."""

    def __init__(self, search: Minimax) -> None:
        self._search = search

    def judge(self, engine: BatchEngine, game: int, seat: int) -> Judgement:
        """Judge one position for the rider to move.

        The search does not look where a rider has no choice; then the other rider's view counts,
        and where neither has one, territory.
        """
        thought = self._search.think(engine, game, seat)
        ways = engine.masks[game].sum(axis=1)
        if ways[seat] > 1:
            return Judgement(thought.action, _cells(thought.value), thought.line)
        if ways[1 - seat] > 1:
            other = self._search.think(engine, game, 1 - seat)
            return Judgement(thought.action, -_cells(other.value))
        index = np.array([game])
        counts = territory(engine.cells[index], engine.heads[index], engine.causes[index])[0]
        return Judgement(thought.action, int(counts[seat] - counts[1 - seat]))


def _cells(value: int) -> int:
    if abs(value) >= PROVEN:
        return MOST_CELLS if value > 0 else -MOST_CELLS
    cells = round(value / CELL_WORTH)
    return max(1 - MOST_CELLS, min(MOST_CELLS - 1, cells))


def make_judge(argument: str) -> Judge:
    """Make a judge of a ``minimax`` argument such as ``nodes=500``.

    Raises:
        AgentSpecError: the argument is malformed.
    """
    return Judge(make_minimax(argument))
