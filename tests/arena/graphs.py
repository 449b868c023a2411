"""Small ONNX models for tests of the sandbox: honest ones, and every kind of hostile one."""

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper
from onnx import numpy_helper as arrays

from arena.limits import MIB, Limits
from tron_env.types import Float32Array, Plane

OBSERVATION = 5 * 32 * 32
QUICK = Limits(
    memory_bytes=256 * MIB,
    load_cpu_seconds=3.0,
    call_cpu_seconds=0.3,
    position_cpu_seconds=0.01,
    wall_seconds=120.0,
)
"""Small enough that hostile models are found out at once, wide enough for a busy machine."""
FOREVER = 2**62


def weights(columns: int = 4) -> Float32Array:
    generator = np.random.Generator(np.random.PCG64(1))
    return generator.normal(size=(OBSERVATION, columns)).astype(np.float32)


def tensor(name: str, value: NDArray[np.generic]) -> TensorProto:
    return arrays.from_array(np.asarray(value), name)


def linear(result: str = "logits") -> list[NodeProto]:
    return [
        helper.make_node("Flatten", ["board"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], [result]),
    ]


def value(name: str, shape: list[int | str] | None, kind: int = TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def packed(
    nodes: list[NodeProto],
    constants: list[TensorProto],
    *,
    batch: int | str = "batch",
    output: list[int | str] | None = None,
    opset: int = 17,
    names: tuple[str, str] = ("board", "logits"),
    dtype: int = TensorProto.FLOAT,
) -> ModelProto:
    shape = [batch, 4] if output is None else output
    graph = helper.make_graph(
        nodes,
        "policy",
        [value(names[0], [batch, 5, 32, 32], dtype)],
        [value(names[1], shape)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def policy(**options: object) -> bytes:
    """A linear policy that anybody might submit."""
    return packed(linear(), [tensor("weights", weights())], **options).SerializeToString()


def after_linear(nodes: list[NodeProto], constants: list[TensorProto], **options: object) -> bytes:
    """A linear policy with ``nodes`` between its values, ``raw``, and the output, ``logits``."""
    known = [tensor("weights", weights()), *constants]
    return packed(linear("raw") + nodes, known, **options).SerializeToString()


def apex_cnn(output: str) -> bytes:
    """A small CNN as Apex's training exports it: opset 17, batch fixed at 1, input and output."""
    generator = np.random.Generator(np.random.PCG64(2))

    def drawn(name: str, *shape: int) -> TensorProto:
        return tensor(name, 0.1 * generator.normal(size=shape).astype(np.float32))

    nodes = [
        helper.make_node(
            "Conv", ["input", "w1", "b1"], ["c1"], kernel_shape=[3, 3], strides=[2, 2]
        ),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Relu", ["c2"], ["r2"]),
    ]
    constants = [drawn("w1", 8, 5, 3, 3), drawn("b1", 8), drawn("w2", 8, 8, 3, 3), drawn("b2", 8)]
    if output == "reshaped":
        constants.append(tensor("flat_shape", np.array([1, -1])))
        nodes.append(helper.make_node("Reshape", ["r2", "flat_shape"], ["flat"]))
    else:
        nodes.append(helper.make_node("Flatten", ["r2"], ["flat"]))
    constants += [drawn("w3", 8 * 7 * 7, 4), drawn("b3", 4)]
    last = "row" if output == "(4,)" else "output"
    nodes.append(helper.make_node("Gemm", ["flat", "w3", "b3"], [last]))
    if output == "(4,)":
        constants.append(tensor("first", np.array([0])))
        nodes.append(helper.make_node("Squeeze", ["row", "first"], ["output"]))
    shape: list[int | str] = [4] if output == "(4,)" else [1, 4]
    model = packed(nodes, constants, batch=1, output=shape, names=("input", "output"))
    return model.SerializeToString()


def loop(step: list[NodeProto]) -> bytes:
    """A policy that repeats ``step``, from ``before`` to ``after``, without end."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["go_on"]), *step],
        "body",
        [
            value("turn", [], TensorProto.INT64),
            value("going", [], TensorProto.BOOL),
            value("before", None),
        ],
        [value("go_on", [], TensorProto.BOOL), value("after", None)],
    )
    nodes = [helper.make_node("Loop", ["turns", "start", "raw"], ["logits"], body=body)]
    constants = [tensor("turns", np.int64(FOREVER)), tensor("start", np.bool_(True))]
    return after_linear(nodes, constants)


def sleeper() -> bytes:
    return loop([helper.make_node("Sin", ["before"], ["after"])])


def grower() -> bytes:
    return loop([helper.make_node("Concat", ["before", "before"], ["after"], axis=0)])


def giant_tensor() -> bytes:
    """Asks for four terabytes, already while constants are folded."""
    constants = [tensor("giant", np.array([1 << 20, 1 << 20]))]
    nodes = [
        helper.make_node("ConstantOfShape", ["giant"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["zero"], keepdims=0),
        helper.make_node("Add", ["raw", "zero"], ["logits"]),
    ]
    return after_linear(nodes, constants)


def nan() -> bytes:
    constants = [tensor("nan", np.full(4, np.nan, np.float32))]
    return after_linear([helper.make_node("Add", ["raw", "nan"], ["logits"])], constants)


def fails_late(cells: int = 200) -> bytes:
    """Gives NaN once its own trail is longer than ``cells``; its trial games end before."""
    own = np.zeros((1, 5, 1, 1), np.float32)
    own[0, Plane.OWN_TRAIL] = 1.0
    nodes = [
        helper.make_node("Mul", ["board", "own"], ["trail"]),
        helper.make_node("ReduceSum", ["trail", "axes"], ["length"], keepdims=1),
        helper.make_node("Reshape", ["length", "column"], ["cells"]),
        helper.make_node("Greater", ["cells", "many"], ["late"]),
        helper.make_node("Where", ["late", "nan", "raw"], ["logits"]),
    ]
    constants = [
        tensor("own", own),
        tensor("axes", np.array([1, 2, 3])),
        tensor("column", np.array([-1, 1])),
        tensor("many", np.float32(cells)),
        tensor("nan", np.float32(np.nan)),
    ]
    return after_linear(nodes, constants)


def masks_itself() -> bytes:
    """Gives -inf for every action: an ordinary lowest value."""
    constants = [tensor("lowest", np.full(4, -np.inf, np.float32))]
    return after_linear([helper.make_node("Add", ["raw", "lowest"], ["logits"])], constants)


def five_columns() -> bytes:
    nodes, constants = linear(), [tensor("weights", weights(5))]
    return packed(nodes, constants, output=["batch", "columns"]).SerializeToString()


def double_input() -> bytes:
    nodes = [
        helper.make_node("Cast", ["board"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["cast"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    constants = [tensor("weights", weights())]
    return packed(nodes, constants, dtype=TensorProto.DOUBLE).SerializeToString()


def out_of_range() -> bytes:
    """Reads behind the end of a tensor, by an index that depends on the board."""
    nodes = [
        helper.make_node("ReduceSum", ["board"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["raw", "index"], ["column"], axis=1),
        helper.make_node("Unsqueeze", ["column", "last"], ["columns"]),
        helper.make_node("Add", ["raw", "columns"], ["logits"]),
    ]
    return after_linear(nodes, [tensor("last", np.array([1]))])


def minds_its_neighbours() -> bytes:
    """Ranks each action against the mean over the batch; alone, against nothing."""
    nodes = [
        helper.make_node("ReduceMean", ["raw"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["raw", "mean"], ["logits"]),
    ]
    return after_linear(nodes, [])


def counts_with_random() -> bytes:
    return after_linear([helper.make_node("RandomNormalLike", ["raw"], ["logits"])], [])


def random_in_subgraph() -> bytes:
    return loop([helper.make_node("RandomNormalLike", ["before"], ["after"])])


def custom_operator() -> bytes:
    node = helper.make_node("Backdoor", ["raw"], ["logits"], domain="com.example")
    return after_linear([node], [])


def external_data(path: str) -> bytes:
    return packed(linear(), [outside(path, [OBSERVATION, 4])]).SerializeToString()


def outside(path: str, shape: list[int]) -> TensorProto:
    """A tensor ``weights`` that is kept in another file."""
    kept = TensorProto()
    kept.name, kept.data_type = "weights", TensorProto.FLOAT
    kept.dims.extend(shape)
    kept.data_location = TensorProto.EXTERNAL
    entry = kept.external_data.add()
    entry.key, entry.value = "location", path
    return kept


def truncated_weights() -> bytes:
    short = TensorProto()
    short.name, short.data_type, short.raw_data = "weights", TensorProto.FLOAT, b"1234"
    short.dims.extend([OBSERVATION, 4])
    return packed(linear(), [short]).SerializeToString()


def local_function(
    body: list[NodeProto],
    *,
    domain: str = "local",
    name: str = "Step",
    defaults: tuple[AttributeProto, ...] = (),
) -> bytes:
    """A linear policy whose values pass through a function of its own, from ``x`` to ``y``."""
    opset = helper.make_opsetid("", 17)
    function = helper.make_function(
        domain, name, ["x"], ["y"], body, [opset, helper.make_opsetid(domain, 1)]
    )
    function.attribute_proto.extend(defaults)
    call = helper.make_node(name, ["raw"], ["logits"], domain=domain)
    model = packed([*linear("raw"), call], [tensor("weights", weights())])
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    model.functions.append(function)
    return model.SerializeToString()


def recursive_function() -> bytes:
    return local_function([helper.make_node("Step", ["x"], ["y"], domain="local")])


def decoy_function(name: str, domain: str = "") -> bytes:
    """Shows a harmless function; ONNX Runtime takes its own operator of that name instead."""
    return local_function([helper.make_node("Identity", ["x"], ["y"])], domain=domain, name=name)


def default_attribute(node: NodeProto, names: tuple[str, ...], default: AttributeProto) -> bytes:
    """Has a function add what ``node`` gives, whose attributes ``names`` are its ``default``."""
    for name in names:
        node.attribute.append(
            AttributeProto(name=name, type=default.type, ref_attr_name=default.name)
        )
    body = [
        helper.make_node("Constant", [], ["yes"], value=tensor("yes", np.bool_(True))),
        node,
        helper.make_node("Add", ["x", "z"], ["y"]),
    ]
    return local_function(body, defaults=(default,))


def random_default_attribute() -> bytes:
    """Draws in a branch that stands among a function's default attributes."""
    drawn = helper.make_node("RandomUniform", [], ["drawn"], shape=[1, 4])
    branch = helper.make_graph([drawn], "branch", [], [value("drawn", None)])
    default = helper.make_attribute("branch", branch)
    node = helper.make_node("If", ["yes"], ["z"])
    return default_attribute(node, ("then_branch", "else_branch"), default)


def external_default_attribute(path: str) -> bytes:
    """Keeps the tensor elsewhere that stands among a function's default attributes."""
    default = helper.make_attribute("kept", outside(path, [1, 4]))
    return default_attribute(helper.make_node("Constant", [], ["z"]), ("value",), default)


def nested(depth: int) -> bytes:
    """``depth`` subgraphs of If inside each other."""

    def branch(level: int) -> GraphProto:
        if level == 0:
            nodes = [helper.make_node("Identity", ["raw"], ["out0"])]
        else:
            node = helper.make_node("If", ["yes"], [f"out{level}"])
            for name in ("then_branch", "else_branch"):
                inner = branch(level - 1) if name == "then_branch" else branch(0)
                node.attribute.append(AttributeProto(name=name, type=AttributeProto.GRAPH, g=inner))
            nodes = [node]
        return helper.make_graph(nodes, f"level{level}", [], [value(nodes[-1].output[0], None)])

    outer = helper.make_node("If", ["yes"], ["logits"])
    for name in ("then_branch", "else_branch"):
        outer.attribute.append(
            AttributeProto(name=name, type=AttributeProto.GRAPH, g=branch(depth - 1))
        )
    return after_linear([outer], [tensor("yes", np.bool_(True))])
