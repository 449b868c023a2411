import numpy as np
import onnx
import onnxruntime
import pytest

from agents.graphs.builder import OPSET, Graph


def run(model, **inputs):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def build(graph, output, dtype, shape):
    return graph.build(output, "out", dtype, shape, graph_name="test", description="A test.")


def test_operators_mean_what_numpy_means():
    graph = Graph()
    x = graph.input("x", np.uint32, ("n",))
    y = ((x << np.uint32(3)) ^ ~x) & (x >> np.uint32(1)) | np.uint32(5)
    model = build(graph, y, np.uint32, ("n",))
    values = np.array([0, 1, 0xDEADBEEF, 2**32 - 1], np.uint32)
    assert (run(model, x=values) == (((values << 3) ^ ~values) & (values >> 1) | 5)).all()


def test_shape_helpers_and_reductions():
    graph = Graph()
    x = graph.input("x", np.float32, ("n", 4))
    part = x.slice(1, 4, axis=1).transpose(1, 0).unsqueeze(0).reshape(3, -1)
    picked = part.take(np.array([2, 0]), axis=0)
    total = picked.sum(0) + x.max(1) - x.min(1) * np.float32(2)
    chosen = graph.where(total.greater(np.float32(0)), total, np.float32(-1))
    model = build(graph, chosen, np.float32, ("n",))
    values = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    expected = values[:, 3] + values[:, 1] + values.max(1) - values.min(1) * np.float32(2)
    assert run(model, x=values) == pytest.approx(np.where(expected > 0, expected, -1))


def test_loop_stops_by_itself_and_at_its_limit():
    for limit, expected in ((100, 64), (3, 8)):
        graph = Graph()
        x = graph.input("x", np.float32, (1,))
        step = x + np.float32(1)
        (doubled,) = graph.loop(
            limit,
            [x],
            [np.float32],
            lambda state, step=step: (
                [state * step],
                (state * step).max(0).less(np.float32(60)),
            ),
        )
        assert run(build(graph, doubled, np.float32, (1,)), x=np.ones(1, np.float32)) == expected


@pytest.mark.parametrize(("values", "expected"), [([3.0, 5.0], 8.0), ([], -1.0)])
def test_a_branch_is_worked_out_only_if_its_condition_holds(values, expected):
    graph = Graph()
    x = graph.input("x", np.float32, ("n",))
    some = graph.op("Shape", x).reshape().greater(np.int64(0))
    # The runtime works out no size beside one of 0.
    total = graph.only_if(some, np.float32, lambda: x.reshape(0, -1).sum(0, 1), np.float32(-1))
    model = build(graph, total, np.float32, ())
    assert run(model, x=np.array(values, np.float32)) == expected


def test_equal_constants_are_stored_once_and_bytes_repeat():
    def model():
        graph = Graph()
        x = graph.input("x", np.float32, ("n",))
        return build(graph, (x + np.float32(2)) * np.float32(2), np.float32, ("n",))

    assert model() == model()
    loaded = onnx.load_from_string(model())
    assert len(loaded.graph.initializer) == 1
    assert [entry.version for entry in loaded.opset_import] == [OPSET]


def test_malformed_graphs_are_refused():
    graph = Graph()
    x = graph.input("x", np.float32, ("n",))
    with pytest.raises(onnx.shape_inference.InferenceError):
        build(graph, x & np.uint32(1), np.float32, ("n",))
