"""A thousand broken and hostile files: each gets a verdict, in bounded time and memory.

`test_validation` names the reasons; here it counts that nothing gets through, hangs or grows.
"""

import resource

import numpy as np
import psutil
import pytest
from onnx import ModelProto, SparseTensorProto, TensorProto, helper

from agents.zoo import shipped_model
from arena.forkserver import shared_server
from arena.limits import MIB
from arena.validation import validate_model
from tests.arena import graphs


def giant_initializer() -> bytes:
    """Declares a tensor of a petabyte and brings four bytes of it."""
    model = ModelProto.FromString(graphs.policy())
    weights = model.graph.initializer[0]
    weights.dims[:] = [1 << 40, 1 << 10]
    weights.raw_data = b"1234"
    return model.SerializeToString()


def sparse_bomb() -> bytes:
    """One value in a sparse tensor of four terabytes."""
    model = ModelProto.FromString(graphs.policy())
    sparse = SparseTensorProto(dims=[1 << 20, 1 << 20])
    sparse.values.CopyFrom(graphs.tensor("weights", np.ones(1, np.float32)))
    sparse.indices.CopyFrom(graphs.tensor("places", np.zeros((1, 2), np.int64)))
    del model.graph.initializer[:]
    model.graph.sparse_initializer.append(sparse)
    return model.SerializeToString()


def tiles(steps: int = 12) -> bytes:
    """A decompression bomb: twelve times sixteenfold, out of one kilobyte."""
    nodes = [helper.make_node("Tile", ["seed", "often"], ["x0"])]
    nodes += [helper.make_node("Tile", [f"x{k}", "often"], [f"x{k + 1}"]) for k in range(steps)]
    nodes += [
        helper.make_node("ReduceSum", [f"x{steps}"], ["sum"], keepdims=0),
        helper.make_node("Add", ["raw", "sum"], ["logits"]),
    ]
    constants = [
        graphs.tensor("seed", np.ones(16, np.float32)),
        graphs.tensor("often", np.array([16])),
    ]
    return graphs.after_linear(nodes, constants)


def deep_protobuf(depth: int = 20_000) -> bytes:
    """A message in a message in a message: field 7 (graph), field 1 (node), and so on."""
    inner = b""
    for level in range(depth):
        tag = bytes([(7 << 3 | 2) if level % 2 else (1 << 3 | 2)])
        inner = tag + varint(len(inner)) + inner
        if len(inner) > MIB:
            break
    return inner


def varint(number: int) -> bytes:
    coded = bytearray()
    while number > 127:
        coded.append(number & 127 | 128)
        number >>= 7
    coded.append(number)
    return bytes(coded)


def long_names() -> bytes:
    model = ModelProto.FromString(graphs.policy())
    model.graph.node[0].name = "n" * (4 * MIB)
    model.graph.node[0].doc_string = "\x1b[31m" * 100_000
    return model.SerializeToString()


def many_nodes(count: int = 20_000) -> bytes:
    nodes = [helper.make_node("Neg", ["raw"], ["x0"])]
    nodes += [helper.make_node("Neg", [f"x{k}"], [f"x{k + 1}"]) for k in range(count)]
    nodes.append(helper.make_node("Neg", [f"x{count}"], ["logits"]))
    return graphs.after_linear(nodes, [])


def endless_while() -> bytes:
    return graphs.sleeper()


