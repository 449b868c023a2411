"""``tree``: a compiled search as an agent, played by its twin, to measure what is worth compiling.

It chooses as the graph of the same description does, without building one and several times as
fast for one position.
"""

from dataclasses import fields

import numpy as np

from agents.errors import InvalidModelError, SearchDescriptionError
from agents.graphs import twin
from agents.graphs.boards import SIDE
from agents.graphs.description import Evaluation, TreeSearch
from agents.heuristic import parse_options, spec_of
from agents.policy import select_actions
from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.types import PLANES, Float32Array, IntArray, UInt8Array

_OF_SEARCH = {f.name: str(f.default) for f in fields(TreeSearch) if f.name != "evaluation"}
_OF_LEAVES = {f.name: str(f.default) for f in fields(Evaluation)}


class TreeAgent:
    """Plays the twin of a compiled search.

    Args:
        name: shown to people.
        description: of the search.
    """

    def __init__(self, name: str, description: TreeSearch) -> None:
        self.name = name
        self.description = description

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``.

        Raises:
            InvalidModelError: the board is not 32 by 32.
        """
        height, width = engine.ruleset.height, engine.ruleset.width
        if (height, width) != (SIDE, SIDE):
            raise InvalidModelError(
                f"{self.name} plays on {SIDE} by {SIDE} cells, not on {height} by {width}"
            )
        seen: Float32Array = np.empty((len(games), PLANES, height, width), dtype=np.float32)
        engine.gather(games, seats, seen)
        logits = twin.values(self.description, seen)
        return select_actions(logits, engine.masks[games, seats], engine.headings[games, seats])


def make_tree(argument: str) -> TreeAgent:
    """Make ``tree:rounds=2,width=12``, with any field of a search and its evaluation but a prior.

    Raises:
        AgentSpecError: as of ``described``, or a prior is asked for: the twin asks no network.
    """
    description = described(argument)
    if description.prior:
        raise AgentSpecError(
            "tree: a prior needs a network; `python -m agents.graphs.compile` makes a model of both"
        )
    return TreeAgent(spec_of("tree", argument), description)


def described(recipe: str) -> TreeSearch:
    """Read a recipe, ``rounds=2,width=12``, with any field of a search and its evaluation.

    Raises:
        AgentSpecError: a key is unknown, or a value no whole number or out of range.
    """
    options = parse_options("tree", recipe, _OF_SEARCH | _OF_LEAVES)
    try:
        numbers = {key: int(value) for key, value in options.items()}
        evaluation = Evaluation(**{key: numbers[key] for key in _OF_LEAVES})
        search = {key: numbers[key] for key in _OF_SEARCH}
        return TreeSearch(**search, evaluation=evaluation)
    except SearchDescriptionError as error:
        raise AgentSpecError(f"tree: {error}") from error
    except ValueError as error:
        raise AgentSpecError(f"tree: {error}; every value is a whole number") from None
