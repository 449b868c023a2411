"""The binary replay, version 1, which is read for ever and written no more.

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
"""

from typing import Final

from replays.errors import ReplayFormatError
from replays.packing import SEED, SPAWN, Reader, end_of, half_turn, unpack_spawn
from replays.record import PREFIX_BYTES, Replay
from replays.turns import unpack_turns
from tron_env.errors import RulesetError
from tron_env.ruleset import Ruleset, SpawnLayout

MIRRORED_BIT: Final = 1 << 11
SECOND_SPAWN_BIT: Final = 1 << 12
SEED_BIT: Final = 1 << 13
RESERVED_BITS: Final = 0b11 << 14


def decode_v1(fields: Reader) -> Replay:
    """Return the replay whose fields behind the version are given.

    Raises:
        ReplayFormatError: they are no replay, or not its only encoding.
    """
    bits = fields.number(2)
    height, width, max_plies = fields.number(1), fields.number(1), fields.number(2)
    first_packed = fields.take(SPAWN.size)
    if bits & RESERVED_BITS:
        raise ReplayFormatError("reserved bits are set")
    if max_plies == 0:
        raise ReplayFormatError("max_plies is 0; replays name the number that held")
    layout = SpawnLayout.MIRRORED if bits & MIRRORED_BIT else SpawnLayout.CORNERS
    try:
        ruleset = Ruleset(height, width, layout, max_plies)
    except RulesetError as error:
        raise ReplayFormatError(str(error)) from error
    outcome, ending, causes = end_of(bits)
    first = unpack_spawn(first_packed)
    second = half_turn(ruleset, first)
    if bits & SECOND_SPAWN_BIT:
        image, second = second, unpack_spawn(fields.take(SPAWN.size))
        if second == image:
            raise ReplayFormatError("spawn of seat 1 is stored although it is an image of seat 0's")
    seed = fields.number(SEED.size) if bits & SEED_BIT else None
    models = (fields.take(PREFIX_BYTES), fields.take(PREFIX_BYTES))
    plies = fields.number(2)
    actions = unpack_turns(fields.rest(), plies, (int(first.heading), int(second.heading)))
    return Replay(
        ruleset=ruleset,
        seed=seed,
        spawns=(first, second),
        actions=actions,
        outcome=outcome,
        causes=causes,
        ending=ending,
        models=models,
    )
