"""The arena's side of the fork server: start it, ask it for children, watch and end them."""

import atexit
import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from arena import wire
from arena.errors import SandboxLostError

KEPT_VARIABLES: Final = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "VIRTUAL_ENV")
"""What the fork server inherits of the environment; secrets stay out of the children's memory."""
OWN_VARIABLES: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
REPLY_SECONDS: Final = 120.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """One sandboxed process. ``close`` it; its end by itself leaves it to be reaped."""

    pid: int
    pidfd: int
    socket: socket.socket
    server: "ForkServer"
    status: int | None = None
    """As ``os.waitpid`` tells it, once reaped."""
    owner: int = field(default_factory=os.getpid)
    """The process that asked for it; copies of this in forks of that leave the child alone."""
    _cpu_seconds: float = 0.0
    _closed: bool = False

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far by all its threads, as the kernel counts it."""
        if not self._closed:
            # The kernel's CPU clock of a process: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
            with contextlib.suppress(OSError):  # gone: what was read last stands
                self._cpu_seconds = time.clock_gettime((~self.pid << 3) | 2)
        return self._cpu_seconds

    def wait_ended(self, seconds: float) -> bool:
        """Wait for it to end by itself; tell whether it did."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def peak_memory_bytes(self) -> int:
        """Return the most memory it had resident, 0 where the kernel does not tell."""
        for line in self._proc("status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def is_runnable(self) -> bool:
        """Tell whether it would go on if it could: waits for the CPU or the disk, or is stopped."""
        return self._proc("stat").rpartition(")")[2].split()[:1] in (["R"], ["D"], ["T"], ["t"])

    def _proc(self, name: str) -> str:
        with contextlib.suppress(OSError):  # gone
            return Path(f"/proc/{self.pid}/{name}").read_text("utf-8", "replace")
        return ""

    def kill(self) -> None:
        """Kill it; it may have ended already."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def close(self) -> int:
        """Kill and reap it.

        Returns:
            How it ended, as ``os.waitpid`` tells it.

        Raises:
            SandboxLostError: the fork server is gone (and the child with it).
        """
        if not self._closed:
            try:
                if self.owner == os.getpid():
                    self.kill()
                    self.wait_ended(REPLY_SECONDS)
                    self.cpu_seconds()
                    self.status = self.server.reap(self)
            finally:
                self._closed = True
                self.socket.close()
                os.close(self.pidfd)
        if self.status is None:
            raise SandboxLostError(f"the fork server is gone, and child {self.pid} with it")
        return self.status


class ForkServer:
    """A small process that has the libraries loaded and forks children off itself.

    It ends with this process. Safe to use from several threads.

    Raises:
        SandboxLostError: it could not be started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        try:
            # -P: the folder we happen to be in must not offer modules.
            command = [sys.executable, "-P", "-m", "arena.worker", str(theirs.fileno())]
            self._process = subprocess.Popen(
                [*command, str(os.getpid())],
                env=environment | OWN_VARIABLES,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # an interrupt from the terminal is ours to handle
            )
        except OSError as error:
            ours.close()
            raise SandboxLostError(f"the fork server did not start: {error}") from error
        finally:
            theirs.close()
        self._control = ours
        self._control.settimeout(REPLY_SECONDS)
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def spawn(self, request: wire.Spawn, tensors: int, model: int) -> Child:
        """Return a new child; ``tensors`` and ``model`` are memory files it gets.

        Raises:
            SandboxLostError: no child could be made.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with self._lock:
                descriptors = [theirs.fileno(), tensors, model]
                socket.send_fds(self._control, [request.encode()], descriptors)
                frame, received, _, _ = socket.recv_fds(self._control, wire.MAX_FRAME, 1)
            reply = wire.decode(frame)
        except (OSError, wire.FrameError) as error:
            ours.close()
            raise SandboxLostError(f"the fork server is gone: {error}") from error
        finally:
            theirs.close()
        if not isinstance(reply, wire.Spawned) or len(received) != 1:
            ours.close()
            raise SandboxLostError(f"the fork server made no child: {reply}")
        ours.setblocking(False)
        return Child(reply.pid, received[0], ours, self)

    def reap(self, child: Child) -> int:
        """Wait until a killed or ended child is gone and return its wait status."""
        if not child.wait_ended(REPLY_SECONDS):
            raise SandboxLostError(f"child {child.pid} does not end")
        try:
            with self._lock:
                self._control.send(wire.Reap(child.pid).encode())
                reply = wire.decode(self._control.recv(wire.MAX_FRAME))
        except (OSError, wire.FrameError) as error:
            raise SandboxLostError(f"the fork server is gone: {error}") from error
        if not isinstance(reply, wire.Reaped) or reply.pid != child.pid:
            raise SandboxLostError(f"the fork server answered {reply} for child {child.pid}")
        return reply.status

    def close(self) -> None:
        """End it and all its children."""
        self._control.close()
        self._process.kill()
        self._process.wait()


_shared: ForkServer | None = None
_shared_owner = 0
_shared_lock = threading.Lock()


def shared_server() -> ForkServer:
    """Return this process's fork server, started or started again as needed.

    Raises:
        SandboxLostError: it could not be started.
    """
    global _shared, _shared_owner
    with _shared_lock:
        if _shared is not None and _shared_owner == os.getpid() and _shared.alive:
            return _shared
        if _shared is not None and _shared_owner == os.getpid():
            log.warning("the fork server had ended; starting another")
            _shared.close()
        _shared, _shared_owner = ForkServer(), os.getpid()
        return _shared


@atexit.register
def close_shared_server() -> None:
    """End this process's fork server and all its children, if there is one."""
    global _shared  # noqa: PLW0603
    with _shared_lock:
        if _shared is not None and _shared_owner == os.getpid():
            _shared.close()
        _shared = None
