"""What an agent is to every part of the project, and how a SPEC names one.

A SPEC is ``NAME``, ``NAME:ARGUMENT``, ``NAME@ARGUMENT`` or a path ending in ``.onnx``. The name is
looked up in the entry-point group ``tron.agents``, whose entries are ``AgentFactory`` functions; a
path is handed to the factory called ``onnx``. Packages above this one, and third parties, add
agents there, so that this package imports nothing above it.
"""

from importlib.metadata import entry_points
from typing import Protocol

from tron_env.batch import BatchEngine
from tron_env.errors import AgentSpecError
from tron_env.types import IntArray, UInt8Array

ENTRY_POINT_GROUP = "tron.agents"


class Agent(Protocol):
    """Chooses actions for any number of riders at once, from their present state alone."""

    name: str

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider.

        Args:
            engine: the games; read only.
            games: ``(k,)`` indices of unfinished games.
            seats: ``(k,)`` the seat to move in each.

        Returns:
            uint8 ``(k,)``. An accepted action wherever there is one.
        """


class AgentFactory(Protocol):
    """Makes an agent from the part of its SPEC behind the name ("" when there is none)."""

    def __call__(self, argument: str) -> Agent:
        """Raise ``AgentSpecError`` where ``argument`` is malformed."""


def split_spec(spec: str) -> tuple[str, str]:
    """Return the name in a SPEC and its argument; a path that ends in .onnx needs no name.

    >>> split_spec("champion@2"), split_spec("best.onnx"), split_spec("onnx:best")
    (('champion', '2'), ('onnx', 'best.onnx'), ('onnx', 'best'))
    """
    cut = min((spec.find(mark) for mark in ":@" if mark in spec), default=len(spec))
    name, argument = spec[:cut], spec[cut + 1 :]
    if spec.endswith(".onnx") and name != "onnx":
        return "onnx", spec
    return name, argument


def make_agent(spec: str) -> Agent:
    """Return the agent that ``spec`` names.

    Raises:
        AgentSpecError: no installed package knows the name, the package that does cannot be
            imported, or the argument is malformed.
    """
    name, argument = split_spec(spec)
    found = entry_points(group=ENTRY_POINT_GROUP)
    if name not in found.names:
        known = ", ".join(sorted(found.names))
        raise AgentSpecError(
            f"no agent is called {name!r}; known are {known}, and paths ending in .onnx"
        )
    try:
        factory: AgentFactory = found[name].load()
    except ImportError as error:
        raise AgentSpecError(
            f"agent {name!r} is {found[name].value}, which cannot be loaded: {error}"
        ) from error
    return factory(argument)
