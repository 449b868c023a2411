"""The memory that a child shares with the arena, and other sealed memory files."""

import fcntl
import mmap
import os
import weakref
from typing import Final

import numpy as np

from arena import wire
from tron_env.types import ACTIONS, Float32Array, UInt8Array

SIZE_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


class SharedTensors:
    """Observations and logits of up to ``max_batch`` positions in one sealed memory file.

    Attributes:
        descriptor: the file; its size can never change.
        observations: uint8 ``(max_batch, 5, 32, 32)``, 0 and 1; the child only reads them, and
            widens what it runs: a quarter of what models take stays in caches more easily.
        logits: float32 ``(max_batch, 4)``; the child may write here at any time.
    """

    def __init__(self, max_batch: int) -> None:
        logits_at, size = wire.tensor_layout(max_batch)
        self.descriptor = memory_file("tensors", size)
        mapping = mmap.mmap(self.descriptor, size)
        self.observations: UInt8Array = np.frombuffer(
            mapping, np.uint8, max_batch * int(np.prod(wire.OBSERVATION_SHAPE))
        ).reshape(max_batch, *wire.OBSERVATION_SHAPE)
        self.logits: Float32Array = np.frombuffer(
            mapping, np.float32, max_batch * ACTIONS, logits_at
        ).reshape(max_batch, ACTIONS)
        self.close = weakref.finalize(self, os.close, self.descriptor)
        """Closes the file; the arrays stay usable while anybody holds them."""


def memory_file(name: str, size: int, content: bytes | None = None) -> int:
    """Return a memory file that cannot change size, nor content where it is given some."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(descriptor, size)
    seals = SIZE_SEALS
    if content is not None:
        written = 0
        view = memoryview(content)
        while written < size:
            written += os.pwrite(descriptor, view[written:], written)
        seals |= fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals | fcntl.F_SEAL_SEAL)
    return descriptor
