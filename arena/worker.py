"""The fork server and the sandboxed children it makes: load a model, infer, reply.

Run as ``python -m arena.worker DESCRIPTOR PARENT_PID`` by ``arena.forkserver``. It imports NumPy,
ONNX and ONNX Runtime once, and nothing else of weight; each child is a fork of it. A child closes
all it inherited except its own socket, tensors and model, confines itself, and only then reads the
first byte of the model.
"""

import array
import gc
import mmap
import os
import select
import signal
import socket
import sys
from typing import Final, NoReturn

import numpy as np
from onnx import TensorProto, helper

from arena import confinement, inspection, wire
from arena.policy_session import TOGETHER, BadModelError, PolicySession
from tron_env.types import ACTIONS, Float32Array, UInt8Array

SOCKET_FD: Final = 3
TENSORS_FD: Final = 4
MODEL_FD: Final = 5
FIRST_FREE_FD: Final = 6
LOST_STATUS: Final = 70
"""Exit status of a child that could not be confined; only meaningful before CONFINED is sent."""


def main() -> None:
    """Serve one arena process until it ends or closes its socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    parent_pid = int(sys.argv[2])
    parent = os.pidfd_open(parent_pid)
    if os.getppid() != parent_pid:
        return
    _warm_up()
    gc.collect()
    gc.freeze()
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(parent, select.POLLIN)
    while True:
        if any(descriptor == parent for descriptor, _ in poll.poll()):
            return
        frame, descriptors, _, _ = socket.recv_fds(control, wire.MAX_FRAME, 3)
        if not frame:
            return
        message = wire.decode(frame)
        if isinstance(message, wire.Spawn):
            _spawn(control, message, descriptors)
        elif isinstance(message, wire.Reap):
            _, status = os.waitpid(message.pid, 0)
            control.send(wire.Reaped(message.pid, status).encode())


def _spawn(control: socket.socket, request: wire.Spawn, descriptors: list[int]) -> None:
    server_pid = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(wire.Refused(str(error)).encode())
        return
    if pid == 0:
        _child(server_pid, request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    child = os.pidfd_open(pid)
    try:
        control.sendmsg(
            [wire.Spawned(pid).encode()],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [child]))],
        )
    finally:
        os.close(child)


def _child(server_pid: int, request: wire.Spawn, descriptors: list[int]) -> NoReturn:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _take_descriptors(descriptors)
        logits_at, size = wire.tensor_layout(request.max_batch)
        boards = mmap.mmap(TENSORS_FD, logits_at, prot=mmap.PROT_READ)
        answers = mmap.mmap(TENSORS_FD, size - logits_at, offset=logits_at)
        layers = confinement.confine(server_pid, request.memory_bytes, request.cpu_seconds)
        _say(wire.Confined(layers))
    except BaseException:  # noqa: BLE001  (nothing may escape a forked child into its parent's code)
        os._exit(LOST_STATUS)
    try:
        _serve(boards, answers, request)
    except MemoryError:
        _say(wire.Failed(wire.Fault.MEMORY, "an allocation was refused"))
    except BaseException as error:  # noqa: BLE001
        _say(wire.Failed(wire.Fault.RUN_TIME, f"{type(error).__name__}: {error}"))
    os._exit(0)


def _take_descriptors(descriptors: list[int]) -> None:
    """Keep only the given descriptors, at fixed numbers; standard streams lead nowhere."""
    high = [os.dup2(descriptor, 100 + i) for i, descriptor in enumerate(descriptors)]
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    for target, descriptor in zip((SOCKET_FD, TENSORS_FD, MODEL_FD), high, strict=True):
        os.dup2(descriptor, target)
    os.closerange(FIRST_FREE_FD, 2**16)


def _serve(boards: mmap.mmap, answers: mmap.mmap, request: wire.Spawn) -> None:
    model = _read_all(MODEL_FD)
    os.close(MODEL_FD)
    inspected = inspection.inspect_model(model)
    _say(wire.Report(inspection.encode_report(inspected)))
    if inspected.rejection is not None:
        _say(wire.Failed(wire.Fault.INVALID_MODEL, inspected.rejection))
        return
    try:
        session = PolicySession(model, alone=request.alone)
    except BadModelError as error:
        _say(wire.Failed(error.fault, str(error)))
        return
    del model
    shape = (request.max_batch, *wire.OBSERVATION_SHAPE)
    observations = np.frombuffer(boards, np.uint8, int(np.prod(shape))).reshape(shape)
    logits = np.frombuffer(answers, np.float32, request.max_batch * ACTIONS)
    logits = logits.reshape(request.max_batch, ACTIONS)
    widened = np.empty((TOGETHER, *wire.OBSERVATION_SHAPE), np.float32)
    _say(wire.Ready(session.alone))
    while frame := os.read(SOCKET_FD, wire.MAX_FRAME):
        message = wire.decode(frame)
        if not isinstance(message, wire.Run):
            return
        try:
            _infer(session, observations[: message.count], widened, logits[: message.count])
        except BadModelError as error:
            _say(wire.Failed(error.fault, str(error)))
        else:
            _say(wire.Done(message.count))


def _infer(
    session: PolicySession,
    observations: UInt8Array,
    widened: Float32Array,
    out_logits: Float32Array,
) -> None:
    """Evaluate ``(k, 5, 32, 32)`` observations of 0 and 1 into ``(k, 4)`` logits.

    ``widened`` is room for ``TOGETHER`` of them as models take them; it stays in the caches.
    """
    for first in range(0, len(observations), len(widened)):
        some = observations[first : first + len(widened)]
        boards = widened[: len(some)]
        np.copyto(boards, some)
        session.infer(boards, out_logits[first : first + len(some)])


def _say(message: wire.Confined | wire.Report | wire.Ready | wire.Done | wire.Failed) -> None:
    try:
        os.write(SOCKET_FD, message.encode())
    except OSError:  # the arena has closed its end
        os._exit(0)


def _read_all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)  # the offset is shared with earlier children
    parts = []
    while part := os.read(descriptor, 1 << 24):
        parts.append(part)
    return b"".join(parts)


def _warm_up() -> None:
    """Load and run a small model, so that children find every library loaded and touched."""
    size = int(np.prod(wire.OBSERVATION_SHAPE))
    weight = helper.make_tensor(
        "weight", TensorProto.FLOAT, [size, ACTIONS], [0.0] * size * ACTIONS
    )
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weight"], ["output"]),
        ],
        "warm_up",
        [
            helper.make_tensor_value_info(
                "input", TensorProto.FLOAT, ["batch", *wire.OBSERVATION_SHAPE]
            )
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", ACTIONS])],
        [weight],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model = proto.SerializeToString()
    inspection.encode_report(inspection.inspect_model(model))
    PolicySession(model, alone=False)


if __name__ == "__main__":
    main()
