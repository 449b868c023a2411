"""Another ONNX model inside a graph: its nodes and weights, under fresh names."""

from collections.abc import Sequence

import onnx
from google.protobuf.message import DecodeError

from agents.errors import InvalidModelError
from agents.graphs.builder import OPSET, Dimensions, Graph, Value


def embed(graph: Graph, model: bytes, value: Value, takes: Dimensions, gives: Dimensions) -> Value:
    """Return the output of a model of one input and one output, both float32.

    Equal models give equal bytes, in the same place of the same graph.

    Args:
        graph: to write into.
        model: content of the file.
        value: what the model is given.
        takes: size of its input; a named size stands for any named size.
        gives: size of its output.

    Raises:
        InvalidModelError: it is no ONNX model, was made for another opset than ``OPSET``, keeps
            weights elsewhere or sparse, or takes or gives something else.
    """
    try:
        loaded = onnx.load_from_string(model)
        if any(tensor.external_data for tensor in loaded.graph.initializer):
            raise InvalidModelError("the network keeps weights in another file")
        if loaded.graph.sparse_initializer:
            raise InvalidModelError(
                "the network has sparse weights; only dense ones can be embedded"
            )
        onnx.checker.check_model(loaded)
    except (DecodeError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidModelError(f"the network is no ONNX model: {reason}") from error
    opsets = [f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in loaded.opset_import]
    if opsets != [f"ai.onnx {OPSET}"] or loaded.functions:
        raise InvalidModelError(
            f"the network is made for opset {' and '.join(opsets)}; only one for "
            f"ai.onnx {OPSET}, without functions of its own, can be embedded"
        )
    _check("takes", loaded.graph.input, takes)
    _check("gives", loaded.graph.output, gives)
    return graph.adopt(loaded.graph, value)


def _check(does: str, entries: Sequence[onnx.ValueInfoProto], expected: Dimensions) -> None:
    found = [_described(entry) for entry in entries]
    wanted = f"float32 {_shown(expected)}"
    if found != [wanted]:
        raise InvalidModelError(
            f"the network {does} {' and '.join(found) or 'nothing'}; expected is {wanted}"
        )


def _described(entry: onnx.ValueInfoProto) -> str:
    tensor = entry.type.tensor_type
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    dtype = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    return f"{'float32' if dtype == 'float' else dtype} {_shown(sizes)}"


def _shown(sizes: Dimensions) -> str:
    return f"({', '.join(str(size) if isinstance(size, int) else 'batch' for size in sizes)})"
