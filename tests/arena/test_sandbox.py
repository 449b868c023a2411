import contextlib
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from agents.errors import (
    InferenceTimeoutError,
    InvalidModelError,
    MemoryLimitError,
    ModelCrashedError,
)
from arena import sandbox
from arena.confinement import Layer, available_layers, missing_layers
from arena.errors import SandboxLostError
from arena.forkserver import shared_server
from arena.sandbox import SandboxedModel
from arena.worker import MODEL_FD
from tests.arena import graphs


@pytest.fixture
def model():
    with SandboxedModel(graphs.policy(), limits=graphs.QUICK, max_batch=8) as sandboxed:
        yield sandboxed


def filled(sandboxed):
    generator = np.random.Generator(np.random.PCG64(3))
    sandboxed.observations[:] = generator.integers(0, 2, sandboxed.observations.shape)
    boards = sandboxed.observations.astype(np.float32)
    return boards.reshape(sandboxed.max_batch, -1) @ graphs.weights()


def failure(content, **options):
    with SandboxedModel(content, limits=graphs.QUICK, max_batch=8, **options) as sandboxed:
        filled(sandboxed)
        with pytest.raises(Exception) as caught:  # noqa: PT011  (the caller looks at it)
            sandboxed.infer(2)
    return caught.value


def wait_gone(pid):
    deadline = time.monotonic() + 120.0
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.02)


