"""Attacks from inside: a confined process tries what a hostile model's code would try."""

import json
import platform
import subprocess
import sys
import textwrap

import pytest

from arena import confinement
from arena.confinement import Layer

SCRIPT = textwrap.dedent("""
    import ctypes, json, mmap, os, socket, sys, time
    from arena import confinement

    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    target, = sys.argv[1:]

    def ptrace():
        if libc.ptrace(16, parent, 0, 0) < 0:  # PTRACE_ATTACH
            raise OSError(ctypes.get_errno(), "ptrace")

    def executable_memory():
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)

    def made_executable():
        libc.mmap.restype = ctypes.c_void_p
        page = libc.mmap(None, 4096, 3, 0x22, -1, 0)
        if libc.mprotect(ctypes.c_void_p(page), 4096, 5) < 0:
            raise OSError(ctypes.get_errno(), "mprotect")

    def read_memory():
        buffer = ctypes.create_string_buffer(8)
        local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
        if libc.process_vm_readv(parent, local, 1, local, 1, 0) < 0:
            raise OSError(ctypes.get_errno(), "process_vm_readv")

    def survive_the_parent():
        if libc.prctl(1, 0, 0, 0, 0) != 0:  # PR_SET_PDEATHSIG
            raise OSError(ctypes.get_errno(), "prctl")

    def raise_a_limit():
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))

    def thread():
        import threading
        threading.Thread(target=int).start()

    attempts = {
        "tcp socket": lambda: socket.socket(),
        "unix socket": lambda: socket.socketpair(),
        "read a file": lambda: os.open(target, os.O_RDONLY),
        "write a file": lambda: os.open(target, os.O_WRONLY),
        "create a file": lambda: os.open(target + ".new", os.O_CREAT | os.O_WRONLY),
        "remove a file": lambda: os.unlink(target),
        "list a folder": lambda: os.listdir("/"),
        "read /proc": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
        "fork": lambda: os.fork(),
        "thread": thread,
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "signal the parent": lambda: os.kill(parent, 0),
        "signal all": lambda: os.kill(-1, 0),
        "ptrace": ptrace,
        "read the parent's memory": read_memory,
        "executable memory": executable_memory,
        "made executable": made_executable,
        "memory file": lambda: os.memfd_create("x"),
        "become root": lambda: os.setuid(0),
        "survive the parent": survive_the_parent,
        "raise a limit": raise_a_limit,
        "too much memory": lambda: bytearray(256 << 20),
        "sleep": lambda: time.sleep(50),
    }
    import resource, threading  # nothing can be imported later
    layers = confinement.confine(parent, 64 << 20, 60)
    outcomes = {}
    for name, attempt in attempts.items():
        if name == "sleep" and not layers & confinement.Layer.SECCOMP:
            continue
        try:
            attempt()
        except (OSError, MemoryError, RuntimeError, ValueError) as error:
            outcomes[name] = type(error).__name__
        else:
            outcomes[name] = "done"
    print(json.dumps([int(layers), outcomes]), flush=True)
    os._exit(0)
""")

needs_seccomp = pytest.mark.skipif(
    not confinement.available_layers() & Layer.SECCOMP, reason="this kernel has no seccomp"
)


def run_script(script, *arguments):
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def attack(tmp_path_factory):
    """The layers that held, and what came of each attempt."""
    target = tmp_path_factory.mktemp("target") / "secret"
    target.write_text("a model of somebody else")
    target.chmod(0o666)
    ran = run_script(SCRIPT, str(target))
    assert ran.returncode == 0, ran.stderr
    assert target.read_text() == "a model of somebody else"
    layers, outcomes = json.loads(ran.stdout)
    return Layer(layers), outcomes


def test_every_available_layer_is_applied(attack):
    assert attack[0] == confinement.available_layers()


@needs_seccomp
def test_every_attempt_fails(attack):
    succeeded = [name for name, outcome in attack[1].items() if outcome == "done"]
    assert succeeded == []
    assert len(attack[1]) == 23


def test_memory_over_the_limit_is_refused_whatever_the_kernel_has(attack):
    assert attack[1]["too much memory"] == "MemoryError"


@needs_seccomp
@pytest.mark.parametrize(
    "call",
    [
        "ctypes.CDLL(None).syscall(0x40000000 | 39)",
        "ctypes.CDLL(None).tgkill(os.getpid(), os.getpid(), 6)",
    ],
)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is an ABI of x86-64")
def test_what_is_left_ends_only_oneself(call):
    script = (
        "import ctypes, os; from arena import confinement; "
        f"confinement.confine(os.getppid(), 1 << 28, 60); {call}; os._exit(0)"
    )
    ran = run_script(script)
    assert ran.returncode < 0


def test_the_cpu_limit_ends_a_process_nobody_watches():
    script = (
        "import os; from arena import confinement; "
        "confinement.confine(os.getppid(), 1 << 28, 1)\nwhile True: pass"
    )
    ran = run_script(script)
    assert ran.returncode in (-24, -9)
