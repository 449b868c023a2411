import numpy as np
import onnx
import pytest

from agents.errors import InvalidModelError
from agents.graphs import boards
from agents.graphs.builder import Graph
from agents.graphs.embedding import embed
from agents.graphs.heuristics import build_voronoi
from agents.onnx_agent import OnnxAgent
from agents.zoo import shipped_model

TAKES, GIVES = ("batch", 5, 32, 32), ("batch", 4)


def twice(model):
    """Return a model that asks ``model`` twice and adds up."""
    graph = Graph()
    planes = boards.observation(graph)
    first, second = (embed(graph, model, planes, TAKES, GIVES) for _ in range(2))
    total = first + second * np.float32(2)
    return graph.build(total, "logits", np.float32, GIVES, graph_name="twice", description="")


def changed(change):
    proto = onnx.load_from_string(build_voronoi())
    change(proto)
    return proto.SerializeToString()


def test_a_model_with_loops_is_asked_twice_in_one_graph(observations):
    """Bodies of loops use constants from outside, which are renamed too."""
    alone = OnnxAgent(build_voronoi(), "alone").logits(observations)
    both = OnnxAgent(twice(build_voronoi()), "twice").logits(observations)
    assert (both == 3 * alone).all()


def test_a_size_without_a_name_stands_for_any_number_of_positions(observations):
    unnamed = changed(lambda proto: proto.graph.input[0].type.tensor_type.shape.dim[0].Clear())
    both = OnnxAgent(twice(unnamed), "twice").logits(observations)
    assert (both == 3 * OnnxAgent(build_voronoi(), "alone").logits(observations)).all()


def test_bytes_repeat():
    assert twice(build_voronoi()) == twice(build_voronoi())


def keep_elsewhere(proto):
    tensor = proto.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def make_sparse(proto):
    values = onnx.helper.make_tensor("sparse", onnx.TensorProto.FLOAT, [1], [1.0])
    places = onnx.helper.make_tensor("places", onnx.TensorProto.INT64, [1], [0])
    proto.graph.sparse_initializer.append(onnx.helper.make_sparse_tensor(values, places, [4]))


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (b"", "no ONNX model: .*ir_version"),
        (b"nonsense", "no ONNX model: .*corrupt"),
        (changed(lambda proto: proto.graph.node.pop(0)), "no ONNX model: "),
        (shipped_model("ppo-small").path.read_bytes(), "opset ai.onnx 17; only one for ai.onnx 18"),
        (
            changed(lambda proto: proto.opset_import.add(domain="mine", version=1)),
            "opset ai.onnx 18 and mine 1; only",
        ),
        (changed(keep_elsewhere), "weights in another file"),
        (changed(make_sparse), "sparse weights"),
    ],
)
def test_what_cannot_be_embedded_is_named(model, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        twice(model)
