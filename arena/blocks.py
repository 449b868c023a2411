"""A block of a round: the unit that executors play, whole or not at all.

A block follows from the frozen field alone. It is played in one lockstep with fresh sandboxes, so
that its games are the same wherever, whenever and however often it is played.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from arena.confinement import Layer, available_layers, layers_text
from arena.contestants import ModelContestant
from arena.divisions import Usage
from arena.duel import DuelPlan, PlayedDuel, play_duels
from arena.errors import SandboxLostError
from arena.limits import Limits
from arena.schedule import ScheduledDuel, game_seeds
from arena.yardstick import Yardstick
from replays.format import encode
from tron_env.ruleset import ruleset_named


@dataclass(frozen=True, slots=True)
class BlockEntrant:
    """One model of a block."""

    number: int
    """In the frozen field."""
    sha256: str
    alone: bool


@dataclass(frozen=True, slots=True)
class BlockTask:
    """Everything that decides what happens in a block."""

    number: int
    ruleset: str
    round_seed: str
    starts: int
    entrants: tuple[BlockEntrant, ...]
    duels: tuple[ScheduledDuel, ...]
    limits: Limits = field(default_factory=Limits)
    layers: Layer = field(default_factory=lambda: Layer(0))
    """What has to hold its sandboxes, wherever it is played."""

    @property
    def games(self) -> int:
        """How many games it takes."""
        return 2 * self.starts * len(self.duels)


@dataclass(frozen=True, slots=True)
class BlockGame:
    """One played game, ready to be stored."""

    replay: bytes
    reasons: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class BlockResult:
    """All duels of one block: their numbers, and their games in the order of the schedule."""

    number: int
    duels: tuple[tuple[int, tuple[BlockGame, ...]], ...]
    usage: tuple[tuple[int, Usage], ...] = field(default=(), compare=False)
    """What each entrant used, by its number in the field; no two plays take the same time."""


def play_block(task: BlockTask, model: Callable[[str], bytes]) -> BlockResult:
    """Play one block.

    Args:
        task: what to play.
        model: returns a model's bytes by its SHA-256.

    Raises:
        ArenaFault: a fault of ours; the block is to be played again.
    """
    if lacking := layers_text(task.layers & ~available_layers()):
        raise SandboxLostError(f"this machine lacks {lacking}")
    places = {entrant.number: place for place, entrant in enumerate(task.entrants)}
    plans = [
        DuelPlan(
            duel.number,
            places[duel.first],
            places[duel.second],
            game_seeds(task.round_seed, duel.number, task.starts),
        )
        for duel in task.duels
    ]
    yardstick = Yardstick()
    yardstick.measure(batch=True)
    positions = [0] * len(task.entrants)
    for plan in plans:
        positions[plan.first] += len(plan.seeds)
        positions[plan.second] += len(plan.seeds)
    with ExitStack() as stack:
        contestants = [
            stack.enter_context(
                ModelContestant(
                    model(entrant.sha256),
                    limits=task.limits,
                    max_batch=positions[place],
                    alone=entrant.alone,
                )
            )
            for place, entrant in enumerate(task.entrants)
        ]
        played = play_duels(ruleset_named(task.ruleset), plans, contestants)
        yardstick.measure(batch=True)
        usage = tuple(
            (entrant.number, contestant.usage(yardstick.batch_factor))
            for entrant, contestant in zip(task.entrants, contestants, strict=True)
        )
    return BlockResult(task.number, tuple((duel.number, _stored(duel)) for duel in played), usage)


def _stored(duel: PlayedDuel) -> tuple[BlockGame, ...]:
    return tuple(BlockGame(encode(game.replay), game.reasons) for game in duel.games)
