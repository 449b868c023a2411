"""The light-cycle game: rules, observations, batch engine and environment faces.

Names are loaded on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tron_env.registration import register_with_gymnasium

if TYPE_CHECKING:
    from tron_env.agent import Agent, AgentFactory, make_agent
    from tron_env.batch import BatchEngine
    from tron_env.diagrams import draw_diagram, parse_diagram
    from tron_env.env import TronEnv
    from tron_env.errors import (
        AgentSpecError,
        DiagramError,
        EmptyActionMaskError,
        EngineError,
        InvalidActionError,
        OptionError,
        RulesetError,
        TronArenaError,
    )
    from tron_env.pettingzoo import TronParallelEnv, aec_env, parallel_env
    from tron_env.regions import Owner, are_separated, reachable_map, territory_map
    from tron_env.registration import register_envs
    from tron_env.render import render_ansi, render_rgb
    from tron_env.rewards import Rewards, convert_rewards
    from tron_env.ruleset import APEX, ARENA, Ruleset, SpawnLayout, ruleset_named
    from tron_env.scoring import apex_score
    from tron_env.spawn import spawns_for
    from tron_env.symmetry import SYMMETRIES, Symmetry
    from tron_env.types import (
        Action,
        Cell,
        CellKind,
        DeathCause,
        GameState,
        Outcome,
        Plane,
        Seat,
        Spawn,
    )
    from tron_env.vector import TronVectorEnv

__all__ = [
    "APEX",
    "ARENA",
    "SYMMETRIES",
    "Action",
    "Agent",
    "AgentFactory",
    "AgentSpecError",
    "BatchEngine",
    "Cell",
    "CellKind",
    "DeathCause",
    "DiagramError",
    "EmptyActionMaskError",
    "EngineError",
    "GameState",
    "InvalidActionError",
    "OptionError",
    "Outcome",
    "Owner",
    "Plane",
    "Rewards",
    "Ruleset",
    "RulesetError",
    "Seat",
    "Spawn",
    "SpawnLayout",
    "Symmetry",
    "TronArenaError",
    "TronEnv",
    "TronParallelEnv",
    "TronVectorEnv",
    "aec_env",
    "apex_score",
    "are_separated",
    "convert_rewards",
    "draw_diagram",
    "make_agent",
    "parallel_env",
    "parse_diagram",
    "reachable_map",
    "register_envs",
    "render_ansi",
    "render_rgb",
    "ruleset_named",
    "spawns_for",
    "territory_map",
]

_HOMES = {
    "agent": ("Agent", "AgentFactory", "make_agent"),
    "batch": ("BatchEngine",),
    "diagrams": ("draw_diagram", "parse_diagram"),
    "env": ("TronEnv",),
    "errors": (
        "AgentSpecError",
        "DiagramError",
        "EmptyActionMaskError",
        "EngineError",
        "InvalidActionError",
        "OptionError",
        "RulesetError",
        "TronArenaError",
    ),
    "pettingzoo": ("TronParallelEnv", "aec_env", "parallel_env"),
    "regions": ("Owner", "are_separated", "reachable_map", "territory_map"),
    "registration": ("register_envs",),
    "render": ("render_ansi", "render_rgb"),
    "rewards": ("Rewards", "convert_rewards"),
    "ruleset": ("APEX", "ARENA", "Ruleset", "SpawnLayout", "ruleset_named"),
    "scoring": ("apex_score",),
    "spawn": ("spawns_for",),
    "symmetry": ("SYMMETRIES", "Symmetry"),
    "types": (
        "Action",
        "Cell",
        "CellKind",
        "DeathCause",
        "GameState",
        "Outcome",
        "Plane",
        "Seat",
        "Spawn",
    ),
    "vector": ("TronVectorEnv",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_with_gymnasium()
