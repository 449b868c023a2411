"""A submitted model in its own process: limits, restarts, and whose fault a failure was."""

import contextlib
import enum
import os
import select
import threading
import time
import weakref
from types import TracebackType
from typing import Final, Self

from agents.errors import (
    AgentError,
    InferenceTimeoutError,
    InvalidModelError,
    MemoryLimitError,
    ModelCrashedError,
)
from arena import wire
from arena.confinement import Layer, missing_layers
from arena.endings import ChildKilledError, ending, killed_again, overran
from arena.errors import SandboxLostError
from arena.forkserver import Child, shared_server
from arena.inspection import Inspection, decode_report
from arena.limits import MIB, Limits, check_size
from arena.residents import Residents
from arena.slices import lengthen_slices
from arena.tensors import SharedTensors, memory_file
from tron_env.types import Float32Array, UInt8Array

CHILD_CPU_SECONDS: Final = 900.0
"""CPU time after which a child is replaced, and soon after ended by the kernel, watched or not."""
SHORTEST_WAIT_SECONDS: Final = 0.005
GRACE_SECONDS: Final = 10.0
"""How long a child that hung up may take to be gone: on a busy machine that is no moment."""
FAULT_ERRORS: Final[dict[wire.Fault, type[AgentError]]] = {
    wire.Fault.INVALID_MODEL: InvalidModelError,
    wire.Fault.RUN_TIME: ModelCrashedError,
}


RESIDENTS: Final = Residents()


class _State(enum.Enum):
    IDLE = enum.auto()
    RUNNING = enum.auto()
    """Submitted, to be collected."""
    FAILED = enum.auto()
    """The same, but there is only an error to collect."""


