"""The layers that hold a sandboxed child, applied from inside before it looks at a model.

Each layer is a bit of ``Layer``. Resource limits and ``no_new_privs`` are always there; dropping
root, Landlock and seccomp depend on the kernel and on who runs us. ``available_layers`` tells what
this machine can give, ``confine`` applies it and tells what it applied.

The seccomp filter is an allow-list: memory, clocks, and reading and writing what is already open.
Nothing in it opens a file, makes a socket, a process or a thread, maps executable memory, or
signals anyone but oneself with SIGABRT. What is not on it fails with EPERM.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from enum import IntFlag
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38
PROT_EXEC: Final = 4
NOBODY: Final = 65_534

LANDLOCK_CREATE_RULESET: Final = 444
LANDLOCK_RESTRICT_SELF: Final = 446
LANDLOCK_CREATE_RULESET_VERSION: Final = 1

SECCOMP_SET_MODE_FILTER: Final = 1
SECCOMP_GET_ACTION_AVAIL: Final = 2
SECCOMP_FILTER_FLAG_SPEC_ALLOW: Final = 4
"""Keeps older kernels from slowing every process under a filter by a third."""
RET_KILL_PROCESS: Final = 0x8000_0000
RET_ERRNO_EPERM: Final = 0x0005_0001
RET_ALLOW: Final = 0x7FFF_0000

BPF_LOAD: Final = 0x20
BPF_JUMP_EQUAL: Final = 0x15
BPF_JUMP_AT_LEAST: Final = 0x35
BPF_JUMP_ANY_BIT: Final = 0x45
BPF_RETURN: Final = 0x06
NR_AT: Final = 0
ARCH_AT: Final = 4
X32_BIT: Final = 0x4000_0000

AUDIT_ARCH: Final = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
SECCOMP_NR: Final = {"x86_64": 317, "aarch64": 277}
# Most frequent first: the filter is read from the top.
ALLOWED: Final[dict[str, dict[str, int]]] = {
    "x86_64": {
        "read": 0, "write": 1, "futex": 202, "madvise": 28, "munmap": 11, "mremap": 25, "brk": 12,
        "clock_gettime": 228, "close": 3, "fstat": 5, "lseek": 8, "rt_sigreturn": 15,
        "rt_sigprocmask": 14, "sched_yield": 24, "getpid": 39, "gettid": 186, "exit": 60,
        "exit_group": 231, "uname": 63, "gettimeofday": 96, "getrusage": 98, "sysinfo": 99,
        "time": 201, "sched_getaffinity": 204, "restart_syscall": 219, "clock_getres": 229,
        "getcpu": 309, "getrandom": 318,
    },
    "aarch64": {
        "read": 63, "write": 64, "futex": 98, "madvise": 233, "munmap": 215, "mremap": 216,
        "brk": 214, "clock_gettime": 113, "close": 57, "fstat": 80, "lseek": 62,
        "rt_sigreturn": 139, "rt_sigprocmask": 135, "sched_yield": 124, "getpid": 172,
        "gettid": 178, "exit": 93, "exit_group": 94, "uname": 160, "gettimeofday": 169,
        "getrusage": 165, "sysinfo": 179, "sched_getaffinity": 123, "restart_syscall": 128,
        "clock_getres": 114, "getcpu": 168, "getrandom": 278,
    },
}  # fmt: skip
MAPPING: Final = {"x86_64": (9, 10), "aarch64": (222, 226)}
"""mmap and mprotect, allowed as long as nothing becomes executable."""
TGKILL: Final = {"x86_64": 234, "aarch64": 131}

_libc = ctypes.CDLL(None, use_errno=True)


class Layer(IntFlag):
    """One of the layers around a child."""

    LIMITS = 1
    """Memory, CPU, open files, written files, core dumps; ends with its parent."""
    NO_NEW_PRIVILEGES = 2
    UNPRIVILEGED = 4
    """Not root, and no capabilities."""
    LANDLOCK = 8
    """No files, and as the kernel is newer no TCP, and no signals to others."""
    SECCOMP = 16


LAYER_TEXT: Final = {
    Layer.LIMITS: "memory, CPU and file limits",
    Layer.NO_NEW_PRIVILEGES: "no new privileges",
    Layer.UNPRIVILEGED: "runs without root's rights",
    Layer.LANDLOCK: "Landlock: no files",
    Layer.SECCOMP: "seccomp: no files, sockets, processes or threads",
}


NEEDED_FOR_STRANGERS: Final = Layer.LIMITS | Layer.SECCOMP
"""Without these no model is taken over the network."""


def missing_layers(held: Layer) -> str:
    """Say which layers this machine has that do not hold a child; empty for none.

    Root's rights are left out: whether they can be given up depends on the container, which
    nothing tells before it is tried.
    """
    return layers_text(available_layers() & ~held & ~Layer.UNPRIVILEGED)


def lacking_for_strangers(layers: Layer) -> str:
    """Say which layers are missing before models may be taken over the network; empty for none.

    >>> lacking_for_strangers(Layer.LIMITS | Layer.LANDLOCK)
    'seccomp: no files, sockets, processes or threads'
    """
    return layers_text(NEEDED_FOR_STRANGERS & ~layers)


def layers_text(layers: Layer) -> str:
    """Say what layers do."""
    return "; ".join(text for layer, text in LAYER_TEXT.items() if layer in layers)


def available_layers() -> Layer:
    """Return the layers that this machine can put around a child; changes nothing."""
    layers = Layer.LIMITS | Layer.NO_NEW_PRIVILEGES | Layer.UNPRIVILEGED
    if landlock_version() > 0:
        layers |= Layer.LANDLOCK
    machine = platform.machine()
    if machine in AUDIT_ARCH:
        action = ctypes.c_uint32(RET_KILL_PROCESS)
        number = SECCOMP_NR[machine]
        if _libc.syscall(number, SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0:
            layers |= Layer.SECCOMP
    return layers


def landlock_version() -> int:
    """Return the kernel's Landlock ABI version, 0 where there is none."""
    version: int = _libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    return max(version, 0)


