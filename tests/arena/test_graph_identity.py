"""Whose network it is does not depend on how its file is written."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from arena.graph_identity import graph_identity
from tests.arena import graphs


def identity(model: bytes | onnx.ModelProto) -> str:
    return graph_identity(onnx.load_from_string(model) if isinstance(model, bytes) else model)


def loaded(model: bytes | None = None) -> onnx.ModelProto:
    return onnx.load_from_string(graphs.policy() if model is None else model)


def renamed(model: bytes) -> onnx.ModelProto:
    proto = loaded(model)

    def new(name: str) -> str:
        return f"other_{name}" if name else name

    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        value.name = new(value.name)
    for node in proto.graph.node:
        node.name = "renamed"
        node.input[:] = map(new, node.input)
        node.output[:] = map(new, node.output)
    return proto


def test_names_of_values_and_nodes_do_not_count():
    assert identity(renamed(graphs.policy())) == identity(graphs.policy())
    apex = graphs.apex_cnn("(1, 4)")
    assert identity(renamed(apex)) == identity(apex)


def test_metadata_does_not_count():
    proto = loaded()
    proto.producer_name, proto.doc_string, proto.model_version = "somebody", "mine", 7
    proto.graph.name, proto.graph.doc_string = "g", "notes"
    entry = proto.metadata_props.add()
    entry.key, entry.value = "author", "me"
    for node in proto.graph.node:
        node.doc_string = "a step"
    assert identity(proto) == identity(graphs.policy())


def test_where_and_how_a_constant_is_kept_does_not_count():
    proto = loaded()
    (weights,) = proto.graph.initializer
    value = numpy_helper.to_array(weights)
    del proto.graph.initializer[:]
    spelled = helper.make_tensor("weights", weights.data_type, value.shape, value.ravel().tolist())
    inside = loaded()
    inside.graph.initializer[0].CopyFrom(spelled)
    assert identity(inside) == identity(graphs.policy())
    node = helper.make_node("Constant", [], ["weights"], value=weights)
    proto.graph.node.insert(0, node)
    assert identity(proto) == identity(graphs.policy())


def test_identities_dead_nodes_and_further_outputs_do_not_count():
    proto = loaded(graphs.after_linear([helper.make_node("Identity", ["raw"], ["logits"])], []))
    proto.graph.node.append(helper.make_node("Relu", ["raw"], ["unused"]))
    proto.graph.output.append(graphs.value("unused", None))
    assert identity(proto) == identity(graphs.policy())


def test_attributes_that_say_what_holds_anyway_do_not_count():
    def explicit(axis: int) -> onnx.ModelProto:
        proto = loaded()
        flatten = next(node for node in proto.graph.node if node.op_type == "Flatten")
        del flatten.attribute[:]
        flatten.attribute.append(helper.make_attribute("axis", axis))
        return proto

    assert identity(explicit(1)) == identity(graphs.policy())
    assert identity(explicit(2)) != identity(graphs.policy())


def test_a_function_stands_for_its_body():
    body = [helper.make_node("Relu", ["a"], ["b"])]
    opset = [helper.make_opsetid("", 17)]
    wrapped = graphs.packed(
        [*graphs.linear("raw"), helper.make_node("Mine", ["raw"], ["logits"], domain="own")],
        [graphs.tensor("weights", graphs.weights())],
    )
    wrapped.opset_import.append(helper.make_opsetid("own", 1))
    wrapped.functions.append(helper.make_function("own", "Mine", ["a"], ["b"], body, opset))
    plain = graphs.after_linear([helper.make_node("Relu", ["raw"], ["logits"])], [])
    assert identity(wrapped) == identity(plain)


def test_the_order_of_independent_nodes_does_not_count():
    def both(swapped: bool) -> bytes:
        halves = [
            helper.make_node("Relu", ["raw"], ["positive"]),
            helper.make_node("Neg", ["raw"], ["negative"]),
        ]
        last = helper.make_node("Sub", ["positive", "negative"], ["logits"])
        return graphs.after_linear([*(halves[::-1] if swapped else halves), last], [])

    assert identity(both(True)) == identity(both(False))


@pytest.mark.parametrize(
    "other",
    [
        graphs.masks_itself,
        lambda: graphs.nested(3),
        lambda: graphs.apex_cnn("(1, 4)"),
        lambda: graphs.after_linear([helper.make_node("Relu", ["raw"], ["logits"])], []),
        lambda: graphs.after_linear(
            [helper.make_node("Add", ["raw", "one"], ["logits"])],
            [graphs.tensor("one", np.float32(1e-6))],
        ),
    ],
    ids=["masks itself", "nested", "cnn", "relu", "a little added"],
)
def test_other_networks_are_others(other):
    assert identity(other()) != identity(graphs.policy())


def test_one_changed_weight_makes_another_network():
    proto = loaded()
    value = numpy_helper.to_array(proto.graph.initializer[0]).copy()
    value[17, 2] = np.nextafter(value[17, 2], np.float32(9))
    proto.graph.initializer[0].CopyFrom(graphs.tensor("weights", value))
    assert identity(proto) != identity(graphs.policy())


def test_what_stands_in_subgraphs_counts():
    assert identity(graphs.nested(2)) != identity(graphs.nested(3))
    assert identity(renamed(graphs.nested(2))) != identity(graphs.nested(3))
