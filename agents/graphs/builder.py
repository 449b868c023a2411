"""A small layer over ``onnx.helper``: values with operators, shared constants, loops, branches.

    graph = Graph()
    planes = graph.input("observation", np.float32, ("batch", 5, 32, 32))
    walls = graph.op("ReduceMax", planes, graph.constant(np.array([1])), keepdims=0)
    model = graph.build(walls * np.float32(2), "logits", np.float32, ("batch", 4), ...)

Nodes are named by counting, so that equal calls give equal bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import onnx
from numpy.typing import DTypeLike, NDArray
from onnx import compose, helper, numpy_helper

OPSET: Final = 18
"""The first opset with bitwise operators."""

IR_VERSION: Final = 8
"""What the reference implementation of opset 18 wrote; every runtime since reads it."""

PRODUCER: Final = "tron-arena"

Attribute: TypeAlias = int | float | str | Sequence[int] | onnx.GraphProto | onnx.TensorProto
Dimensions: TypeAlias = Sequence[int | str | None]
"""A size, the name of a symbolic size, or None for an unknown one."""


@dataclass(frozen=True, slots=True)
class Value:
    """One tensor of a graph. Operators take another value or a numpy array or scalar.

    ``&``, ``|``, ``^``, ``~``, ``<<`` and ``>>`` act on the bits of integers; ``+``, ``-`` and
    ``*`` calculate; ``greater`` and ``less`` compare. Shapes broadcast as in numpy.
    """

    graph: "Graph"
    name: str

    def __and__(self, other: "Operand") -> "Value":
        return self.graph.op("BitwiseAnd", self, other)

    def __or__(self, other: "Operand") -> "Value":
        return self.graph.op("BitwiseOr", self, other)

    def __xor__(self, other: "Operand") -> "Value":
        return self.graph.op("BitwiseXor", self, other)

    def __invert__(self) -> "Value":
        return self.graph.op("BitwiseNot", self)

    def __lshift__(self, other: "Operand") -> "Value":
        return self.graph.op("BitShift", self, other, direction="LEFT")

    def __rshift__(self, other: "Operand") -> "Value":
        return self.graph.op("BitShift", self, other, direction="RIGHT")

    def __add__(self, other: "Operand") -> "Value":
        return self.graph.op("Add", self, other)

    def __sub__(self, other: "Operand") -> "Value":
        return self.graph.op("Sub", self, other)

    def __mul__(self, other: "Operand") -> "Value":
        return self.graph.op("Mul", self, other)

    def greater(self, other: "Operand") -> "Value":
        """Return bool: self > other."""
        return self.graph.op("Greater", self, other)

    def equals(self, other: "Operand") -> "Value":
        """Return bool: self == other."""
        return self.graph.op("Equal", self, other)

    def less(self, other: "Operand") -> "Value":
        """Return bool: self < other."""
        return self.graph.op("Less", self, other)

    def cast(self, dtype: DTypeLike) -> "Value":
        """Return the same numbers as ``dtype``."""
        return self.graph.op("Cast", self, to=_element_type(dtype))

    def reshape(self, *shape: int) -> "Value":
        """Return a reshaped value; 0 keeps a size, -1 is worked out."""
        return self.graph.op("Reshape", self, np.array(shape, dtype=np.int64))

    def unsqueeze(self, *axes: int) -> "Value":
        """Return the value with axes of size 1 inserted."""
        return self.graph.op("Unsqueeze", self, np.array(axes, dtype=np.int64))

    def transpose(self, *order: int) -> "Value":
        """Return the value with its axes in a new order."""
        return self.graph.op("Transpose", self, perm=list(order))

    def take(self, indices: "Operand", axis: int) -> "Value":
        """Return ``numpy.take(self, indices, axis)``; indices are int64."""
        return self.graph.op("Gather", self, indices, axis=axis)

    def slice(self, start: int, stop: int, axis: int) -> "Value":
        """Return ``self[..., start:stop, ...]`` along one axis."""
        bounds = (np.array([bound], dtype=np.int64) for bound in (start, stop, axis))
        return self.graph.op("Slice", self, *bounds)

    def sum(self, *axes: int) -> "Value":
        """Return the sum over axes, which go away. Sum int32 only if it cannot overflow."""
        return self.graph.op("ReduceSum", self, np.array(axes, dtype=np.int64), keepdims=0)

    def max(self, *axes: int) -> "Value":
        """Return the maximum over axes, which go away; they must not be empty."""
        return self.graph.op("ReduceMax", self, np.array(axes, dtype=np.int64), keepdims=0)

    def min(self, *axes: int) -> "Value":
        """Return the minimum over axes, which go away; they must not be empty."""
        return self.graph.op("ReduceMin", self, np.array(axes, dtype=np.int64), keepdims=0)


Operand: TypeAlias = Value | NDArray[Any] | np.generic


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is written into a graph or a subgraph of it."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)


class Graph:
    """Collects nodes; ``build`` makes the model. Constants are shared and live in the outer graph.

    While the body of a loop or a branch is being written, new nodes go into it.
    """

    def __init__(self) -> None:
        self._scopes = [_Scope()]
        self._inputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._named = 0

    def input(self, name: str, dtype: DTypeLike, shape: Dimensions) -> Value:
        """Declare an input of the model."""
        self._inputs.append(_value_info(name, dtype, shape))
        return Value(self, name)

    def constant(self, array: NDArray[Any] | np.generic) -> Value:
        """Return a constant; equal ones are stored once."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._scopes[0].initializers.append(numpy_helper.from_array(array, name))
            self._constants[key] = Value(self, name)
        return self._constants[key]

    def op(self, kind: str, *inputs: Operand, **attributes: Attribute) -> Value:
        """Append a node with one output and return that."""
        sources = [value if isinstance(value, Value) else self.constant(value) for value in inputs]
        name = self._name(kind.lower())
        node = helper.make_node(kind, [source.name for source in sources], [name])
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in sorted(attributes.items())
        )
        self._scopes[-1].nodes.append(node)
        return Value(self, name)

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """Return values joined along an axis."""
        return self.op("Concat", *values, axis=axis)

    def where(self, condition: Value, chosen: Operand, other: Operand) -> Value:
        """Return ``chosen`` where the bool ``condition`` holds, else ``other``."""
        return self.op("Where", condition, chosen, other)

    def top(self, values: Value, count: Operand, *, largest: bool) -> tuple[Value, Value]:
        """Return the ``count`` (int64 ``(1,)``) best along the last axis, best first, and where.

        Equal values keep their order.
        """
        found, indices = self._name("topk"), self._name("topk")
        amount = count if isinstance(count, Value) else self.constant(count)
        node = helper.make_node("TopK", [values.name, amount.name], [found, indices])
        attributes = {"axis": -1, "largest": int(largest), "sorted": 1}
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in sorted(attributes.items())
        )
        self._scopes[-1].nodes.append(node)
        return Value(self, found), Value(self, indices)

    def split(self, value: Value, parts: int, axis: int) -> tuple[Value, ...]:
        """Return a value cut into equal parts along an axis."""
        names = [self._name("split") for _ in range(parts)]
        node = helper.make_node("Split", [value.name], names)
        node.attribute.extend(
            [helper.make_attribute("axis", axis), helper.make_attribute("num_outputs", parts)]
        )
        self._scopes[-1].nodes.append(node)
        return tuple(Value(self, name) for name in names)

    def loop(
        self,
        max_trips: int,
        state: Sequence[Value],
        dtypes: Sequence[DTypeLike],
        body: Callable[..., tuple[Sequence[Value], Value]],
    ) -> tuple[Value, ...]:
        """Repeat ``state, go_on = body(*state)`` while the bool scalar ``go_on`` holds.

        Args:
            max_trips: hard limit; every loop has one, so that latency is bounded.
            state: what the first trip gets.
            dtypes: of each part of the state, then of what else every trip returns behind it.
            body: called once, here; may use values from outside.

        Returns:
            the state after the last trip, then what else all trips returned, each along a new
            first axis.
        """
        prefix = self._name("loop")
        counter, go_on_in = f"{prefix}_trip", f"{prefix}_go_on"
        states_in = [f"{prefix}_state_{i}" for i in range(len(state))]
        self._scopes.append(_Scope())
        states_out, go_on_out = body(*(Value(self, name) for name in states_in))
        scope = self._scopes.pop()
        graph = helper.make_graph(
            scope.nodes,
            f"{prefix}_body",
            [
                _value_info(counter, np.int64, ()),
                _value_info(go_on_in, np.bool_, ()),
                *(_value_info(*pair, None) for pair in zip(states_in, dtypes, strict=False)),
            ],
            [
                _value_info(go_on_out.name, np.bool_, ()),
                *(
                    _value_info(value.name, dtype, None)
                    for value, dtype in zip(states_out, dtypes, strict=True)
                ),
            ],
            scope.initializers,
        )
        results = [self._name("loop") for _ in states_out]
        inputs = [self.constant(np.array(max_trips, dtype=np.int64)), self.constant(np.array(True))]
        node = helper.make_node(
            "Loop", [value.name for value in (*inputs, *state)], results, body=graph
        )
        self._scopes[-1].nodes.append(node)
        return tuple(Value(self, name) for name in results)

    def only_if(
        self, condition: Value, dtype: DTypeLike, body: Callable[[], Value], other: Operand
    ) -> Value:
        """Return ``body()`` if the bool scalar ``condition`` holds, else ``other``.

        Unlike in ``where``, what is not returned is not worked out.

        Args:
            condition: for the whole batch; not for what differs between its samples.
            dtype: of both.
            body: called once, here; may use values from outside.
            other: from outside, or a constant.
        """
        branches = {}
        for name, write in (
            ("then_branch", body),
            ("else_branch", lambda: self.op("Identity", other)),
        ):
            self._scopes.append(_Scope())
            result = write()
            scope = self._scopes.pop()
            branches[name] = helper.make_graph(
                scope.nodes,
                self._name(name),
                [],
                [_value_info(result.name, dtype, None)],
                scope.initializers,
            )
        return self.op("If", condition, **branches)

    def adopt(self, other: onnx.GraphProto, value: Value) -> Value:
        """Append a graph of one input, given ``value``, and return its only output.

        It is renamed; ``agents.graphs.embedding`` checks what it must be. Its weights stay beside
        its nodes: the runtime does not lay out anew what a subgraph takes from outside.
        """
        prefix = f"{self._name('adopted')}_"
        # Bodies of loops are renamed before initializers, which they may use.
        constants = {tensor.name: prefix + tensor.name for tensor in other.initializer}
        renamed = compose.add_prefix_graph(other, prefix, name_map=constants)
        given = helper.make_node("Identity", [value.name], [renamed.input[0].name])
        self._scopes[-1].nodes.extend([given, *renamed.node])
        self._scopes[-1].initializers.extend(renamed.initializer)
        return Value(self, renamed.output[0].name)

    def build(
        self,
        output: Value,
        name: str,
        dtype: DTypeLike,
        shape: Dimensions,
        *,
        graph_name: str,
        description: str,
    ) -> bytes:
        """Return the checked model, serialized.

        Args:
            output: becomes the model's only output.
            name: of that output.
            dtype: of that output.
            shape: of that output.
            graph_name: shown by tools.
            description: shown by tools.

        Raises:
            onnx.checker.ValidationError: a node is malformed.
        """
        (scope,) = self._scopes
        scope.nodes.append(helper.make_node("Identity", [output.name], [name]))
        graph = helper.make_graph(
            scope.nodes,
            graph_name,
            self._inputs,
            [_value_info(name, dtype, shape)],
            scope.initializers,
        )
        model = helper.make_model(
            graph,
            producer_name=PRODUCER,
            doc_string=description,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized

    def _name(self, stem: str) -> str:
        self._named += 1
        return f"{stem}_{self._named}"


def _element_type(dtype: DTypeLike) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _value_info(name: str, dtype: DTypeLike, shape: Dimensions | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, _element_type(dtype), shape)
