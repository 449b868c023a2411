from itertools import accumulate, cycle, takewhile

import numpy as np
import onnx
import pytest

from agents.errors import InvalidModelError, SearchDescriptionError
from agents.graphs import twin
from agents.graphs.boards import observation
from agents.graphs.builder import Graph
from agents.graphs.description import (
    DECIDED,
    PRIOR_FLOOR,
    REJECTED,
    SHIPPED_SEARCHES,
    TreeSearch,
)
from agents.graphs.heuristics import build_voronoi
from agents.graphs.prior import guided
from agents.graphs.search import build_search
from agents.onnx_agent import OnnxAgent
from agents.zoo import shipped_model
from tests.agents.games import SIZES, observed
from tron_env.batch import BatchEngine
from tron_env.observation import encode_state
from tron_env.ruleset import ARENA
from tron_env.types import Plane

WEIGHT = 3000
SEARCH = TreeSearch(rounds=2, width=5, hope=4, prior=WEIGHT)


def network(scale, *, inputs=(5, 32, 32), outputs=4, dtype=np.float32, second=False):
    """Return a linear network; with a ``scale`` of some power of two its sums are exact."""
    graph = Graph()
    planes = graph.input("observations", dtype, ("batch", *inputs))
    if second:
        planes = planes + graph.input("more", dtype, ("batch", *inputs))
    size = int(np.prod(inputs))
    weights = np.random.default_rng(1).integers(-99, 100, (size, outputs)) * scale
    logits = graph.op("MatMul", planes.reshape(-1, size), weights.astype(dtype))
    return graph.build(
        logits, "logits", dtype, ("batch", outputs), graph_name="linear", description=""
    )


EXACT = network(1 / 64)


def built(graph, logits):
    return graph.build(
        logits, "logits", np.float32, ("batch", 4), graph_name="made up", description=""
    )


def counting():
    """Return a network that says of every position how many it is asked of: of each move less."""
    graph = Graph()
    planes = observation(graph)
    asked = graph.op("Shape", planes, start=0, end=1).cast(np.float32).unsqueeze(0)
    nothing = planes.max(1, 2, 3).unsqueeze(1) * np.float32(0)
    return built(graph, nothing - asked * np.arange(4, dtype=np.float32) * np.float32(1 / 64))


def failing_without_positions():
    graph = Graph()
    planes = observation(graph).reshape(0, -1)
    return built(graph, planes.slice(0, 4, axis=1))


@pytest.fixture(scope="module")
def cluttered():
    """An engine with walls strewn over the board: dead ends, and riders shut in or not."""
    engine = BatchEngine(ARENA, 200)
    engine.reset(np.arange(engine.n), np.arange(engine.n))
    strewn = np.random.default_rng(2).random(engine.cells.shape) < 0.35
    engine.cells[(engine.cells == 0) & strewn] = 1
    for i in range(engine.n):
        encode_state(i, engine.cells, engine.heads, engine.causes, engine.planes)
    return engine


@pytest.fixture(scope="module")
def mixed(observations, cluttered):
    """Positions of games and strewn ones, riders apart and not, together."""
    some = np.concatenate([observations[::3], observed(cluttered, np.arange(cluttered.n) % 2)])
    return some[np.random.default_rng(3).permutation(len(some))]


def in_batches(model, observations, *sizes):
    agent = OnnxAgent(model, "compiled")
    cuts = takewhile(lambda cut: cut < len(observations), accumulate(cycle(sizes)))
    return np.concatenate([agent.logits(part) for part in np.split(observations, list(cuts))])


def expected(model, observations, search=SEARCH):
    values, apart = (find(search, observations) for find in (twin.values, twin.apart))
    return guided(search.prior, values, in_batches(model, observations, 64), apart)


def agree(found, reference, weight):
    """Assert that only what is all but equal is decided otherwise; return the share of the rest."""
    near = weight * 1e-4
    assert np.abs(found - reference).max() < near
    best = np.sort(reference, axis=1)[:, -2:]
    clear = best[:, 1] - best[:, 0] > near
    assert (found.argmax(axis=1) == reference.argmax(axis=1))[clear].all()
    return clear.mean()


@pytest.mark.parametrize("sizes", [(1,), (7, 2), (64, 300)])
def test_a_graph_adds_what_the_reference_adds_in_batches_of_any_size(mixed, sizes):
    some = mixed[:: 3 if sizes == (1,) else 1]
    compiled = in_batches(build_search(SEARCH, EXACT), some, *sizes)
    assert (compiled == expected(EXACT, some)).all()


def test_a_trained_network_decides_the_same_in_any_company(mixed):
    """Its sums are rounded, so that values that are all but equal may change places."""
    model = shipped_model("distilled").path.read_bytes()
    some = mixed[::2]
    reference = expected(model, some)
    compiled = build_search(SEARCH, model)
    for sizes in ((1,), (5, 64, 17)):
        assert agree(in_batches(compiled, some, *sizes), reference, WEIGHT) > 0.7


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_sovereign_decides_as_its_parts_on_10000_positions(ten_thousand):
    shipped = SHIPPED_SEARCHES["sovereign"]
    network = shipped_model(shipped.network).path.read_bytes()
    reference = expected(network, ten_thousand, shipped.search)
    found = in_batches(shipped_model("sovereign").path.read_bytes(), ten_thousand, *SIZES)
    assert agree(found, reference, shipped.search.prior) > 0.5