def test_values_are_the_models(model):
    expected = filled(model)
    np.testing.assert_allclose(model.infer(8), expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(model.infer(1), expected[:1], rtol=1e-3, atol=1e-3)


def test_every_layer_this_machine_has_holds_the_child(model):
    model.start()
    assert model.layers == available_layers()


def test_missing_layers_are_those_this_machine_could_have_given():
    there = available_layers()
    assert missing_layers(there) == ""
    assert missing_layers(there & ~Layer.UNPRIVILEGED) == ""
    assert missing_layers(there & ~Layer.LIMITS) == "memory, CPU and file limits"
    assert missing_layers(there | Layer.SECCOMP) == ""


def test_a_child_that_a_layer_does_not_hold_never_sees_the_model(model, monkeypatch):
    monkeypatch.setattr("arena.sandbox.missing_layers", lambda _held: "Landlock: no files")
    with pytest.raises(SandboxLostError, match="without a layer: Landlock: no files"):
        model.start()
    assert model.pid is None


def test_two_models_work_between_submit_and_collect(model):
    with SandboxedModel(graphs.policy(), limits=graphs.QUICK, max_batch=8) as other:
        expected = filled(model)
        filled(other)
        model.submit(8)
        other.submit(3)
        np.testing.assert_allclose(other.collect(), expected[:3], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(model.collect(), expected, rtol=1e-3, atol=1e-3)


def test_logits_are_a_copy_the_child_cannot_reach(model):
    filled(model)
    logits = model.infer(8)
    before = logits.copy()
    model.observations[:] = 0
    model.infer(8)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("k", [0, 9])
def test_a_batch_of_another_size_is_the_callers_mistake(model, k):
    with pytest.raises(ValueError, match=f"k is {k}"):
        model.submit(k)


def test_collect_without_submit_is_the_callers_mistake(model):
    with pytest.raises(ValueError, match="nothing was submitted"):
        model.collect()


def test_submit_twice_is_the_callers_mistake(model):
    model.submit(1)
    with pytest.raises(ValueError, match="not collected"):
        model.submit(1)


def test_a_crash_is_the_models_fault_and_the_next_call_starts_it_afresh(model):
    expected = filled(model)
    model.infer(1)
    first = model.pid
    os.kill(first, signal.SIGSEGV)
    with pytest.raises(ModelCrashedError, match="SIGSEGV"):
        model.infer(1)
    np.testing.assert_allclose(model.infer(8), expected, rtol=1e-3, atol=1e-3)
    assert model.pid != first


def test_a_kill_from_outside_costs_nothing(model):
    expected = filled(model)
    model.start()
    killed = model.pid
    os.kill(killed, signal.SIGKILL)
    np.testing.assert_allclose(model.infer(8), expected, rtol=1e-3, atol=1e-3)
    assert model.pid != killed


def test_one_that_is_killed_again_while_it_does_the_same_is_at_fault():
    """Every child that has seen the model is killed, as the kernel does for want of memory."""
    over = threading.Event()

    def kill_confined():
        while not over.wait(0.001):
            pid = sandboxed.pid
            with contextlib.suppress(OSError):
                confined = "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
                if confined and not Path(f"/proc/{pid}/fd/{MODEL_FD}").exists():
                    os.kill(pid, signal.SIGKILL)

    with SandboxedModel(graphs.sleeper(), max_batch=1) as sandboxed:
        killer = threading.Thread(target=kill_confined)
        killer.start()
        try:
            with pytest.raises(ModelCrashedError, match="killed twice"):
                sandboxed.infer(1)
        finally:
            over.set()
            killer.join()


@pytest.fixture
def little_memory():
    """A memory group of 64 MB for the children that are made from now on."""
    group = Path(f"/sys/fs/cgroup/memory/tron-test-{os.getpid()}")
    try:
        group.mkdir()
    except OSError:
        pytest.skip("this machine lets nobody make memory groups")
    server = shared_server().pid
    home = Path(f"/proc/{server}/cgroup").read_text()
    (before,) = (line.split(":")[2] for line in home.splitlines() if ":memory:" in line)
    try:
        (group / "memory.limit_in_bytes").write_text(str(64 << 20))
        (group / "cgroup.procs").write_text(str(server))
        yield
    finally:
        Path(f"/sys/fs/cgroup/memory{before}/cgroup.procs").write_text(str(server))
        group.rmdir()


def test_one_that_the_kernel_kills_for_its_memory_is_at_fault(little_memory):
    limits = graphs.Limits(memory_bytes=1024 * graphs.MIB)
    with SandboxedModel(graphs.grower(), limits=limits, max_batch=1) as sandboxed:
        with pytest.raises(MemoryLimitError, match="killed twice"):
            sandboxed.infer(1)
        assert sandboxed.pid is None


def test_a_lost_fork_server_is_our_fault_and_replaced(model):
    model.start()
    os.kill(shared_server().pid, signal.SIGKILL)
    wait_gone(model.pid)
    with pytest.raises(SandboxLostError):
        model.infer(1)
    assert model.infer(1).shape == (1, 4)


def test_a_stopped_child_is_our_fault():
    with SandboxedModel(graphs.policy(), max_batch=1) as sandboxed:
        sandboxed.start()
        sandboxed.limits = graphs.Limits(wall_seconds=0.5, wall_factor=0.0)
        os.kill(sandboxed.pid, signal.SIGSTOP)
        with pytest.raises(SandboxLostError, match="no CPU"):
            sandboxed.infer(1)
        assert sandboxed.pid is None


def test_running_without_end_is_found_by_cpu_time():
    error = failure(graphs.sleeper())
    assert isinstance(error, InferenceTimeoutError)
    assert "CPU time" in str(error)


@pytest.mark.parametrize("content", [graphs.grower(), graphs.giant_tensor()])
def test_allocating_without_end_is_refused_the_memory(content):
    error = failure(content)
    assert isinstance(error, MemoryLimitError)
    assert "256 MB" in str(error)


def test_failing_at_run_time_is_a_crash():
    error = failure(graphs.out_of_range())
    assert isinstance(error, ModelCrashedError)
    assert "Gather" in str(error)


def test_text_is_no_model():
    assert isinstance(failure(b"hello, I am a model\n"), InvalidModelError)


def test_a_model_too_large_is_not_even_copied():
    with pytest.raises(InvalidModelError, match="larger than"):
        SandboxedModel(bytes(2048), limits=graphs.Limits(model_bytes=1024))


@pytest.mark.parametrize("output", ["(1, 4)", "(4,)", "reshaped"])
def test_a_batch_fixed_at_one_takes_batches(output):
    content = graphs.apex_cnn(output)
    with SandboxedModel(content, max_batch=6) as batched:
        filled(batched)
        together = batched.infer(6)
        assert batched.fed_alone == (output == "(4,)")
    with SandboxedModel(content, max_batch=6, alone=True) as alone:
        filled(alone)
        np.testing.assert_allclose(alone.infer(6), together, rtol=1e-4, atol=1e-5)
        assert alone.fed_alone


def test_a_model_that_minds_its_neighbours_is_fed_alone():
    with SandboxedModel(graphs.minds_its_neighbours(), max_batch=4) as sandboxed:
        filled(sandboxed)
        np.testing.assert_array_equal(sandboxed.infer(4), np.zeros((4, 4), np.float32))
        assert sandboxed.fed_alone


def test_an_interrupted_call_leaves_no_answer_for_the_next(model):
    expected = filled(model)
    model.start()

    def interrupt(*_):
        raise KeyboardInterrupt

    def interrupted(model):
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        model.infer(1)

    os.kill(model.pid, signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted(model)
    finally:
        signal.signal(signal.SIGALRM, before)
    np.testing.assert_allclose(model.infer(8), expected, rtol=1e-3, atol=1e-3)


def test_cpu_time_counts_every_child(model):
    model.start()
    loaded = model.cpu_seconds
    assert loaded > 0.0
    model.stop()
    assert model.cpu_seconds >= loaded
    model.start()
    assert model.cpu_seconds > loaded


def test_a_child_is_replaced_before_the_kernel_would_end_it(monkeypatch):
    monkeypatch.setattr(sandbox, "CHILD_CPU_SECONDS", -10_000.0)
    with SandboxedModel(graphs.policy(), limits=graphs.QUICK, max_batch=1) as sandboxed:
        monkeypatch.setattr(sandboxed, "_lifetime_cpu_seconds", 60)
        sandboxed.infer(1)
        first = sandboxed.pid
        monkeypatch.setattr(sandboxed, "_lifetime_cpu_seconds", 0)
        sandboxed._retire()
        assert sandboxed.pid is None
        monkeypatch.setattr(sandboxed, "_lifetime_cpu_seconds", 60)
        assert sandboxed.infer(1).shape == (1, 4)
        assert sandboxed.pid != first


def test_the_least_recently_used_idle_child_is_given_up(monkeypatch):
    monkeypatch.setattr(sandbox.RESIDENTS, "limit", 2)
    with contextlib.ExitStack() as stack:
        oldest, busy, newest = (
            stack.enter_context(SandboxedModel(graphs.policy(), max_batch=1)) for _ in range(3)
        )
        busy.submit(1)
        oldest.start()
        newest.start()
        assert oldest.pid is None
        assert None not in (busy.pid, newest.pid)
        assert busy.collect().shape == (1, 4)
        assert oldest.infer(1).shape == (1, 4)


def test_a_forgotten_model_takes_its_child_along():
    sandboxed = SandboxedModel(graphs.policy(), max_batch=1)
    sandboxed.start()
    pid = sandboxed.pid
    del sandboxed
    gc.collect()
    wait_gone(pid)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_that_forgets_a_model_leaves_the_child_alone(model):
    model.start()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            model.close()
        os._exit(0)
    os.waitpid(pid, 0)
    assert model.infer(1).shape == (1, 4)


def test_children_end_with_the_process_they_serve():
    script = textwrap.dedent("""
        import sys
        from arena.forkserver import shared_server
        from arena.sandbox import SandboxedModel
        model = SandboxedModel(sys.stdin.buffer.read())
        model.start()
        print(shared_server().pid, model.pid, flush=True)
        model.observations[:] = 0
        while True:
            model.infer(64)
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(graphs.policy())
        process.stdin.close()
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()
    for pid in pids:
        wait_gone(pid)


def test_no_secret_of_the_environment_reaches_the_fork_server(monkeypatch, model):
    model.start()
    environment = Path(f"/proc/{shared_server().pid}/environ").read_bytes()
    names = {entry.partition(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
    assert names <= {
        *("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "VIRTUAL_ENV"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"),
    }


def test_the_fork_server_is_lean_and_has_one_thread(model):
    model.start()
    maps = Path(f"/proc/{shared_server().pid}/maps").read_text()
    assert not [name for name in ("llvmlite", "sqlalchemy", "numba", "torch") if name in maps]
    status = Path(f"/proc/{shared_server().pid}/status").read_text()
    assert "Threads:\t1\n" in status
