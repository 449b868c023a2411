"""A model under the policy contract as an ONNX Runtime session, used only in a sandboxed child.

Decides how the model takes its batches. A model whose batch axis is fixed at 1 is rewritten to a
symbolic one; whichever way the axis came about, the model is fed one position at a time if a batch
of probe positions fails or gives other values than the same positions alone.
"""

import re
from typing import Final

import numpy as np
import onnx
import onnxruntime

from arena import wire
from tron_env.types import ACTIONS, Float32Array, Plane

CONTRACT_INPUT: Final = "float32 (batch, 5, 32, 32)"
CONTRACT_OUTPUT: Final = "float (batch, 4), or (4,) or (1, 4) for a batch of 1"
MEMORY_TEXTS: Final = ("failed to allocate", "bad_alloc", "bad allocation", "out of memory")
ORT_PREFIX: Final = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
ORT_NODE: Final = re.compile(
    r"Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: "
    r"(?:/\S+\.(?:cc|h):\d+ .*?\)(?: \[with [^\]]*\])? )?",
    re.DOTALL,
)
"""What ONNX Runtime says before the message proper, its own source's place included."""
FATAL_LOG_ONLY: Final = 4
TOGETHER: Final = 32
"""Positions of a batch that run through the network at a time: layers of more leave the caches."""
PROBES: Final = 5
RELATIVE_TOLERANCE: Final = 1e-4
ABSOLUTE_TOLERANCE: Final = 1e-5
"""Batched and single matrix kernels add in another order, so equal values are equal up to this."""


