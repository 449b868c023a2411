"""The binary replay, version 1: at most 120 bytes for a 200-ply game of a seeded start.

All integers are little-endian::

    size  field
       1  magic, "T"
       1  version, 1
       2  bits 0-2 outcome, 3-4 ending, 5-7 and 8-10 cause of death of each seat, 11 mirrored
          layout, 12 second spawn present, 13 seed present; the rest is 0
       1  height
       1  width
       2  max_plies
       2  spawn of seat 0: bits 0-1 heading, 2-7 column, 8-13 row; the rest is 0
     0/2  spawn of seat 1; left out where it is seat 0's image under half a turn
     0/8  seed
       8  start of the SHA-256 of seat 0's model, zeros for a person
       8  the same of seat 1
       2  plies
       *  turns, 2 a ply, 5 to a byte (replays.turns)
       4  CRC-32 of everything before

A replay has exactly one encoding. Versions rise when a field changes; decoders of old versions
stay, and golden files prove it.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from replays.errors import ReplayFormatError
from replays.turns import pack_turns, packed_size, quarter_turns, unpack_turns
from tron_env.errors import RulesetError
from tron_env.ruleset import MAX_PLIES_LIMIT, Ruleset, SpawnLayout
from tron_env.spawn import check_spawns
from tron_env.symmetry import HALF_TURN
from tron_env.types import ACTIONS, SEATS, Action, DeathCause, Outcome, Spawn, UInt8Array

FORMAT_VERSION: Final = 1
MAGIC: Final = ord("T")
MODEL_PREFIX_BYTES: Final = 8
PERSON: Final = bytes(MODEL_PREFIX_BYTES)
"""Stands in ``Replay.models`` for a rider that is no stored model."""

HEADER: Final = struct.Struct("<BBHBBHH")
SPAWN: Final = struct.Struct("<H")
SEED: Final = struct.Struct("<Q")
RIDE: Final = struct.Struct(f"<{MODEL_PREFIX_BYTES}s{MODEL_PREFIX_BYTES}sH")
CHECKSUM: Final = struct.Struct("<I")
MIRRORED_BIT: Final = 1 << 11
SECOND_SPAWN_BIT: Final = 1 << 12
SEED_BIT: Final = 1 << 13
RESERVED_BITS: Final = 0b11 << 14

MIN_BYTES: Final = HEADER.size + RIDE.size + CHECKSUM.size
MAX_BYTES: Final = MIN_BYTES + SPAWN.size + SEED.size + packed_size(MAX_PLIES_LIMIT)
"""No replay is longer; readers need not read further."""


class Ending(IntEnum):
    """Why the record stops where it does."""

    RULES = 0
    """The rules ended the game."""
    FORFEIT = 1
    """A rider's model failed: the other wins. DRAW stands for both failing; then both lose."""
    ABANDONED = 2
    """A person left, or the game could not be finished; ``outcome`` stays ONGOING."""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """One recorded game: enough to play it again exactly.

    Two replays are equal where their encodings are.

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

    def __post_init__(self) -> None:
        _check_start(self)
        _check_ending(self)
        if any(len(model) != MODEL_PREFIX_BYTES for model in self.models):
            raise ReplayFormatError(f"models must be {MODEL_PREFIX_BYTES} bytes each")
        object.__setattr__(self, "actions", _checked_actions(self))

    @property
    def plies(self) -> int:
        """How many plies were played."""
        return int(self.actions.shape[0])

    def __eq__(self, other: object) -> bool:
        return encode(self) == encode(other) if isinstance(other, Replay) else NotImplemented

    def __hash__(self) -> int:
        return hash(encode(self))


def model_prefix(sha256: str) -> bytes:
    """Return what ``Replay.models`` holds for a model with this hexadecimal SHA-256.

    >>> model_prefix("00112233445566778899" + "0" * 44).hex()
    '0011223344556677'
    """
    return bytes.fromhex(sha256)[:MODEL_PREFIX_BYTES]


def half_turn(ruleset: Ruleset, spawn: Spawn) -> Spawn:
    """Return the image of a spawn when the board is turned by 180 degrees.

    >>> half_turn(Ruleset(), Spawn(1, 1, Action.DOWN))
    Spawn(row=30, col=30, heading=<Action.UP: 0>)
    """
    row, col, heading = spawn
    cell = HALF_TURN.cell((row, col), ruleset.height, ruleset.width)
    return Spawn(*cell, HALF_TURN.action(heading))


def encode(replay: Replay) -> bytes:
    """Return the only encoding of ``replay``."""
    first, second = replay.spawns
    ruleset = replay.ruleset
    bits = replay.outcome | replay.ending << 3 | replay.causes[0] << 5 | replay.causes[1] << 8
    tail = b""
    if ruleset.spawn is SpawnLayout.MIRRORED:
        bits |= MIRRORED_BIT
    if second != half_turn(ruleset, first):
        bits |= SECOND_SPAWN_BIT
        tail += SPAWN.pack(_pack_spawn(second))
    if replay.seed is not None:
        bits |= SEED_BIT
        tail += SEED.pack(replay.seed)
    header = HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        bits,
        ruleset.height,
        ruleset.width,
        ruleset.max_plies,
        _pack_spawn(first),
    )
    ride = RIDE.pack(*replay.models, replay.plies)
    body = header + tail + ride + pack_turns(replay.actions, _headings(replay.spawns))
    return body + CHECKSUM.pack(zlib.crc32(body))


def decode(data: bytes) -> Replay:
    """Return the replay that ``data`` encodes; any bytes may be given.

    Raises:
        ReplayFormatError: ``data`` is no replay, is damaged, or has a version this program does
            not know.
    """
    if not MIN_BYTES <= len(data) <= MAX_BYTES:
        raise ReplayFormatError(
            f"{len(data)} bytes; a replay has between {MIN_BYTES} and {MAX_BYTES}"
        )
    magic, version, bits, height, width, max_plies, first_packed = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise ReplayFormatError("this is no replay: its first byte is not 'T'")
    if version != FORMAT_VERSION:
        raise ReplayFormatError(f"format version is {version}; this program knows {FORMAT_VERSION}")
    end = len(data) - CHECKSUM.size
    if CHECKSUM.unpack_from(data, end)[0] != zlib.crc32(memoryview(data)[:end]):
        raise ReplayFormatError("checksum differs: the replay is damaged or cut short")
    if bits & RESERVED_BITS:
        raise ReplayFormatError("reserved bits are set")
    if max_plies == 0:
        raise ReplayFormatError("max_plies is 0; replays name the number that held")

    offset = HEADER.size
    optional = SPAWN.size * bool(bits & SECOND_SPAWN_BIT) + SEED.size * bool(bits & SEED_BIT)
    if len(data) < MIN_BYTES + optional:
        raise ReplayFormatError("too short for the fields it announces")
    try:
        layout = SpawnLayout.MIRRORED if bits & MIRRORED_BIT else SpawnLayout.CORNERS
        ruleset = Ruleset(height, width, layout, max_plies)
        outcome = Outcome(bits & 7)
        ending = Ending(bits >> 3 & 3)
        causes = (DeathCause(bits >> 5 & 7), DeathCause(bits >> 8 & 7))
    except (RulesetError, ValueError) as error:
        raise ReplayFormatError(str(error)) from error
    first = _unpack_spawn(first_packed)
    second = half_turn(ruleset, first)
    if bits & SECOND_SPAWN_BIT:
        image, second = second, _unpack_spawn(SPAWN.unpack_from(data, offset)[0])
        offset += SPAWN.size
        if second == image:
            raise ReplayFormatError("spawn of seat 1 is stored although it is an image of seat 0's")
    seed = None
    if bits & SEED_BIT:
        seed = SEED.unpack_from(data, offset)[0]
        offset += SEED.size
    *models, plies = RIDE.unpack_from(data, offset)
    offset += RIDE.size
    actions = unpack_turns(data[offset:end], plies, _headings((first, second)))
    return Replay(
        ruleset=ruleset,
        seed=seed,
        spawns=(first, second),
        actions=actions,
        outcome=outcome,
        causes=causes,
        ending=ending,
        models=(models[0], models[1]),
    )


def _check_start(replay: Replay) -> None:
    ruleset = replay.ruleset
    if replay.seed is not None and not 0 <= replay.seed < 2**64:
        raise ReplayFormatError(f"seed is {replay.seed}; allowed are 0 to 2**64 - 1")
    try:
        check_spawns(ruleset, replay.spawns)
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
    if given.size and (given.min() < 0 or given.max() >= ACTIONS):
        raise ReplayFormatError("actions must be 0 to 3")
    actions = given.astype(np.uint8)
    reversals = np.argwhere(quarter_turns(actions, _headings(replay.spawns)) == 2)
    if reversals.size:
        ply, seat = reversals[0]
        raise ReplayFormatError(
            f"seat {seat} reverses at ply {ply + 1}; actions are effective headings"
        )
    actions.setflags(write=False)
    return actions


def _pack_spawn(spawn: Spawn) -> int:
    return int(spawn.heading) | spawn.col << 2 | spawn.row << 8


def _unpack_spawn(packed: int) -> Spawn:
    if packed >> 14:
        raise ReplayFormatError("reserved bits of a spawn are set")
    return Spawn(packed >> 8, packed >> 2 & 63, Action(packed & 3))


def _headings(spawns: tuple[Spawn, Spawn]) -> tuple[int, int]:
    return int(spawns[0].heading), int(spawns[1].heading)