def end_with_parent(parent_pid: int) -> None:
    """Have this process killed when its parent ends.

    Raises:
        OSError: the parent has ended already, or the kernel refused.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise ProcessLookupError("the parent has ended")


def confine(parent_pid: int, memory_bytes: int, cpu_seconds: int) -> Layer:
    """Apply every layer this machine has to the calling, single-threaded process.

    Args:
        parent_pid: whom to end with.
        memory_bytes: address space allowed beyond what is mapped now.
        cpu_seconds: CPU time after which the kernel ends it, whether anybody watches or not.

    Returns:
        The layers that hold.

    Raises:
        OSError: a layer that is always there could not be applied.
    """
    layers = Layer.LIMITS | Layer.NO_NEW_PRIVILEGES
    if _become_nobody():
        layers |= Layer.UNPRIVILEGED
    end_with_parent(parent_pid)  # after the change of user, which clears it
    _limit(memory_bytes, cpu_seconds)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    if _landlock():
        layers |= Layer.LANDLOCK
    if _seccomp():
        layers |= Layer.SECCOMP
    return layers


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")


def _become_nobody() -> bool:
    if os.geteuid() != 0:
        return True
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:  # a container whose user namespace maps no such user
        return False
    return True


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  (a Path would be slower here)
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    address_space = mapped + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    # Landlock needs one more descriptor, for its ruleset; seccomp opens none.
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def _landlock() -> bool:
    version = landlock_version()
    if version == 0:
        return False
    files = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        if version >= since:
            files |= 1 << bit
    network = 0b11 if version >= 4 else 0
    scope = 0b11 if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("<QQQ", files, network, scope)
    ruleset = _libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        return bool(_libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _seccomp() -> bool:
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        return False
    program = _filter(machine, os.getpid())
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    number = SECCOMP_NR[machine]
    for flags in (SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0):
        if _libc.syscall(number, SECCOMP_SET_MODE_FILTER, flags, header) == 0:
            return True
    return False


def _filter(machine: str, pid: int) -> bytes:
    """Return the BPF program, 8 bytes an instruction."""
    code: list[tuple[int, int, int, int]] = [
        (BPF_LOAD, 0, 0, ARCH_AT),
        (BPF_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (BPF_RETURN, 0, 0, RET_KILL_PROCESS),
        (BPF_LOAD, 0, 0, NR_AT),
    ]
    if machine == "x86_64":
        code += [(BPF_JUMP_AT_LEAST, 0, 1, X32_BIT), (BPF_RETURN, 0, 0, RET_KILL_PROCESS)]
    for number in ALLOWED[machine].values():
        code += [(BPF_JUMP_EQUAL, 0, 1, number), (BPF_RETURN, 0, 0, RET_ALLOW)]
    for number in MAPPING[machine]:
        code += [
            (BPF_JUMP_EQUAL, 0, 4, number),
            (BPF_LOAD, 0, 0, _argument(2)),
            (BPF_JUMP_ANY_BIT, 1, 0, PROT_EXEC),
            (BPF_RETURN, 0, 0, RET_ALLOW),
            (BPF_RETURN, 0, 0, RET_ERRNO_EPERM),
        ]
    code += [
        (BPF_JUMP_EQUAL, 0, 5, TGKILL[machine]),
        (BPF_LOAD, 0, 0, _argument(0)),
        (BPF_JUMP_EQUAL, 0, 3, pid),
        (BPF_LOAD, 0, 0, _argument(2)),
        (BPF_JUMP_EQUAL, 0, 1, signal.SIGABRT),
        (BPF_RETURN, 0, 0, RET_ALLOW),
        (BPF_RETURN, 0, 0, RET_ERRNO_EPERM),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def _argument(index: int) -> int:
    """Return the offset of a system call argument's low half in ``struct seccomp_data``."""
    return 16 + 8 * index
