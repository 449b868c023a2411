"""Whose fault it is that a model's process ended, read from how it ended."""

import os
import signal
from pathlib import Path
from typing import Final

from agents.errors import AgentError, InferenceTimeoutError, MemoryLimitError, ModelCrashedError
from arena.errors import SandboxLostError

COUNTS: Final = Path("/proc/vmstat")


class ChildKilledError(SandboxLostError):
    """A child was killed: from outside, or by the kernel for the memory that it used.

    One death does not tell which. A child that is killed again while it does the same is killed
    for what it does (``killed_again``).

    Attributes:
        killed_for_memory: how many processes the kernel has killed for want of memory since the
            machine started.
    """

    def __init__(self) -> None:
        super().__init__("a child was killed, from outside or for want of memory")
        self.killed_for_memory = _killed_for_memory()


def ending(status: int, used: float, limit: float) -> AgentError | SandboxLostError:
    """Return what to raise for a confined child that ended during a call.

    Args:
        status: as ``os.waitpid`` tells it.
        used: CPU seconds of the call.
        limit: CPU seconds it was allowed.
    """
    if not os.WIFSIGNALED(status):
        return ModelCrashedError(f"the model's process ended (status {os.WEXITSTATUS(status)})")
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return overran(used, limit)
    if number == signal.SIGKILL:
        return ChildKilledError()
    return ModelCrashedError(f"the model's process died of {signal.Signals(number).name}")


def killed_again(first: ChildKilledError, again: ChildKilledError) -> AgentError:
    """Return what to raise for a model whose child was killed twice, doing the same alone."""
    if again.killed_for_memory > first.killed_for_memory:
        return MemoryLimitError("took more memory than there is; its process was killed twice")
    return ModelCrashedError("the model's process was killed twice while it did the same")


def overran(used: float, limit: float) -> InferenceTimeoutError:
    """Return what to raise for a call that took too long."""
    return InferenceTimeoutError(f"took over {used:.1f} s of CPU time; allowed are {limit:.1f} s")


def _killed_for_memory() -> int:
    """Return the kernel's count, 0 where it does not tell."""
    try:
        lines = COUNTS.read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