class SandboxedModel:
    """One model in one child process, evaluated in batches through shared memory.

    Fill the first ``k`` rows of ``observations``, ``submit(k)``, then ``collect()``. Between the
    two other models may be submitted to as well, so that several work at once. The child is
    started when first needed and again after it has died; ``start`` does so ahead of time. One
    that is killed is replaced and given the same once more; if that is killed too, the model is at
    fault. With ``long_slices`` it need not answer soon, see ``arena.slices``. Not safe to use from
    several threads at once.

    Attributes:
        max_batch: the largest ``k``.
        observations: uint8 ``(max_batch, 5, 32, 32)``, 0 and 1, shared with the child.
        inspected: what inspection of the file found, without checks until loaded once.
        layers: the layers that hold the child, as it told before it saw the model.
        fed_alone: whether the model is fed one position at a time.

    Raises:
        InvalidModelError: the model is larger than ``limits.model_bytes``.
    """

    def __init__(
        self,
        model: bytes,
        *,
        limits: Limits | None = None,
        max_batch: int = 64,
        alone: bool = False,
        long_slices: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        check_size(model, self.limits)
        self.max_batch = max_batch
        self.inspected = Inspection(())
        self.layers = Layer(0)
        self.fed_alone = alone
        self._tensors = SharedTensors(max_batch)
        self.observations: UInt8Array = self._tensors.observations
        self._model = memory_file("model", len(model), model)
        self._alone = alone
        self._long_slices = long_slices
        self._child: Child | None = None
        self._in_use = threading.Lock()
        """Held from submit to collect and while starting, so that nobody evicts the child."""
        self._state = _State.IDLE
        self._failure: AgentError | SandboxLostError | None = None
        self._count = 0
        self._began_cpu = 0.0
        self._began_wall = 0.0
        longest = self.limits.load_cpu_seconds + self.limits.cpu_seconds(max_batch)
        self._lifetime_cpu_seconds = int(CHILD_CPU_SECONDS + longest)
        self._past_cpu = 0.0
        self._close_model = weakref.finalize(self, os.close, self._model)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def cpu_seconds(self) -> float:
        """CPU time used by all children of this model, loading included."""
        return self._past_cpu + (self._child.cpu_seconds() if self._child else 0.0)

    @property
    def peak_memory_bytes(self) -> int:
        """Most memory the present child had resident, the libraries included; 0 without one."""
        return self._child.peak_memory_bytes() if self._child else 0

    @property
    def pid(self) -> int | None:
        """The present child's process id."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Have the model loaded, if it is not.

        Raises:
            AgentError: the model cannot be loaded within its limits.
            SandboxLostError: the sandbox broke.
        """
        with self._in_use:
            try:
                self._start()
            except BaseException:
                self._end_child()
                raise

    def _start(self) -> None:
        if self._child is not None:
            return
        try:
            self._load()
        except ChildKilledError as first:
            try:
                self._load()
            except ChildKilledError as again:
                raise killed_again(first, again) from again

    def _load(self) -> None:
        request = wire.Spawn(
            self.limits.memory_bytes,
            self._lifetime_cpu_seconds,
            self.max_batch,
            self._alone,
        )
        self._child = shared_server().spawn(request, self._tensors.descriptor, self._model)
        self._discard_child = weakref.finalize(self, _discard, self._child)
        RESIDENTS.touch(self)
        if self._long_slices:
            lengthen_slices(self._child.pid)
        self._begin()
        confined = self._receive(SandboxLostError, self.limits.load_cpu_seconds)
        if not isinstance(confined, wire.Confined):
            raise self._ended(SandboxLostError("a child did not confine itself"))
        self.layers = Layer(confined.layers)
        if missing := missing_layers(self.layers):
            raise self._ended(SandboxLostError(f"a child runs without a layer: {missing}"))
        while True:
            reply = self._receive(ModelCrashedError, self.limits.load_cpu_seconds)
            match reply:
                case wire.Report(body):
                    try:
                        self.inspected = decode_report(body)
                    except wire.FrameError as error:
                        raise self._ended(ModelCrashedError(str(error))) from error
                case wire.Ready(alone):
                    self.fed_alone = alone
                    return
                case wire.Failed():
                    raise self._ended(self._fault(reply))
                case _:
                    raise self._ended(ModelCrashedError("the model's process sent nonsense"))

    def submit(self, k: int) -> None:
        """Ask for the first ``k`` rows; never raises for what goes wrong, ``collect`` does.

        Waits only when the child has to be started.

        Raises:
            ValueError: ``k`` is not 1 to ``max_batch``, or the last call was not collected.
        """
        if not 1 <= k <= self.max_batch:
            raise ValueError(f"k is {k}; allowed are 1 to {self.max_batch}")
        if self._state is not _State.IDLE:
            raise ValueError("the last call was not collected")
        self._in_use.acquire()
        self._count = k
        try:
            self._retire()
            self._start()
        except (AgentError, SandboxLostError) as error:
            self._failure = error
            self._state = _State.FAILED
            return
        except BaseException:
            self._end_child()
            self._in_use.release()
            raise
        RESIDENTS.touch(self)
        self._state = _State.RUNNING
        self._ask()

    def collect(self) -> Float32Array:
        """Wait for the submitted call.

        Returns:
            float32 ``(k, 4)``, a copy.

        Raises:
            AgentError: the model's fault; the next ``submit`` starts it afresh if need be.
            SandboxLostError: ours.
            ValueError: nothing was submitted.
        """
        if self._state is _State.IDLE:
            raise ValueError("nothing was submitted")
        try:
            if self._failure is not None:
                raise self._failure
            match reply := self._answer():
                case wire.Done(count) if count == self._count:
                    return self._tensors.logits[:count].copy()
                case wire.Failed():
                    raise self._fault(reply)
                case _:
                    raise self._ended(ModelCrashedError("the model's process sent nonsense"))
        except (AgentError, SandboxLostError):
            raise
        except BaseException:  # interrupted: its late answer must not meet the next call
            self._end_child()
            raise
        finally:
            self._settle()

    def _ask(self) -> None:
        self._begin()
        with contextlib.suppress(OSError):  # the child is gone; its answer tells why
            self._present_child.socket.send(wire.Run(self._count).encode())

    def _answer(self) -> wire.Frame:
        limit = self.limits.cpu_seconds(self._count)
        try:
            return self._receive(ModelCrashedError, limit)
        except ChildKilledError as first:
            self._start()
            self._ask()
            try:
                return self._receive(ModelCrashedError, limit)
            except ChildKilledError as again:
                raise killed_again(first, again) from again

    def infer(self, k: int) -> Float32Array:
        """``submit(k)`` and ``collect()``."""
        self.submit(k)
        return self.collect()

    def stop(self) -> None:
        """End the child, and forget what was submitted; the next ``submit`` starts another."""
        self._end_child()
        self._settle()

    def evict(self) -> bool:
        """End the child unless it is in use; tell whether it was ended."""
        if not self._in_use.acquire(blocking=False):
            return False
        try:
            self._end_child()
        finally:
            self._in_use.release()
        return True

    def close(self) -> None:
        """End the child and give the memory back."""
        try:
            self.stop()
        finally:
            self._close_model()
            self._tensors.close()

    @property
    def _present_child(self) -> Child:
        assert self._child is not None
        return self._child

    def _retire(self) -> None:
        """End a child that could reach the kernel's own CPU limit in its next call."""
        if self._child is not None:
            needed = self.limits.cpu_seconds(self.max_batch)
            if self._child.cpu_seconds() + needed > self._lifetime_cpu_seconds:
                self._end_child()

    def _settle(self) -> None:
        """Be idle, whatever was submitted."""
        if self._state is not _State.IDLE:
            self._state = _State.IDLE
            self._failure = None
            self._in_use.release()

    def _end_child(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            RESIDENTS.leave(self)
            self._discard_child()
            self._past_cpu += child.cpu_seconds()

    def _fault(self, failed: wire.Failed) -> AgentError:
        if failed.fault is wire.Fault.MEMORY:
            allowed = self.limits.memory_bytes / MIB
            return MemoryLimitError(f"asked for more than the {allowed:g} MB of memory allowed")
        return FAULT_ERRORS[failed.fault](failed.text)

    def _begin(self) -> None:
        self._began_cpu = self._present_child.cpu_seconds()
        self._began_wall = time.monotonic()

    def _receive(self, crash: type[AgentError | SandboxLostError], cpu_limit: float) -> wire.Frame:
        """Wait for a frame; whatever else happens ends the child and is raised as what it was."""
        child = self._present_child
        poll = select.poll()
        poll.register(child.socket, select.POLLIN)
        wall_limit = self.limits.wall_seconds + self.limits.wall_factor * cpu_limit
        while True:
            used = child.cpu_seconds() - self._began_cpu
            elapsed = time.monotonic() - self._began_wall
            if used > cpu_limit:
                raise self._ended(overran(used, cpu_limit))
            if elapsed > wall_limit:
                raise self._stalled(elapsed)
            # One thread cannot use CPU time faster than time passes, so sleep until it could have.
            wait = min(max(cpu_limit - used, SHORTEST_WAIT_SECONDS), wall_limit - elapsed + 0.001)
            if not poll.poll(wait * 1000):
                continue
            try:
                frame = child.socket.recv(wire.MAX_FRAME + 1)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                frame = b""
            if not frame:
                raise self._died(crash, cpu_limit)
            used = child.cpu_seconds() - self._began_cpu
            if used > cpu_limit:
                raise self._ended(overran(used, cpu_limit))
            try:
                return wire.decode(frame)
            except wire.FrameError as error:
                raise self._ended(ModelCrashedError(str(error))) from error

    def _died(self, crash: type[AgentError | SandboxLostError], cpu_limit: float) -> Exception:
        """Reap a child that closed its socket; return what to raise."""
        child = self._present_child
        used = child.cpu_seconds() - self._began_cpu
        by_itself = child.wait_ended(GRACE_SECONDS)
        try:
            status = child.close()
        finally:
            self._end_child()
        if crash is SandboxLostError:
            return SandboxLostError(f"a child ended before it was confined (status {status})")
        if not by_itself:
            return ModelCrashedError("the model's process hung up without ending")
        return ending(status, used, cpu_limit)

    def _stalled(self, elapsed: float) -> Exception:
        starved = self._present_child.is_runnable()
        self._end_child()
        if starved:
            return SandboxLostError(f"a child got no CPU for most of {elapsed:.0f} s")
        return InferenceTimeoutError(f"no answer within {elapsed:.0f} s")

    def _ended(self, error: AgentError | SandboxLostError) -> AgentError | SandboxLostError:
        """End the child and return ``error``, to be raised."""
        self._end_child()
        return error


def _discard(child: Child) -> None:
    with contextlib.suppress(SandboxLostError):  # then the child is gone too
        child.close()
