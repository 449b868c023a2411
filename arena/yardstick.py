"""How fast this machine is right now, by a fixed network that is run beside whatever is timed.

Its weights are drawn here, so it is the one model that needs no sandbox. CPU time of a process
varies with the machine, and from moment to moment with what shares its caches and clock; the ratio
to a network timed in between varies much less.
"""

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from arena.divisions import BATCH
from arena.wire import OBSERVATION_SHAPE
from tron_env.types import ACTIONS, Float32Array

REFERENCE_SINGLE_MS: Final = 0.041
"""What a position costs alone on the reference machine, by definition."""
REFERENCE_BATCH_MS: Final = 0.027
"""The same in a batch of ``BATCH``."""
CHANNELS: Final = 16
REPEATS: Final = 8
"""Single positions that are timed together: one alone is hardly longer than reading the clock."""
SEED: Final = 0x7261646875


class Yardstick:
    """One measurement of the machine.

    Args:
        timed: returns the milliseconds a position that the fixed network takes for ``k`` of them;
            by default it is run in this thread.
    """

    def __init__(self, timed: Callable[[int], float] | None = None) -> None:
        self._timed = timed or _session().timed
        self._single_ms: list[float] = []
        self._batch_ms: list[float] = []

    def measure(self, *, single: bool = False, batch: bool = False) -> None:
        """Run the network, alone or in a batch or both, and remember how long it took."""
        if single:
            self._single_ms.append(self._timed(1))
        if batch:
            self._batch_ms.append(self._timed(BATCH))

    @property
    def single_factor(self) -> float:
        """How many times as long as on the reference machine a single position takes; median."""
        return float(np.median(self._single_ms)) / REFERENCE_SINGLE_MS

    @property
    def batch_factor(self) -> float:
        """The same of batches."""
        return float(np.median(self._batch_ms)) / REFERENCE_BATCH_MS


class _Session:
    def __init__(self) -> None:
        from arena.policy_session import PolicySession

        self._session = PolicySession(fixed_network(), alone=False)
        generator = np.random.Generator(np.random.PCG64(SEED))
        drawn = generator.random((BATCH, *OBSERVATION_SHAPE)) < 0.2
        self._observations: Float32Array = drawn.astype(np.float32)
        self._lock = threading.Lock()
        self._logits = np.empty((BATCH, ACTIONS), np.float32)

    def timed(self, k: int) -> float:
        """Return the CPU time of this thread for a position among ``k``, in milliseconds.

        Run once before, so that it does not matter whose data was in the caches.
        """
        times = REPEATS if k == 1 else 1
        with self._lock:
            self._session.infer(self._observations[:k], self._logits[:k])
            before = time.thread_time()
            for _ in range(times):
                self._session.infer(self._observations[:k], self._logits[:k])
            return 1000.0 * (time.thread_time() - before) / (k * times)


@cache
def _session() -> _Session:
    """Return the fixed network, loaded once a process."""
    return _Session()


@cache
def fixed_network() -> bytes:
    """Return the network: two convolutions and a linear layer, some 25 µs a position."""
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.Generator(np.random.PCG64(SEED))

    def drawn(name: str, *shape: int) -> TensorProto:
        values = 0.1 * generator.normal(size=shape)
        return numpy_helper.from_array(values.astype(np.float32), name)

    planes, height, width = OBSERVATION_SHAPE
    nodes = [
        helper.make_node("Conv", ["board", "w1"], ["c1"], kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node(
            "Conv", ["r1", "w2"], ["c2"], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2]
        ),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("Flatten", ["r2"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w3"], ["logits"]),
    ]
    constants = [
        drawn("w1", CHANNELS, planes, 3, 3),
        drawn("w2", CHANNELS, CHANNELS, 3, 3),
        drawn("w3", CHANNELS * height * width // 4, ACTIONS),
    ]
    graph = helper.make_graph(
        nodes,
        "yardstick",
        [helper.make_tensor_value_info("board", TensorProto.FLOAT, ["batch", *OBSERVATION_SHAPE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", ACTIONS])],
        constants,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = proto.SerializeToString()
    return content
