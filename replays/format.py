"""The binary replay, version 2: at most 120 bytes for a 200-ply game of a seeded start.

All integers are little-endian::

    size  field
       1  magic, "T"
       1  version, 2
       3  bits 0-2 outcome, 3-4 ending, 5-7 and 8-10 cause of death of each seat, 11 mirrored
          layout, 12 board present, 13 max_plies present, 14 second spawn present, 15 seed present,
          16 and 17 a person on seat 0 and 1, 18 taken over, 19 the seat that was taken over, 20
          turns are an arithmetic code; the rest is 0
     0/2  height and width; left out for 32 by 32
     0/2  max_plies; left out where it is the board's default
       2  spawn of seat 0: bits 0-1 heading, 2-7 column, 8-13 row; the rest is 0
     0/2  spawn of seat 1; left out where it is seat 0's image under half a turn
     0/8  seed
     0/8  start of the SHA-256 of seat 0's model; left out for a person
     0/8  the same of seat 1
    0/10  of a take-over: 2 ply, 8 start of the SHA-256 of the other replay
       2  plies
       *  turns: as an arithmetic code (replays.coding) where that is shorter, else 2 a ply, 5 to a
          byte (replays.turns)
       4  CRC-32 of everything before

A replay has exactly one encoding. Versions rise when a field changes; decoders of old versions
stay (version 1 in ``replays.format_v1``), and golden files prove it.
"""

from typing import Final

from replays.coding import code_headings, decode_headings
from replays.errors import ReplayFormatError
from replays.format_v1 import decode_v1
from replays.packing import (
    CHECKSUM,
    MAGIC,
    SEED,
    SPAWN,
    Reader,
    end_bits,
    end_of,
    half_turn,
    pack_spawn,
    sealed,
    unpack_spawn,
    unsealed,
)
from replays.record import (
    PERSON,
    PREFIX_BYTES,
    Ending,
    Replay,
    TakeOver,
    check_start,
    model_prefix,
    replay_prefix,
)
from replays.turns import pack_turns, packed_size, unpack_turns
from tron_env.errors import RulesetError
from tron_env.ruleset import MAX_PLIES_LIMIT, Ruleset, SpawnLayout
from tron_env.types import Seat, Spawn, UInt8Array

__all__ = [
    "FORMAT_VERSION",
    "MAX_BYTES",
    "MIN_BYTES",
    "PERSON",
    "PREFIX_BYTES",
    "Ending",
    "Replay",
    "TakeOver",
    "decode",
    "encode",
    "model_prefix",
    "replay_prefix",
]

FORMAT_VERSION: Final = 2

MIRRORED_BIT: Final = 1 << 11
BOARD_BIT: Final = 1 << 12
LIMIT_BIT: Final = 1 << 13
SECOND_SPAWN_BIT: Final = 1 << 14
SEED_BIT: Final = 1 << 15
PERSON_BITS: Final = (1 << 16, 1 << 17)
TAKEN_BIT: Final = 1 << 18
TAKEN_SEAT_BIT: Final = 1 << 19
CODED_BIT: Final = 1 << 20
RESERVED_BITS: Final = 0b111 << 21

BITS_BYTES: Final = 3
PLIES_BYTES: Final = 2
BOARD_BYTES: Final = 2
TAKEOVER_BYTES: Final = PLIES_BYTES + PREFIX_BYTES

MIN_BYTES: Final = 2 + BITS_BYTES + SPAWN.size + PLIES_BYTES + CHECKSUM.size
MAX_BYTES: Final = (
    MIN_BYTES
    + BOARD_BYTES
    + PLIES_BYTES
    + SPAWN.size
    + SEED.size
    + PREFIX_BYTES
    + TAKEOVER_BYTES
    + packed_size(MAX_PLIES_LIMIT)
)
"""No replay is longer, of whatever version; readers need not read further."""

STANDARD_BOARD: Final = (Ruleset().height, Ruleset().width)


def encode(replay: Replay) -> bytes:
    """Return the only encoding of ``replay``, in the newest version."""
    ruleset, takeover = replay.ruleset, replay.takeover
    first, second = replay.spawns
    bits = end_bits(replay.outcome, replay.ending, replay.causes)
    fields = b""
    if ruleset.spawn is SpawnLayout.MIRRORED:
        bits |= MIRRORED_BIT
    shape = (ruleset.height, ruleset.width)
    if shape != STANDARD_BOARD:
        bits |= BOARD_BIT
        fields += bytes(shape)
    if ruleset.max_plies != Ruleset(*shape).max_plies:
        bits |= LIMIT_BIT
        fields += ruleset.max_plies.to_bytes(PLIES_BYTES, "little")
    fields += pack_spawn(first)
    if second != half_turn(ruleset, first):
        bits |= SECOND_SPAWN_BIT
        fields += pack_spawn(second)
    if replay.seed is not None:
        bits |= SEED_BIT
        fields += SEED.pack(replay.seed)
    for model, person_bit in zip(replay.models, PERSON_BITS, strict=True):
        if model == PERSON:
            bits |= person_bit
        else:
            fields += model
    if takeover is not None:
        bits |= TAKEN_BIT | TAKEN_SEAT_BIT * takeover.seat
        fields += takeover.ply.to_bytes(PLIES_BYTES, "little") + takeover.source
    turns = code_headings(replay.actions, replay.spawns, shape)
    if turns is None:
        turns = pack_turns(replay.actions, replay.headings)
    else:
        bits |= CODED_BIT
    head = bytes((MAGIC, FORMAT_VERSION)) + bits.to_bytes(BITS_BYTES, "little")
    return sealed(head + fields + replay.plies.to_bytes(PLIES_BYTES, "little") + turns)


