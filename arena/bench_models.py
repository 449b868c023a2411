"""Models for `tron bench arena`: small networks with random weights, as cheap as policies get."""

from typing import Final

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, ValueInfoProto, helper
from onnx import numpy_helper as arrays

from arena.wire import OBSERVATION_SHAPE
from tron_env.types import ACTIONS, PLANES, Float32Array

CHANNELS: Final = (32, 80, 64)
"""Of three convolutions, each of which halves rows and columns."""


def convolutional(seed: int) -> bytes:
    """Return a policy of three 3x3 convolutions and a linear layer; seeds play differently."""
    random = np.random.Generator(np.random.PCG64(seed))
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    width, last = PLANES, "board"
    for layer, channels in enumerate(CHANNELS):
        scale = np.sqrt(2 / (9 * width))
        weights = random.normal(scale=scale, size=(channels, width, 3, 3)).astype(np.float32)
        constants.append(arrays.from_array(weights, f"weights{layer}"))
        nodes += [
            helper.make_node(
                "Conv",
                [last, f"weights{layer}"],
                [f"sums{layer}"],
                kernel_shape=[3, 3],
                strides=[2, 2],
                pads=[1, 1, 1, 1],
            ),
            helper.make_node("Relu", [f"sums{layer}"], [f"kept{layer}"]),
        ]
        width, last = channels, f"kept{layer}"
    side = OBSERVATION_SHAPE[1] >> len(CHANNELS)
    weights = random.normal(size=(width * side * side, ACTIONS)).astype(np.float32)
    return _policy(nodes, constants, last, weights)


def linear(seed: int) -> bytes:
    """Return a policy of one matrix, which costs almost nothing."""
    random = np.random.Generator(np.random.PCG64(seed))
    weights = random.normal(size=(int(np.prod(OBSERVATION_SHAPE)), ACTIONS)).astype(np.float32)
    return _policy([], [], "board", weights)


def plain_session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a model as ONNX Runtime takes it, on one thread, without a sandbox."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])


def _policy(
    nodes: list[NodeProto], constants: list[TensorProto], last: str, weights: Float32Array
) -> bytes:
    """Close a graph by a linear layer from all of ``last`` to the logits."""
    graph = helper.make_graph(
        [
            *nodes,
            helper.make_node("Flatten", [last], ["flat"]),
            helper.make_node("MatMul", ["flat", "last_weights"], ["logits"]),
        ],
        "policy",
        [_value("board", ["batch", *OBSERVATION_SHAPE])],
        [_value("logits", ["batch", ACTIONS])],
        [*constants, arrays.from_array(weights, "last_weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    packed: bytes = model.SerializeToString()
    return packed


def _value(name: str, shape: list[int | str]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