NAMED = {
    "giant initializer": giant_initializer,
    "giant constant": graphs.giant_tensor,
    "sparse bomb": sparse_bomb,
    "decompression bomb": tiles,
    "deep protobuf": deep_protobuf,
    "deep subgraphs": lambda: graphs.nested(20),
    "loop without end": endless_while,
    "growth without end": graphs.grower,
    "recursive function": graphs.recursive_function,
    "external data": lambda: graphs.external_data("/etc/passwd"),
    "external data outside": lambda: graphs.external_data("../../../../etc/passwd"),
    "external data from the kernel": lambda: graphs.external_data("/dev/zero"),
    "unknown domain": graphs.custom_operator,
    "random operator": graphs.counts_with_random,
    "random operator in a loop": graphs.random_in_subgraph,
    "decoy function before a random operator": lambda: graphs.decoy_function("RandomUniformLike"),
    "decoy function before a shipped operator": lambda: graphs.decoy_function("Relu"),
    "decoy function in the other name": lambda: graphs.decoy_function("Bernoulli", "ai.onnx"),
    "decoy function before the runtime's own": lambda: graphs.decoy_function(
        "QuickGelu", "com.microsoft"
    ),
    "random default attribute": graphs.random_default_attribute,
    "external default attribute": lambda: graphs.external_default_attribute("/etc/passwd"),
    "cut weights": graphs.truncated_weights,
    "out of range": graphs.out_of_range,
    "five columns": graphs.five_columns,
    "fails late in a game": graphs.fails_late,
    "nothing": lambda: b"",
    "zeros": lambda: bytes(1 << 16),
    "text": lambda: b"not a model " * 100,
    "gzip": lambda: b"\x1f\x8b\x08\x00" + bytes(10_000),
    "too large": lambda: bytes(20 * MIB),
}
TOLERATED = {
    "long names": long_names,
    "many nodes": many_nodes,
}
"""Odd, and for the limits to judge: either verdict will do, in bounded time."""


def mutated(random: np.random.Generator, base: bytes, other: bytes) -> bytes:
    """One of: cut, bits flipped, bytes drawn anew, a piece doubled, a piece of another model."""
    data = np.frombuffer(base, np.uint8).copy()
    place = int(random.integers(len(data)))
    span = int(random.integers(1, 64))
    match random.integers(5):
        case 0:
            return data[:place].tobytes()
        case 1:
            places = random.integers(0, len(data), int(random.integers(1, 9)))
            data[places] ^= (1 << random.integers(0, 8, len(places))).astype(np.uint8)
        case 2:
            data[place : place + span] = random.integers(0, 256, len(data[place : place + span]))
        case 3:
            return base[: place + span] + base[place:]
        case _:
            start = int(random.integers(len(other)))
            return base[:place] + other[start : start + 32 * span] + base[place:]
    return data.tobytes()


def bases() -> list[bytes]:
    """Files whose structure is most of them, so that most mutations hit structure."""
    small = ModelProto.FromString(graphs.sleeper())
    for constant in small.graph.initializer:
        if constant.name == "weights":
            constant.ClearField("raw_data")
            constant.ClearField("float_data")
            constant.dims[:] = [0, 4]
    return [
        small.SerializeToString(),
        graphs.nested(4),
        graphs.apex_cnn("(4,)"),
        shipped_model("wall-hugger").path.read_bytes(),
        shipped_model("voronoi").path.read_bytes(),
    ]


def judge(name: str, content: bytes) -> bool:
    """Return whether it is accepted; it must get a verdict with a reason.

    What hangs is ended by the tests' own time limit: a busy machine takes its time for verdicts.
    """
    verdict = validate_model(content, limits=graphs.QUICK)
    assert verdict.accepted or verdict.reason.isprintable(), name
    assert verdict.accepted or verdict.reason, name
    return verdict.accepted


@pytest.mark.parametrize("name", NAMED)
def test_a_hostile_file_is_rejected(name):
    assert not judge(name, NAMED[name]())


@pytest.mark.parametrize("name", TOLERATED)
def test_an_odd_file_gets_a_verdict(name):
    judge(name, TOLERATED[name]())


def survives(count: int) -> None:
    random = np.random.Generator(np.random.PCG64(20))
    files = bases()
    server = shared_server().pid
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        base, other = random.integers(0, len(files), 2)
        judge(f"mutation {number} of file {base}", mutated(random, files[base], files[other]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024
    assert shared_server().pid == server
    assert psutil.Process(server).children() == []


def test_mutated_files_get_verdicts():
    survives(25)


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_a_thousand_mutated_files_get_verdicts():
    survives(1000)


def test_tensors_of_hostile_files_are_what_they_are_called():
    """Guards the cases above: each is a real file of its kind, not a broken one."""
    sparse = ModelProto.FromString(sparse_bomb())
    assert list(sparse.graph.sparse_initializer[0].dims) == [1 << 20, 1 << 20]
    assert ModelProto.FromString(giant_initializer()).graph.initializer[0].dims[0] == 1 << 40
    assert ModelProto.FromString(tiles()).graph.node[-1].output == ["logits"]
    assert ModelProto.FromString(graphs.external_data("/dev/zero")).graph.initializer[
        0
    ].data_location == (TensorProto.EXTERNAL)