def decode(data: bytes) -> Replay:
    """Return the replay that ``data`` encodes, in any version; any bytes may be given.

    Raises:
        ReplayFormatError: ``data`` is no replay, is damaged, or has a version this program does
            not know.
    """
    if not MIN_BYTES <= len(data) <= MAX_BYTES:
        raise ReplayFormatError(
            f"{len(data)} bytes; a replay has between {MIN_BYTES} and {MAX_BYTES}"
        )
    magic, version = data[:2]
    if magic != MAGIC:
        raise ReplayFormatError("this is no replay: its first byte is not 'T'")
    decoders = {1: decode_v1, FORMAT_VERSION: _decode}
    if version not in decoders:
        raise ReplayFormatError(
            f"format version is {version}; this program knows 1 to {FORMAT_VERSION}"
        )
    fields = Reader(unsealed(data))
    fields.take(2)
    return decoders[version](fields)


def _decode(fields: Reader) -> Replay:
    bits = fields.number(BITS_BYTES)
    if bits & RESERVED_BITS:
        raise ReplayFormatError("reserved bits are set")
    ruleset = _ruleset(fields, bits)
    spawns = _spawns(fields, bits, ruleset)
    outcome, ending, causes = end_of(bits)
    seed = fields.number(SEED.size) if bits & SEED_BIT else None
    first, second = (_model(fields, bits & person_bit) for person_bit in PERSON_BITS)
    takeover = _takeover(fields, bits)
    return Replay(
        ruleset=ruleset,
        seed=seed,
        spawns=spawns,
        actions=_actions(fields, bits, ruleset, spawns),
        outcome=outcome,
        causes=causes,
        ending=ending,
        models=(first, second),
        takeover=takeover,
    )


def _ruleset(fields: Reader, bits: int) -> Ruleset:
    height, width = fields.take(BOARD_BYTES) if bits & BOARD_BIT else STANDARD_BOARD
    layout = SpawnLayout.MIRRORED if bits & MIRRORED_BIT else SpawnLayout.CORNERS
    if bits & BOARD_BIT and (height, width) == STANDARD_BOARD:
        raise ReplayFormatError("the board is stored although it is the standard one")
    try:
        default = Ruleset(height, width, layout)
        if not bits & LIMIT_BIT:
            return default
        max_plies = fields.number(PLIES_BYTES)
        if max_plies in (0, default.max_plies):
            raise ReplayFormatError("max_plies is stored although it is the default")
        return Ruleset(height, width, layout, max_plies)
    except RulesetError as error:
        raise ReplayFormatError(str(error)) from error


def _spawns(fields: Reader, bits: int, ruleset: Ruleset) -> tuple[Spawn, Spawn]:
    first = unpack_spawn(fields.take(SPAWN.size))
    second = image = half_turn(ruleset, first)
    if bits & SECOND_SPAWN_BIT:
        second = unpack_spawn(fields.take(SPAWN.size))
        if second == image:
            raise ReplayFormatError("spawn of seat 1 is stored although it is an image of seat 0's")
    # Before the turns, which are decoded on this board.
    check_start(ruleset, (first, second))
    return first, second


def _model(fields: Reader, person: int) -> bytes:
    if person:
        return PERSON
    model = fields.take(PREFIX_BYTES)
    if model == PERSON:
        raise ReplayFormatError("a person is stored as if it were a model")
    return model


def _takeover(fields: Reader, bits: int) -> TakeOver | None:
    if not bits & TAKEN_BIT:
        if bits & TAKEN_SEAT_BIT:
            raise ReplayFormatError("a seat is named although none was taken over")
        return None
    ply = fields.number(PLIES_BYTES)
    return TakeOver(fields.take(PREFIX_BYTES), ply, Seat(bool(bits & TAKEN_SEAT_BIT)))


def _actions(
    fields: Reader, bits: int, ruleset: Ruleset, spawns: tuple[Spawn, Spawn]
) -> UInt8Array:
    plies = fields.number(PLIES_BYTES)
    shape = (ruleset.height, ruleset.width)
    turns = fields.rest()
    if bits & CODED_BIT:
        coded = decode_headings(turns, plies, spawns, shape)
        if coded is None:
            raise ReplayFormatError(f"the turns are not the code of {plies} plies")
        return coded
    headings = int(spawns[0].heading), int(spawns[1].heading)
    actions = unpack_turns(turns, plies, headings)
    if code_headings(actions, spawns, shape) is not None:
        raise ReplayFormatError("the turns are packed although their code is shorter")
    return actions
