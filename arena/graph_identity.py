"""The identity of a model's graph without names and metadata; computed only in a sandboxed child.

A value is what computes it: the hash of an operator, its attributes and its inputs. So names,
notes, the order of independent nodes and of constants, and nodes whose results nobody uses, change
nothing. A constant is the hash of its numbers wherever they are kept, and ``Identity`` adds
nothing. An attribute that says what holds anyway is left out. Inputs are numbered; outputs that
the arena does not read do not count. A local function stands for its body.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import onnx

Scope: TypeAlias = dict[str, bytes]
ABSENT: Final = b"absent"
"""Stands for an input that is left out."""


def graph_identity(proto: "onnx.ModelProto") -> str:
    """Return 64 hexadecimal digits, the same for models that differ in names and metadata alone."""
    from onnx import inliner

    inlined = inliner.inline_local_functions(proto) if proto.functions else proto
    return _Hasher(inlined).graph(inlined.graph, {}, outputs=1).hex()


class _Hasher:
    """Hashes one model."""

    def __init__(self, proto: "onnx.ModelProto") -> None:
        # Of functions that could not be put in place, as they are of another opset.
        self._bodies = {(each.domain, each.name): each for each in proto.functions}
        self._functions: dict[tuple[str, str], bytes] = {}
        self._opsets = {each.domain: each.version for each in proto.opset_import}

    def graph(self, graph: "onnx.GraphProto", outer: Scope, outputs: int | None = None) -> bytes:
        """Hash a graph or subgraph; ``outer`` holds the values that it sees from outside."""
        scope = dict(outer)
        constants = {tensor.name for tensor in graph.initializer}
        inputs = [value.name for value in graph.input if value.name not in constants]
        scope |= {name: _hash(b"input", _number(i)) for i, name in enumerate(inputs)}
        scope |= {tensor.name: _tensor(tensor) for tensor in graph.initializer}
        for sparse in graph.sparse_initializer:
            scope[sparse.values.name] = _sparse(sparse)
        self._run(graph.node, scope)
        names = [value.name for value in graph.output][:outputs]
        return _hash(b"graph", _number(len(inputs)), *(scope.get(name, ABSENT) for name in names))

    def _run(self, nodes: Iterable["onnx.NodeProto"], scope: Scope) -> None:
        for node in nodes:
            inputs = [scope.get(name, ABSENT) for name in node.input]
            if node.op_type == "Identity" and node.domain in ("", "ai.onnx") and inputs:
                scope[node.output[0]] = inputs[0]
                continue
            what = self._operator(node)
            attributes = {
                each.name: self._attribute(each, scope)
                for each in node.attribute
                if not self._is_default(node, each)
            }
            if what == b"operator::Constant" and "value" in attributes:
                scope[node.output[0]] = attributes["value"]
                continue
            result = _hash(what, *_flat(attributes), *inputs)
            for i, name in enumerate(node.output):
                scope[name] = _hash(result, _number(i))

    def _operator(self, node: "onnx.NodeProto") -> bytes:
        domain = "" if node.domain == "ai.onnx" else node.domain
        key = (node.domain, node.op_type)
        if key not in self._bodies:
            return f"operator:{domain}:{node.op_type}".encode()
        if key not in self._functions:
            body = self._bodies[key]
            self._functions[key] = b"itself"  # only of models that the checker refuses
            scope = {name: _hash(b"input", _number(i)) for i, name in enumerate(body.input)}
            self._run(body.node, scope)
            defaults = {each.name: self._attribute(each, {}) for each in body.attribute_proto}
            outputs = (scope.get(name, ABSENT) for name in body.output)
            self._functions[key] = _hash(b"function", *_flat(defaults), *outputs)
        return self._functions[key]

    def _is_default(self, node: "onnx.NodeProto", attribute: "onnx.AttributeProto") -> bool:
        from onnx import defs

        domain = "" if node.domain == "ai.onnx" else node.domain
        version = self._opsets.get(domain) or self._opsets.get("ai.onnx", 0)
        try:
            known = defs.get_schema(node.op_type, version, domain).attributes.get(attribute.name)
        except defs.SchemaError:  # a local function
            return False
        if known is None or known.default_value.type != attribute.type:
            return False
        return _plain(known.default_value) == _plain(attribute)

    def _attribute(self, attribute: "onnx.AttributeProto", scope: Scope) -> bytes:
        kind = attribute.type
        if kind == attribute.TENSOR:
            return _tensor(attribute.t)
        if kind == attribute.GRAPH:
            return self.graph(attribute.g, scope)
        if kind == attribute.TENSORS:
            return _hash(b"tensors", *map(_tensor, attribute.tensors))
        if kind == attribute.GRAPHS:
            return _hash(b"graphs", *(self.graph(each, scope) for each in attribute.graphs))
        if kind == attribute.SPARSE_TENSOR:
            return _sparse(attribute.sparse_tensor)
        return _hash(b"plain", _plain(attribute))


def _plain(attribute: "onnx.AttributeProto") -> bytes:
    """Return an attribute's value, without its name."""
    plain = type(attribute)()
    plain.CopyFrom(attribute)
    plain.ClearField("name")
    plain.ClearField("doc_string")
    value: bytes = plain.SerializeToString(deterministic=True)
    return value


def _flat(attributes: Mapping[str, bytes]) -> list[bytes]:
    return [part for name in sorted(attributes) for part in (name.encode(), attributes[name])]


def _tensor(tensor: "onnx.TensorProto") -> bytes:
    """Hash numbers, type and shape, however the file spells them."""
    from onnx import numpy_helper

    if tensor.data_type == tensor.STRING:
        return _hash(b"strings", str(list(tensor.dims)).encode(), *tensor.string_data)
    value = numpy_helper.to_array(tensor)
    kind = f"{tensor.data_type} {value.shape}".encode()
    return _hash(b"tensor", kind, value.tobytes())


def _sparse(sparse: "onnx.SparseTensorProto") -> bytes:
    shape = str(list(sparse.dims)).encode()
    return _hash(b"sparse", shape, _tensor(sparse.values), _tensor(sparse.indices))


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _hash(*parts: bytes) -> bytes:
    """Hash parts so that no two lists of parts run together."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()
