"""What a submitted model may use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agents.errors import InvalidModelError

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one model. CPU time is counted by the kernel; wall time is only a watchdog."""

    model_bytes: int = 16 * MIB
    memory_bytes: int = 1024 * MIB
    """Address space beyond what the empty child has mapped."""
    load_cpu_seconds: float = 20.0
    call_cpu_seconds: float = 0.5
    """Of a call, beside ``position_cpu_seconds`` for each position in it."""
    position_cpu_seconds: float = 0.1
    wall_seconds: float = 30.0
    """A call is given up after this plus ``wall_factor`` times its CPU limit."""
    wall_factor: float = 10.0
    latency_ms: float = 100.0
    """CPU time of a single position, 99th percentile; asked at admission."""

    trial_cpu_seconds: float = 10.0
    """What trial games may take on the reference machine, whatever their positions cost."""

    def cpu_seconds(self, positions: int) -> float:
        """Return the CPU limit of a call with so many positions."""
        return self.call_cpu_seconds + positions * self.position_cpu_seconds


def check_size(model: bytes, limits: Limits) -> None:
    """Look at a model's length, which with its hash is all that is looked at unconfined.

    Raises:
        InvalidModelError: the file is empty or too large.
    """
    if not model:
        raise InvalidModelError("the file is empty; export the model to ONNX again")
    if len(model) > limits.model_bytes:
        raise InvalidModelError(
            f"the file is larger than the {limits.model_bytes / MIB:g} MB allowed; "
            "use a smaller network"
        )


def read_model(path: Path, limits: Limits) -> bytes:
    """Return a file's bytes; of one that is too large, just enough of them to say so.

    Raises:
        InvalidModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limits.model_bytes + 1)
    except OSError as error:
        raise InvalidModelError(f"{path} cannot be read: {error.strerror}") from error
