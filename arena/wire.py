"""Frames between an arena process, its fork server and the sandboxed children.

Every frame is one message of a SOCK_SEQPACKET socket: a byte naming its type, then fixed
little-endian fields, then at most one text or blob. Tensors never travel here; they lie in the
child's shared memory file, laid out by ``tensor_layout``. What a child says is untrusted: decoding
bounds its length and cleans its text.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, TypeAlias

from tron_env.types import ACTIONS, PLANES

SIDE: Final = 32
"""Rows and columns of the observations in the policy contract."""
OBSERVATION_SHAPE: Final = (PLANES, SIDE, SIDE)
MAX_FRAME: Final = 65_536
MAX_TEXT: Final = 2_000
FLOAT_BYTES: Final = 4
LARGEST_PAGE: Final = 65_536
"""Bytes; what any kernel's pages divide."""

_SPAWN = struct.Struct("<BQIIB")
_PID = struct.Struct("<Bi")
_REAPED = struct.Struct("<Bii")
_COUNT = struct.Struct("<BI")
_CONFINED = struct.Struct("<BI")
_FAILED = struct.Struct("<BB")


class FrameError(ValueError):
    """A frame is malformed. Between us and a child that is the child's doing."""


class Fault(IntEnum):
    """What a child says went wrong with its model."""

    INVALID_MODEL = 1
    """The file cannot be a policy."""
    RUN_TIME = 2
    """The model failed while it ran."""
    MEMORY = 3
    """An allocation was refused."""


@dataclass(frozen=True, slots=True)
class Spawn:
    """Arena to fork server, with three descriptors: child's socket, tensors, model."""

    kind: ClassVar[int] = 1
    memory_bytes: int
    cpu_seconds: int
    max_batch: int
    alone: bool

    def encode(self) -> bytes:
        """Return the frame."""
        return _SPAWN.pack(
            self.kind, self.memory_bytes, self.cpu_seconds, self.max_batch, self.alone
        )


@dataclass(frozen=True, slots=True)
class Reap:
    """Arena to fork server: collect a child that has ended."""

    kind: ClassVar[int] = 2
    pid: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _PID.pack(self.kind, self.pid)


@dataclass(frozen=True, slots=True)
class Spawned:
    """Fork server to arena, with the child's pidfd."""

    kind: ClassVar[int] = 3
    pid: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _PID.pack(self.kind, self.pid)


@dataclass(frozen=True, slots=True)
class Reaped:
    """Fork server to arena: how a child ended, as ``os.waitpid`` tells it."""

    kind: ClassVar[int] = 4
    pid: int
    status: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _REAPED.pack(self.kind, self.pid, self.status)


@dataclass(frozen=True, slots=True)
class Refused:
    """Fork server to arena: no child could be made."""

    kind: ClassVar[int] = 5
    text: str

    def encode(self) -> bytes:
        """Return the frame."""
        return bytes([self.kind]) + _text_bytes(self.text)


@dataclass(frozen=True, slots=True)
class Run:
    """Arena to child: evaluate the first ``count`` observations."""

    kind: ClassVar[int] = 16
    count: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _COUNT.pack(self.kind, self.count)


@dataclass(frozen=True, slots=True)
class Confined:
    """Child to arena, before it looks at the model: the layers that now hold it (bit set)."""

    kind: ClassVar[int] = 17
    layers: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _CONFINED.pack(self.kind, self.layers)


@dataclass(frozen=True, slots=True)
class Report:
    """Child to arena: what inspection found, as UTF-8 JSON (see ``arena.inspection``)."""

    kind: ClassVar[int] = 18
    body: bytes

    def encode(self) -> bytes:
        """Return the frame."""
        if len(self.body) >= MAX_FRAME:
            raise FrameError(f"a report of {len(self.body)} bytes; at most {MAX_FRAME - 1}")
        return bytes([self.kind]) + self.body