class BadModelError(Exception):
    """The model is at fault; ``fault`` says how, the message says what."""

    def __init__(self, fault: wire.Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class PolicySession:
    """Evaluates positions with one model on one thread.

    Attributes:
        alone: whether the model is fed one position at a time.
        input_shape: as the model declares it.
        output_shape: as the model declares it, of the output that is read.

    Raises:
        BadModelError: no session can be made of the model, or it breaks the contract.
    """

    def __init__(self, model: bytes, *, alone: bool) -> None:
        self.alone = True
        self._session = _session(model)
        self._read_interface()
        probes = probe_positions(PROBES)
        singly = np.empty((PROBES, ACTIONS), np.float32)
        self.infer(probes, singly)
        if alone:
            return
        original = self._session
        if self.input_shape[0] == 1:
            rewritten = _session_with_symbolic_batch(model)
            if rewritten is None:
                return
            self._session = rewritten
        if not self._batch_agrees(probes, singly):
            self._session = original
            self.alone = True

    def infer(self, observations: Float32Array, out_logits: Float32Array) -> None:
        """Evaluate ``(k, 5, 32, 32)`` observations into ``(k, 4)`` logits.

        Raises:
            BadModelError: the model failed while it ran, or its output breaks the contract.
        """
        step = 1 if self.alone else TOGETHER
        for first in range(0, observations.shape[0], step):
            some = slice(first, first + step)
            out_logits[some] = self._run(observations[some])

    def _run(self, observations: Float32Array) -> Float32Array:
        try:
            output = self._session.run(self._outputs, {self._input: observations})[0]
        except Exception as error:
            raise _classified(error, wire.Fault.RUN_TIME) from error
        count = observations.shape[0]
        if not isinstance(output, np.ndarray) or output.dtype.kind != "f":
            kind = output.dtype if isinstance(output, np.ndarray) else type(output).__name__
            raise BadModelError(
                wire.Fault.INVALID_MODEL,
                f"output {self._outputs[0]!r} gave {kind} values; expected {CONTRACT_OUTPUT}",
            )
        if output.shape != (count, ACTIONS) and not (count == 1 and output.shape == (ACTIONS,)):
            raise BadModelError(
                wire.Fault.INVALID_MODEL,
                f"output {self._outputs[0]!r} gave shape {output.shape} for {count} "
                f"position{'s' if count > 1 else ''}; expected {CONTRACT_OUTPUT}",
            )
        rows: Float32Array = output.reshape(count, ACTIONS)
        return rows

    def _batch_agrees(self, probes: Float32Array, singly: Float32Array) -> bool:
        self.alone = False
        together = np.empty_like(singly)
        try:
            self.infer(probes, together)
        except BadModelError as error:
            if error.fault is wire.Fault.MEMORY:
                raise
            return False
        return np.allclose(together, singly, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, equal_nan=True)

    def _read_interface(self) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1:
            raise BadModelError(
                wire.Fault.INVALID_MODEL,
                f"the model has {len(inputs)} inputs; expected exactly one, {CONTRACT_INPUT}",
            )
        (found,) = inputs
        shape = tuple(found.shape)
        expected = (None, *wire.OBSERVATION_SHAPE)
        fits = len(shape) == len(expected) and all(
            not isinstance(side, int) or wanted is None or side == wanted
            for side, wanted in zip(shape, expected, strict=True)
        )
        if found.type != "tensor(float)" or not fits:
            raise BadModelError(
                wire.Fault.INVALID_MODEL,
                f"input {found.name!r} is {found.type} {_shown(shape)}; expected {CONTRACT_INPUT}",
            )
        if isinstance(shape[0], int) and shape[0] != 1:
            raise BadModelError(
                wire.Fault.INVALID_MODEL,
                f"the batch axis of input {found.name!r} is fixed at {shape[0]}; export it "
                "symbolic, or fixed at 1",
            )
        if not outputs:
            raise BadModelError(wire.Fault.INVALID_MODEL, "the model has no output")
        self.input_shape = shape
        self.output_shape = tuple(outputs[0].shape)
        self._input = found.name
        self._outputs = [outputs[0].name]


def probe_positions(count: int) -> Float32Array:
    """Return ``(count, 5, 32, 32)`` made-up positions, the same at every call.

    Walls all around, two trails of growing length laid at random, a head at the end of each.
    """
    generator = np.random.Generator(np.random.PCG64(20))
    planes = np.zeros((count, *wire.OBSERVATION_SHAPE), np.float32)
    planes[:, Plane.WALLS] = 1.0
    planes[:, Plane.WALLS, 1:-1, 1:-1] = 0.0
    side = wire.SIDE - 2
    for i in range(count):
        cells = generator.permutation(side * side)[: 2 + 60 * i] + 0
        rows, columns = 1 + cells // side, 1 + cells % side
        for seat, (trail, head) in enumerate(
            ((Plane.OWN_TRAIL, Plane.OWN_HEAD), (Plane.OTHER_TRAIL, Plane.OTHER_HEAD))
        ):
            planes[i, trail, rows[seat::2], columns[seat::2]] = 1.0
            planes[i, head, rows[seat], columns[seat]] = 1.0
    return planes


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_LOG_ONLY
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _classified(error, wire.Fault.INVALID_MODEL) from error


def _session_with_symbolic_batch(model: bytes) -> onnxruntime.InferenceSession | None:
    """Return the model with its batch axis freed, or None where no session can be made of it."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    inputs = [value for value in graph.input if value.name not in constants]
    for value in (*inputs, *graph.output):
        dimensions = value.type.tensor_type.shape.dim
        if value.type.HasField("tensor_type") and len(dimensions) > 1:
            dimensions[0].dim_param = "batch"
    for node in graph.node:
        if node.op_type == "Reshape" and len(node.input) > 1 and node.input[1] in constants:
            shape = onnx.numpy_helper.to_array(constants[node.input[1]])
            if shape.ndim == 1 and shape.size > 1 and shape[0] == 1:
                # 0 stands for "as in the input", whose first axis is the batch.
                freed = np.concatenate(([0], shape[1:])).astype(np.int64)
                name = f"{node.output[0]}/freed_shape"
                graph.initializer.append(onnx.numpy_helper.from_array(freed, name))
                node.input[1] = name
    del graph.value_info[:]
    try:
        return _session(proto.SerializeToString())
    except BadModelError:
        return None


def _classified(error: Exception, otherwise: wire.Fault) -> BadModelError:
    text = ORT_PREFIX.sub("", str(error))
    refused = isinstance(error, MemoryError) or any(mark in text.lower() for mark in MEMORY_TEXTS)
    return BadModelError(wire.Fault.MEMORY if refused else otherwise, readable(text))


def readable(text: str) -> str:
    """Return what ONNX Runtime says of a node that failed as a person would.

    >>> readable("Non-zero status code returned while running Gather node. "
    ...     "Name:'n1' Status Message: /src/gather.cc:9 void f(int) [with T = long] out of bounds")
    "node 'n1' (Gather): out of bounds"
    """
    found = ORT_NODE.match(text)
    if found is None:
        return text
    node = f"node {found[2]!r} ({found[1]})" if found[2] else f"a node {found[1]}"
    return f"{node}: {text[found.end() :]}"


def _shown(shape: tuple[int | str | None, ...]) -> str:
    return "(" + ", ".join("?" if side is None else str(side) for side in shape) + ")"
