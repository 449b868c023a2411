"""The root of the error tree, and the engine's branch of it.

TronArenaError
EngineError: RulesetError, OptionError, DiagramError,
             InvalidActionError, EmptyActionMaskError
AgentSpecError
ReplayError      (replays.errors)
AgentError       (agents.errors): an entrant's fault, scored
ArenaFault       (arena.errors): our fault, retried, never scored
"""


class TronArenaError(Exception):
    """Every error this project raises on purpose."""


class EngineError(TronArenaError):
    """The engine was asked for something the rules do not have."""


class RulesetError(EngineError, ValueError):
    """A ruleset or a start is outside the allowed range; the message names the field."""


class OptionError(EngineError, ValueError):
    """An option of an environment is not one of those allowed; the message names it."""


class DiagramError(EngineError, ValueError):
    """An ASCII diagram is not one of a position; the message says where."""


class InvalidActionError(EngineError, ValueError):
    """An action is not one of 0, 1, 2, 3."""


class EmptyActionMaskError(EngineError, ValueError):
    """An accepted action was asked for where there is none."""


class AgentSpecError(TronArenaError, ValueError):
    """An agent SPEC names nothing, or its argument is malformed."""