@dataclass(frozen=True, slots=True)
class Ready:
    """Child to arena: the model is loaded; ``alone`` if it takes one position at a time."""

    kind: ClassVar[int] = 19
    alone: bool

    def encode(self) -> bytes:
        """Return the frame."""
        return bytes([self.kind, self.alone])


@dataclass(frozen=True, slots=True)
class Done:
    """Child to arena: ``count`` rows of logits lie in the shared memory."""

    kind: ClassVar[int] = 20
    count: int

    def encode(self) -> bytes:
        """Return the frame."""
        return _COUNT.pack(self.kind, self.count)


@dataclass(frozen=True, slots=True)
class Failed:
    """Child to arena: the model is at fault. The child ends after a failure to load."""

    kind: ClassVar[int] = 21
    fault: Fault
    text: str

    def encode(self) -> bytes:
        """Return the frame."""
        return _FAILED.pack(self.kind, self.fault) + _text_bytes(self.text)


Frame: TypeAlias = (
    Spawn | Reap | Spawned | Reaped | Refused | Run | Confined | Report | Ready | Done | Failed
)


def decode(frame: bytes) -> Frame:
    """Return the frame's contents.

    Raises:
        FrameError: it is empty, of an unknown type, too short or too long.

    >>> decode(Run(7).encode())
    Run(count=7)
    """
    if not frame or len(frame) > MAX_FRAME:
        raise FrameError(f"a frame of {len(frame)} bytes; allowed are 1 to {MAX_FRAME}")
    kind = frame[0]
    try:
        return _decode_known(kind, frame)
    except (struct.error, ValueError, IndexError) as error:
        raise FrameError(f"a frame of type {kind} and {len(frame)} bytes is malformed") from error


def _decode_known(kind: int, frame: bytes) -> Frame:
    match kind:
        case Spawn.kind:
            _, memory_bytes, cpu_seconds, max_batch, alone = _SPAWN.unpack(frame)
            return Spawn(memory_bytes, cpu_seconds, max_batch, bool(alone))
        case Reap.kind:
            return Reap(_PID.unpack(frame)[1])
        case Spawned.kind:
            return Spawned(_PID.unpack(frame)[1])
        case Reaped.kind:
            _, pid, status = _REAPED.unpack(frame)
            return Reaped(pid, status)
        case Refused.kind:
            return Refused(clean_text(frame[1:]))
        case Run.kind:
            return Run(_COUNT.unpack(frame)[1])
        case Confined.kind:
            return Confined(_CONFINED.unpack(frame)[1])
        case Report.kind:
            return Report(frame[1:])
        case Ready.kind:
            _, alone = struct.unpack("<B?", frame)
            return Ready(alone)
        case Done.kind:
            return Done(_COUNT.unpack(frame)[1])
        case Failed.kind:
            fault = Fault(frame[1])
            return Failed(fault, clean_text(frame[_FAILED.size :]))
        case _:
            raise FrameError(f"no frame has type {kind}")


def clean_text(raw: bytes) -> str:
    r"""Return untrusted UTF-8 as one short line without control characters.

    >>> clean_text(b"red\x1b[31m\nalert")
    'red [31m alert'
    """
    text = raw[: 4 * MAX_TEXT].decode("utf-8", "replace")
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MAX_TEXT]


def tensor_layout(max_batch: int) -> tuple[int, int]:
    """Return where the logits begin in the shared memory file, and its size, both in bytes.

    Observations, uint8 ``(max_batch, 5, 32, 32)``, come first; logits, float32
    ``(max_batch, 4)``, follow on a page of their own, as the child may write to them only.

    >>> tensor_layout(2)
    (65536, 65568)
    """
    logits_at = -(-max_batch * PLANES * SIDE * SIDE // LARGEST_PAGE) * LARGEST_PAGE
    return logits_at, logits_at + max_batch * ACTIONS * FLOAT_BYTES


def _text_bytes(text: str) -> bytes:
    return text[:MAX_TEXT].encode("utf-8", "replace")