def test_only_open_moves_of_riders_that_can_meet_change_and_by_their_log_probability(cluttered):
    """One position after another, by the rule as it is told."""
    engine = cluttered
    observations = observed(engine, np.arange(engine.n) % 2)
    plain = twin.values(SEARCH, observations)
    apart = twin.apart(SEARCH, observations)
    logits = in_batches(EXACT, observations, 64)
    found = in_batches(build_search(SEARCH, EXACT), observations, 64)
    assert (found[apart] == plain[apart]).all()
    kinds = {"floor": 0, "likeliest": 0, "between": 0, "decided": 0, "refused": 0}
    for i in np.flatnonzero(~apart):
        row, col = engine.heads[i, i % 2]
        steps = ((-1, 0), (0, 1), (1, 0), (0, -1))
        accepted = [engine.cells[i, row + down, col + right] == 0 for down, right in steps]
        for action in range(4):
            gain = float(found[i, action] - plain[i, action])
            if not accepted[action]:
                assert found[i, action] == REJECTED
                kinds["refused"] += 1
            elif abs(plain[i, action]) >= DECIDED:
                assert gain == 0
                kinds["decided"] += 1
            else:
                behind = float(logits[i, action] - logits[i, accepted].max())
                assert abs(gain - WEIGHT * max(behind, -PRIOR_FLOOR)) < 1
                kind = "floor" if behind <= -PRIOR_FLOOR else "between" if behind else "likeliest"
                kinds[kind] += 1
    assert min(kinds.values()) > 5, kinds
    assert 20 < apart.sum() < engine.n - 20


def test_a_prior_decides_among_moves_that_the_search_holds_for_about_equal(observations):
    plain = twin.values(SEARCH, observations)
    guided_values = in_batches(build_search(SEARCH, EXACT), observations, 64)
    changed = plain.argmax(axis=1) != guided_values.argmax(axis=1)
    assert 0.05 < changed.mean() < 0.8


def test_missing_heads_give_finite_values(observations):
    agent = OnnxAgent(build_search(SEARCH, EXACT), "compiled")
    some = observations[::40].copy()
    some[:, Plane.OTHER_HEAD] = 0
    alone = agent.logits(some)
    assert (np.abs(alone) <= -REJECTED).all()
    assert (alone > REJECTED).any()
    some[:, Plane.OWN_HEAD] = 0
    assert (agent.logits(some) == REJECTED).all()


def test_the_network_is_asked_once_outside_of_every_loop():
    model = onnx.load_from_string(build_search(SEARCH, EXACT))
    (asking,) = (node for node in model.graph.node if node.op_type == "If")
    (branch,) = (entry.g for entry in asking.attribute if entry.name == "then_branch")
    names = {tensor.name for tensor in branch.initializer if tensor.dims == [5120, 4]}
    users = [node for node in branch.node if names & set(node.input)]
    assert [node.op_type for node in users] == ["MatMul"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_network_is_asked_of_those_that_can_meet_alone(mixed, size):
    apart = twin.apart(SEARCH, mixed)
    cuts = range(size, len(mixed), size)
    meeting = np.concatenate([np.full(len(part), (~part).sum()) for part in np.split(apart, cuts)])
    logits = -meeting[:, np.newaxis] * np.arange(4, dtype=np.float32) / 64
    plain = twin.values(SEARCH, mixed)
    reference = guided(WEIGHT, plain, logits.astype(np.float32), apart)
    assert (in_batches(build_search(SEARCH, counting()), mixed, size) == reference).all()
    assert (reference != plain)[~apart].any()


def test_a_network_may_have_loops_of_its_own(mixed):
    model = build_voronoi()
    assert (in_batches(build_search(SEARCH, model), mixed, 64) == expected(model, mixed)).all()


def test_a_network_is_not_asked_of_nothing(mixed):
    model = failing_without_positions()
    with pytest.raises(InvalidModelError, match="Reshape"):
        OnnxAgent(model, "alone").logits(mixed[:0])
    apart = mixed[twin.apart(SEARCH, mixed)]
    found = in_batches(build_search(SEARCH, model), apart, 1, 40)
    assert (found == twin.values(SEARCH, apart)).all()


def test_equal_parts_give_equal_bytes():
    assert build_search(SEARCH, EXACT) == build_search(SEARCH, network(1 / 64))


@pytest.mark.parametrize(
    ("description", "model", "complaint"),
    [
        (SEARCH, None, "prior is 3000, of no network"),
        (TreeSearch(), EXACT, "a network is given, but prior, its weight, is 0"),
    ],
)
def test_a_weight_and_a_network_come_together(description, model, complaint):
    with pytest.raises(SearchDescriptionError, match=complaint):
        build_search(description, model)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (network(1, outputs=6), r"gives float32 \(batch, 6\); expected is float32 \(batch, 4\)"),
        (network(1, inputs=(3, 32, 32)), r"takes float32 \(batch, 3, 32, 32\); expected is .* 5"),
        (network(1, dtype=np.float64), r"takes double \(batch, 5, 32, 32\)"),
        (network(1, second=True), r"takes float32 .* and float32 .*; expected"),
    ],
)
def test_another_kind_of_network_is_refused(model, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        build_search(SEARCH, model)
