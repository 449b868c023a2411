"""What a model's file may hold; checked without running it, only inside a sandboxed child.

The rules cover the main graph, every subgraph of If, Loop and Scan, and every local function with
its default attributes. The result travels to the arena as JSON: ``encode_report`` writes it in the
child, ``decode_report`` reads it, bounded and cleaned, in the arena, where ONNX is not imported.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from arena import wire

if TYPE_CHECKING:
    import onnx

MIN_OPSET: Final = 7
MAX_DEPTH: Final = 16
MAX_CHECKS: Final = 16
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
STANDARD_DOMAINS: Final = frozenset({"", "ai.onnx"})
RUNTIME_DOMAINS: Final = re.compile(r"(ai\.onnx|com\.microsoft|com\.ms|org\.pytorch\.aten)(\..*)?|")
"""Where ONNX Runtime has operators of its own. It takes these before a local function of their
name, so that a function there would be a decoy in front of an operator that nobody looked at."""
_ALLOWED: Final = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
    BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil
    Celu CenterCropPad Clip Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape
    Conv ConvInteger ConvTranspose Cos Cosh CumProd CumSum DeformConv DepthToSpace
    DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand
    EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
    GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid
    HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization
    LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger
    Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero
    Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN
    Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence
    RotaryEmbedding Round Scan Scatter ScatterElements ScatterND Selu SequenceAt
    SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Shrink
    Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
    SplitToSequence Sqrt Squeeze Sub Sum Swish Tan Tanh TensorScatter ThresholdedRelu Tile TopK
    Transpose Trilu Unique Unsqueeze Upsample Where Xor
"""
ALLOWED_OPERATORS: Final = frozenset(_ALLOWED.split())
_RANDOM: Final = """
    Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike
"""
RANDOM_OPERATORS: Final = frozenset(_RANDOM.split())


@dataclass(frozen=True, slots=True)
class Check:
    """One admission check: its name, whether it passed, and a sentence on what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a model's file holds."""

    checks: tuple[Check, ...]
    """In order; the first that fails ends them."""
    graph_sha256: str | None = None
    """See ``arena.graph_identity``; None where a check failed."""

    @property
    def rejection(self) -> str | None:
        """What the first failed check found, or None."""
        return next((check.detail for check in self.checks if not check.passed), None)


def inspect_model(model: bytes) -> Inspection:
    """Return what a model's file holds."""
    import onnx  # only in a child: the arena itself never parses a model

    from arena.graph_identity import graph_identity

    if not model:
        return _unreadable("the file is empty; export the model to ONNX again")
    try:
        proto = onnx.load_from_string(model)
    except Exception:  # noqa: BLE001  (whatever the parser says, it is no model)
        return _unreadable("not an ONNX file; export the model to ONNX")
    if not proto.graph.node or not proto.opset_import:
        return _unreadable("an ONNX file without a graph; export the whole model")
    checks = [Check("format", True, f"ONNX, IR version {proto.ir_version}")]
    for check in (_opset, _operators, _self_contained, _structure):
        checks.append(check(proto))
        if not checks[-1].passed:
            return Inspection(tuple(checks))
    return Inspection(tuple(checks), graph_identity(proto))


def encode_report(found: Inspection) -> bytes:
    """Return the report as JSON."""
    rows = [[check.name, check.passed, check.detail[: wire.MAX_TEXT]] for check in found.checks]
    return json.dumps({"checks": rows, "graph": found.graph_sha256}).encode()


