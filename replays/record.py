"""One recorded game as a value: enough to play it again exactly, checked when it is made."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from replays.errors import ReplayFormatError
from replays.turns import NO_ACTION, NO_FAULT, first_fault
from tron_env.errors import RulesetError
from tron_env.ruleset import Ruleset
from tron_env.spawn import check_spawns
from tron_env.types import ACTIONS, SEATS, DeathCause, Outcome, Seat, Spawn, UInt8Array

PREFIX_BYTES: Final = 8
"""Of a SHA-256 that names a model or a replay."""
PERSON: Final = bytes(PREFIX_BYTES)
"""Stands in ``Replay.models`` for a rider that is no stored model."""


class Ending(IntEnum):
    """Why the record stops where it does."""

    RULES = 0
    """The rules ended the game."""
    FORFEIT = 1
    """A rider's model failed: the other wins. DRAW stands for both failing; then both lose."""
    ABANDONED = 2
    """A person left, or the game could not be finished; ``outcome`` stays ONGOING."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A person's ride that goes on from a ply of another replay, in place of one of its riders.

    The record holds all plies, those of the other replay first.
    """

    source: bytes
    """The first 8 bytes of the SHA-256 of the other replay's encoding."""
    ply: int
    """How many plies are the other replay's."""
    seat: Seat
    """Whose place the person took."""

    @classmethod
    def of(cls, encoded: bytes, ply: int, seat: Seat) -> "TakeOver":
        """Return the take-over of a replay, given by its encoding, at ``ply``."""
        return cls(replay_prefix(encoded), ply, seat)


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """One recorded game: enough to play it again exactly.

    Two replays are equal where all of their fields are.

    Raises:
        ReplayFormatError: the fields contradict each other; the message names the field.
    """

    ruleset: Ruleset
    seed: int | None
    """The seed that named the start, 0 to 2**64 - 1; None for explicit spawns."""
    spawns: tuple[Spawn, Spawn]
    actions: UInt8Array
    """``(plies, 2)``, the effective heading of each seat at each ply; kept as a read-only copy."""
    outcome: Outcome
    causes: tuple[DeathCause, DeathCause]
    ending: Ending = Ending.RULES
    models: tuple[bytes, bytes] = (PERSON, PERSON)
    """The first 8 bytes of each model's SHA-256, ``PERSON`` for none."""
    takeover: TakeOver | None = None
    """None for a game that a person did not take over from another replay."""

    def __post_init__(self) -> None:
        if self.seed is not None and not 0 <= self.seed < 2**64:
            raise ReplayFormatError(f"seed is {self.seed}; allowed are 0 to 2**64 - 1")
        check_start(self.ruleset, self.spawns)
        _check_ending(self)
        if any(len(model) != PREFIX_BYTES for model in self.models):
            raise ReplayFormatError(f"models must be {PREFIX_BYTES} bytes each")
        object.__setattr__(self, "actions", _checked_actions(self))
        _check_takeover(self)

    @property
    def plies(self) -> int:
        """How many plies were played."""
        return int(self.actions.shape[0])

    @property
    def headings(self) -> tuple[int, int]:
        """The heading of each spawn."""
        return int(self.spawns[0].heading), int(self.spawns[1].heading)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Replay) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return (
            self.ruleset,
            self.seed,
            self.spawns,
            self.actions.tobytes(),
            self.outcome,
            self.causes,
            self.ending,
            self.models,
            self.takeover,
        )


def model_prefix(sha256: str) -> bytes:
    """Return what ``Replay.models`` holds for a model with this hexadecimal SHA-256.

    >>> model_prefix("00112233445566778899" + "0" * 44).hex()
    '0011223344556677'
    """
    return bytes.fromhex(sha256)[:PREFIX_BYTES]


def replay_prefix(encoded: bytes) -> bytes:
    """Return what ``TakeOver.source`` holds for the replay with this encoding."""
    return hashlib.sha256(encoded).digest()[:PREFIX_BYTES]


def check_start(ruleset: Ruleset, spawns: tuple[Spawn, Spawn]) -> None:
    """Raise ``ReplayFormatError`` where no game can start like this."""
    try:
        check_spawns(ruleset, spawns)
    except RulesetError as error:
        raise ReplayFormatError(str(error)) from error


def _check_ending(replay: Replay) -> None:
    dead = tuple(cause is not DeathCause.NONE for cause in replay.causes)
    match replay.ending:
        case Ending.RULES:
            expected = {
                Outcome.FIRST_WINS: (False, True),
                Outcome.SECOND_WINS: (True, False),
                Outcome.DRAW: (True, True),
                Outcome.TRUNCATED: (False, False),
            }.get(replay.outcome)
            possible = dead == expected
        case Ending.FORFEIT:
            decided = (Outcome.FIRST_WINS, Outcome.SECOND_WINS, Outcome.DRAW)
            possible = replay.outcome in decided and not any(dead)
        case Ending.ABANDONED:
            possible = replay.outcome is Outcome.ONGOING and not any(dead)
    if not possible:
        causes = " and ".join(cause.name for cause in replay.causes)
        raise ReplayFormatError(
            f"outcome {replay.outcome.name} with causes {causes} cannot end by {replay.ending.name}"
        )


def _check_takeover(replay: Replay) -> None:
    takeover = replay.takeover
    if takeover is None:
        return
    if len(takeover.source) != PREFIX_BYTES:
        raise ReplayFormatError(f"the source of a take-over must be {PREFIX_BYTES} bytes")
    if not 0 <= takeover.ply <= replay.plies:
        raise ReplayFormatError(f"taken over at ply {takeover.ply} of {replay.plies}")
    if replay.models[takeover.seat] != PERSON:
        raise ReplayFormatError("the seat that a person took over is recorded as a model's")


def _checked_actions(replay: Replay) -> UInt8Array:
    """Return a read-only uint8 copy of the actions."""
    given = np.asarray(replay.actions)
    if given.ndim != 2 or given.shape[1] != SEATS or given.dtype.kind not in "iu":
        raise ReplayFormatError(
            f"actions are {given.dtype} {given.shape}; expected integers (plies, {SEATS})"
        )
    if given.shape[0] > replay.ruleset.max_plies:
        raise ReplayFormatError(
            f"{given.shape[0]} plies; the ruleset allows {replay.ruleset.max_plies}"
        )
    # Larger types are looked at first, as 256 would become 0.
    if given.dtype != np.uint8 and given.size and (given.min() < 0 or given.max() >= ACTIONS):
        raise ReplayFormatError("actions must be 0 to 3")
    actions: UInt8Array = given.astype(np.uint8, order="C")
    fault = first_fault(actions, *replay.headings)
    if fault == NO_ACTION:
        raise ReplayFormatError("actions must be 0 to 3")
    if fault != NO_FAULT:
        ply, seat = divmod(fault, SEATS)
        raise ReplayFormatError(
            f"seat {seat} reverses at ply {ply + 1}; actions are effective headings"
        )
    actions.setflags(write=False)
    return actions
