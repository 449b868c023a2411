"""What all versions of the binary replay write alike: spawns, and how the game ended."""

import struct
import zlib
from typing import Final

from replays.errors import ReplayFormatError
from replays.record import Ending
from tron_env.ruleset import Ruleset
from tron_env.symmetry import HALF_TURN
from tron_env.types import Action, DeathCause, Outcome, Spawn

MAGIC: Final = ord("T")
SPAWN: Final = struct.Struct("<H")
SEED: Final = struct.Struct("<Q")
CHECKSUM: Final = struct.Struct("<I")


def half_turn(ruleset: Ruleset, spawn: Spawn) -> Spawn:
    """Return the image of a spawn when the board is turned by 180 degrees.

    >>> half_turn(Ruleset(), Spawn(1, 1, Action.DOWN))
    Spawn(row=30, col=30, heading=<Action.UP: 0>)
    """
    row, col, heading = spawn
    cell = HALF_TURN.cell((row, col), ruleset.height, ruleset.width)
    return Spawn(*cell, HALF_TURN.action(heading))


def pack_spawn(spawn: Spawn) -> bytes:
    """Return 2 bytes: bits 0-1 heading, 2-7 column, 8-13 row; the rest is 0."""
    return SPAWN.pack(int(spawn.heading) | spawn.col << 2 | spawn.row << 8)


def unpack_spawn(data: bytes) -> Spawn:
    """Return what ``pack_spawn`` packed.

    Raises:
        ReplayFormatError: reserved bits are set.
    """
    packed = SPAWN.unpack(data)[0]
    if packed >> 14:
        raise ReplayFormatError("reserved bits of a spawn are set")
    return Spawn(packed >> 8, packed >> 2 & 63, Action(packed & 3))


def end_bits(outcome: Outcome, ending: Ending, causes: tuple[DeathCause, DeathCause]) -> int:
    """Return bits 0-2 outcome, 3-4 ending, 5-7 and 8-10 cause of death of each seat."""
    return int(outcome) | ending << 3 | causes[0] << 5 | causes[1] << 8


def end_of(bits: int) -> tuple[Outcome, Ending, tuple[DeathCause, DeathCause]]:
    """Return what ``end_bits`` packed.

    Raises:
        ReplayFormatError: a number stands for nothing.
    """
    try:
        causes = (DeathCause(bits >> 5 & 7), DeathCause(bits >> 8 & 7))
        return Outcome(bits & 7), Ending(bits >> 3 & 3), causes
    except ValueError as error:
        raise ReplayFormatError(str(error)) from error


def sealed(body: bytes) -> bytes:
    """Return ``body`` with its checksum behind it."""
    return body + CHECKSUM.pack(zlib.crc32(body))


def unsealed(data: bytes) -> bytes:
    """Return all but the checksum.

    Raises:
        ReplayFormatError: it is that of other bytes.
    """
    end = len(data) - CHECKSUM.size
    if end < 0 or CHECKSUM.unpack_from(data, end)[0] != zlib.crc32(memoryview(data)[:end]):
        raise ReplayFormatError("checksum differs: the replay is damaged or cut short")
    return data[:end]


class Reader:
    """Takes bytes from the front of a replay."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes.

        Raises:
            ReplayFormatError: there are fewer.
        """
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ReplayFormatError("too short for the fields it announces")
        self._at += count
        return taken

    def number(self, count: int) -> int:
        """Return the next ``count`` bytes as a little-endian number; raises as ``take``."""
        return int.from_bytes(self.take(count), "little")

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self.take(len(self._data) - self._at)