def decode_report(body: bytes) -> Inspection:
    """Return what a child reported, cleaned.

    Raises:
        FrameError: it is not such a report.
    """
    try:
        report = json.loads(body)
        checks = tuple(
            Check(_clean(name), bool(passed), _clean(detail))
            for name, passed, detail in report["checks"][:MAX_CHECKS]
        )
        graph = report["graph"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise wire.FrameError("a child sent a malformed report") from error
    if graph is not None and not (isinstance(graph, str) and DIGEST.fullmatch(graph)):
        raise wire.FrameError("a child sent a malformed report")
    return Inspection(checks, graph)


def _unreadable(reason: str) -> Inspection:
    return Inspection((Check("format", False, reason),))


def _clean(text: str) -> str:
    return wire.clean_text(str(text).encode("utf-8", "replace"))


def _opset(proto: "onnx.ModelProto") -> Check:
    import onnx

    versions = {entry.domain: entry.version for entry in proto.opset_import}
    version = max(versions.get("", 0), versions.get("ai.onnx", 0))
    newest = onnx.defs.onnx_opset_version()
    return Check(
        "opset",
        MIN_OPSET <= version <= newest,
        f"opset {version}"
        if MIN_OPSET <= version <= newest
        else f"opset {version} is not between {MIN_OPSET} and {newest}; export with opset 17",
    )


def _operators(proto: "onnx.ModelProto") -> Check:
    for function in proto.functions:
        if RUNTIME_DOMAINS.fullmatch(function.domain):
            return Check(
                "operators",
                False,
                f"local function {function.name} is in domain {function.domain or 'ai.onnx'!r} of "
                "ONNX Runtime's operators; give it a domain of its own",
            )
    local = {(function.domain, function.name) for function in proto.functions}
    seen: set[str] = set()
    for node, depth in _nodes(proto):
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        if depth > MAX_DEPTH:
            return Check(
                "operators", False, f"subgraphs are nested more than {MAX_DEPTH} deep; flatten them"
            )
        if (node.domain, node.op_type) in local:
            continue
        if node.domain not in STANDARD_DOMAINS:
            return Check(
                "operators",
                False,
                f"operator {name} is not a standard ONNX operator; export without graph "
                "optimisation and without custom operators",
            )
        if node.op_type in RANDOM_OPERATORS:
            return Check(
                "operators", False, f"operator {name} is random; a policy must be deterministic"
            )
        if node.op_type not in ALLOWED_OPERATORS:
            return Check(
                "operators", False, f"operator {name} is not allowed; express it by others"
            )
        seen.add(node.op_type)
    return Check("operators", True, f"{len(seen)} kinds, all allowed")


def _self_contained(proto: "onnx.ModelProto") -> Check:
    for tensor in _tensors(proto):
        if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
            return Check(
                "self-contained",
                False,
                f"tensor {tensor.name!r} is kept in another file; save the model as one file",
            )
    if proto.training_info:
        return Check("self-contained", False, "the model holds training data; export for inference")
    return Check("self-contained", True, "all weights are in the file")


def _structure(proto: "onnx.ModelProto") -> Check:
    import onnx

    try:
        onnx.checker.check_model(proto)
    except Exception as error:  # noqa: BLE001  (the checker's errors share no other base)
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        return Check("structure", False, f"the ONNX checker refuses it: {first_line}")
    return Check("structure", True, "the ONNX checker accepts it")


def _graphs(proto: "onnx.ModelProto") -> Iterator[tuple["onnx.GraphProto", int]]:
    stack = [(proto.graph, 0)]
    for function in proto.functions:
        stack += [(graph, 1) for graph in _subgraphs(function.attribute_proto)]
        stack += [(graph, 1) for node in function.node for graph in _subgraphs(node.attribute)]
    while stack:
        graph, depth = stack.pop()
        yield graph, depth
        if depth <= MAX_DEPTH:
            for node in graph.node:
                stack += [(inner, depth + 1) for inner in _subgraphs(node.attribute)]


def _subgraphs(attributes: Iterable["onnx.AttributeProto"]) -> Iterator["onnx.GraphProto"]:
    for attribute in attributes:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _nodes(proto: "onnx.ModelProto") -> Iterator[tuple["onnx.NodeProto", int]]:
    for function in proto.functions:
        for node in function.node:
            yield node, 0
    for graph, depth in _graphs(proto):
        for node in graph.node:
            yield node, depth


def _attributes(proto: "onnx.ModelProto") -> Iterator["onnx.AttributeProto"]:
    """Yield the attributes of all nodes, and those that functions have where a call gives none."""
    for function in proto.functions:
        yield from function.attribute_proto
    for node, _ in _nodes(proto):
        yield from node.attribute


def _tensors(proto: "onnx.ModelProto") -> Iterator["onnx.TensorProto"]:
    for graph, _ in _graphs(proto):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield sparse.values
            yield sparse.indices
    for attribute in _attributes(proto):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
            yield sparse.values
            yield sparse.indices
