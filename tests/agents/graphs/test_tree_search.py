from itertools import accumulate, cycle, takewhile

import numpy as np
import onnx
import onnxruntime
import pytest

from agents.errors import SearchDescriptionError
from agents.graphs import boards, filling, halves, twin
from agents.graphs.builder import Graph
from agents.graphs.description import (
    HOPE_LIMIT,
    HOPE_UNIT,
    LENGTH,
    MAX_WEIGHT,
    REJECTED,
    SHIPPED_SEARCHES,
    WIN,
    Evaluation,
    TreeSearch,
)
from agents.graphs.leaves import Leaves, Riders
from agents.graphs.search import build_search
from agents.onnx_agent import OnnxAgent
from tests.agents.games import SIZES, observed
from tron_env import chambers, lanes, territory
from tron_env.batch import BatchEngine
from tron_env.compiling import kernel
from tron_env.observation import encode_state
from tron_env.ruleset import ARENA
from tron_env.types import Plane

SMALL = TreeSearch(rounds=3, width=3)
OTHERS = [
    TreeSearch(rounds=0, hope=64),
    TreeSearch(rounds=2, width=40, own_regret=2, reply_regret=3, ply_cost=7000, solo_cost=5),
    TreeSearch(rounds=5, width=2, max_plies=2, ply_cost=0, hope=11),
    TreeSearch(rounds=2, width=4, rides=0, evaluation=Evaluation(1, 0, 7, 3, 100, strides=2)),
    TreeSearch(
        rounds=4,
        width=5,
        solo_rounds=1,
        solo_width=2,
        rides=90,
        evaluation=Evaluation(clash=30_000, ahead=9000),
    ),
    TreeSearch(rounds=1, width=20, more_rounds=3, live=250, solo_rounds=3),
    TreeSearch(rounds=2, width=6, evaluation=Evaluation(inner=1200, pinched=800)),
    SHIPPED_SEARCHES["duelist"].search,
]


def logits(description, observations, size):
    return in_batches(description, observations, [size])


def in_batches(description, observations, sizes):
    agent = OnnxAgent(build_search(description), "compiled")
    cuts = takewhile(lambda cut: cut < len(observations), accumulate(cycle(sizes)))
    return np.concatenate([agent.logits(part) for part in np.split(observations, list(cuts))])


@pytest.mark.parametrize("size", [1, 7, 64])
def test_values_equal_the_twin_at_any_batch_size(observations, size):
    some = observations[:: 3 if size == 1 else 1]
    assert (logits(SMALL, some, size) == twin.values(SMALL, some)).all()


@pytest.mark.parametrize("description", OTHERS)
def test_every_description_equals_its_twin(observations, description):
    some = observations[::4]
    assert (logits(description, some, 64) == twin.values(description, some)).all()


def test_the_largest_shipped_search_equals_its_twin(observations):
    some = observations[::16]
    description = SHIPPED_SEARCHES["warden"].search
    assert (logits(description, some, 16) == twin.values(description, some)).all()


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "description",
    [
        *(shipped.search for shipped in SHIPPED_SEARCHES.values() if not shipped.network),
        TreeSearch(rounds=3, width=8),
        TreeSearch(rounds=3, width=8, hope=4, evaluation=Evaluation(inner=1200, pinched=800)),
    ],
)
def test_values_equal_the_twin_on_10000_positions(description, ten_thousand):
    found = in_batches(description, ten_thousand, SIZES)
    assert (found == twin.values(description, ten_thousand)).all()


def measures(observations):
    """Return cells, edges, inner and pinched cells and contact of the compiled leaf evaluation."""
    found = []
    for pick in ("cells", "edges", "inner", "pinched", "contact"):
        graph = Graph()
        planes = boards.observation(graph)
        free = halves.pack(graph, boards.free_plane(graph, planes))
        heads = [
            graph.op("ArgMax", planes.slice(head, head + 1, 1).reshape(0, -1), axis=1, keepdims=0)
            for head in (Plane.OWN_HEAD, Plane.OTHER_HEAD)
        ]
        leaves = Leaves(graph, TreeSearch(evaluation=Evaluation(strides=113, pinched=1)))
        rows = graph.op("NonZero", heads[0].equals(heads[0])).reshape(-1)
        riders = Riders(free=graph.concat([free, free], axis=0), cells=graph.concat(heads, axis=0))
        others = rows + graph.op("Shape", heads[0])
        value = getattr(leaves.measure(riders, rows, others), pick)
        if pick == "contact":
            value = value.unsqueeze(0)
        model = graph.build(
            value.transpose(1, 0).cast(np.float32),
            "measure",
            np.float32,
            ("batch", None),
            graph_name="measure",
            description="",
        )
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"observation": observations})[0].astype(int))
    return found


@kernel
def keep_pinched(area, out):
    board = lanes.load(area)
    lanes.store(chambers.pinched_cells(board) & board, out)


def test_leaves_agree_with_the_territory_kernels(engine, observations):
    seats = np.arange(engine.n) % 2
    cells, edges, inner, pinched, contact = measures(observations)
    reference = territory.territory(engine.cells, engine.heads, engine.causes)
    own_first = np.where(seats[:, None] == 0, reference, reference[:, ::-1])
    assert (cells == own_first).all()
    shape = (32,)
    meetings = 0
    for i in range(engine.n):
        free = np.zeros(shape, np.uint64)
        territory.pack_free(i, engine.cells, free)
        reach = np.zeros((4, 32), np.uint64)
        for rider in range(2):
            row, col = engine.heads[i, rider ^ seats[i]]
            reach[rider, row] = np.uint64(1) << np.uint64(col)
        heads = reach[:2].copy()
        territory.split(free, *reach)
        assert territory.separated(reach[0], reach[1], free) == (contact[i, 0] == 0)
        meetings += contact[i, 0] > 0
        both = reach[0] & reach[1]
        for rider in range(2):
            mine = reach[rider] & ~both & ~heads[rider]
            across = int(np.bitwise_count(mine & (mine << np.uint64(1))).sum())
            down = int(np.bitwise_count(mine[1:] & mine[:-1]).sum())
            assert edges[i, rider] == across + down
            beside = (mine << np.uint64(1)) & (mine >> np.uint64(1))
            within = mine[1:-1] & beside[1:-1] & mine[:-2] & mine[2:]
            assert inner[i, rider] == int(np.bitwise_count(within).sum())
            parting = np.empty(shape, np.uint64)
            keep_pinched(mine, parting)
            assert pinched[i, rider] == int(np.bitwise_count(parting).sum())
    assert 20 < meetings < engine.n - 20


def test_a_lost_rider_counts_the_plies_it_has_left():
    """Seat 0 is in a dead end of one cell, seat 1 in the open: two plies decide."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [0])
    engine.cells[0, 1:-1, 1:-1] = 0
    engine.cells[0, 1, 1], engine.heads[0, 0] = 2, (1, 1)
    engine.cells[0, 2, 1:4] = 2
    engine.cells[0, 1, 4] = 2
    engine.cells[0, 20, 20], engine.heads[0, 1] = 3, (20, 20)
    encode_state(0, engine.cells, engine.heads, engine.causes, engine.planes)
    weights = Evaluation(apart_edge=0)
    search = TreeSearch(rounds=20, width=8, rides=0, evaluation=weights)
    values = twin.values(search, observed(engine, [0]))
    # Two cells against the bound of the open board, each weighed the same.
    assert values[0, 1] < -800 * weights.apart_cell
    assert (np.delete(values[0], 1) == REJECTED).all()
    ridden = twin.values(TreeSearch(rounds=20, width=8), observed(engine, [0]))
    assert ridden[0, 1] // LENGTH == 2
    assert (np.delete(ridden[0], 1) == REJECTED).all()


def test_narrow_positions_are_searched_in_more_rounds(observations):
    plain, never, always = (
        twin.values(TreeSearch(rounds=rounds, width=4, more_rounds=more, live=live), observations)
        for rounds, more, live in ((2, 0, 0), (2, 3, 0), (2, 3, 1_000_000))
    )
    assert (never == plain).all()
    assert (always == twin.values(TreeSearch(rounds=5, width=4), observations)).all()
    some = twin.values(TreeSearch(rounds=2, width=4, more_rounds=3, live=40), observations)
    as_plain, as_always = ((some == other).all(axis=1) for other in (plain, always))
    assert as_plain.any()
    assert as_always.any()
    assert not as_plain.all()


def test_riders_apart_fill_their_room():
    """Both halves of the board are 14 by 30 cells: by colours a path can hold all of them."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [0])
    engine.cells[0, 1:-1, 1:-1] = 0
    engine.cells[0, 1:-1, 15:17] = 2
    for seat, cell in enumerate([(9, 7), (20, 23)]):
        engine.cells[0][cell], engine.heads[0, seat] = 2 + seat, cell
    engine.causes[:] = 0
    encode_state(0, engine.cells, engine.heads, engine.causes, engine.planes)
    search = TreeSearch(rounds=2, width=8)
    plies = 0
    while True:
        values = twin.values(search, observed(engine, [0]))[0]
        if values.max() == REJECTED:
            break
        step = boards.ACTION_OFFSETS[values.argmax()]
        cell = divmod(int(engine.heads[0, 0] @ (32, 1) + step), 32)
        engine.cells[0][cell], engine.heads[0, 0] = 2, cell
        encode_state(0, engine.cells, engine.heads, engine.causes, engine.planes)
        plies += 1
    assert plies >= 0.97 * (14 * 30 - 1)


def test_hope_counts_what_replies_other_than_the_worst_give(engine, observations):
    seats = np.arange(engine.n) % 2
    rows, cols = engine.heads[np.arange(engine.n), 1 - seats].T
    around = ((-1, 0), (0, 1), (1, 0), (0, -1))
    ways = sum((engine.cells[np.arange(engine.n), rows + r, cols + c] == 0) for r, c in around)
    plain, hoped = (
        twin.values(TreeSearch(rounds=0, rides=0, hope=hope), observations)
        for hope in (0, HOPE_UNIT)
    )
    gain = hoped - plain
    assert (gain[ways < 2] == 0).all()
    assert (gain >= 0).all()
    assert 0 < gain.max() <= 2 * HOPE_LIMIT
    assert (gain[ways > 1] > 0).mean() > 0.2


def code(*empty):
    """Return the code of a cell to go to, of which these cells around it are empty."""
    return (filling.CODES >> 1) + sum(1 << filling.RING.index(offset) for offset in empty)


def test_a_pinched_cell_costs_what_the_description_says(engine, observations):
    """Without looking further, values differ by the cost of pinched cells alone."""
    plain, costly = (
        twin.values(TreeSearch(rounds=0, evaluation=Evaluation(pinched=cost)), observations)
        for cost in (0, 100)
    )
    changed = plain != costly
    assert changed.any()
    assert ((plain - costly)[changed] % 100 == 0).all()


def test_riding_goes_along_walls_and_cuts_nothing_off():
    costs = filling.costs()
    open_, along_a_wall = code(*filling.RING), code(-32, -31, 1, 33, 32)
    dead_end = code(-31, 33)
    # Ways on above and to the right, joined by what is empty between them or not.
    joined, cut = code(-32, -31, 1), code(-32, 1)
    ranked = [along_a_wall, open_, cut, dead_end]
    assert sorted(costs[ranked]) == costs[ranked].tolist()
    assert costs[joined] < filling.CUTTING < costs[cut]
    assert (costs[: filling.CODES >> 1] == filling.TAKEN).all()
    most = costs[filling.CODES >> 1 :].max() + filling.ranks(4).max()
    assert most < filling.NO_WAY < filling.TAKEN


def test_styles_of_riding_settle_ties_by_the_turn():
    styles, headings, actions = filling.ranks(4).shape
    assert (styles, headings, actions) == (len(filling.STYLES), 5, 4)
    for style, turns in enumerate(filling.STYLES):
        for heading in range(4):
            by_rank = np.argsort(filling.ranks(4)[style, heading])
            assert by_rank.tolist() == [(heading + turn) % 4 for turn in turns]


def test_missing_heads_give_finite_values(observations):
    agent = OnnxAgent(build_search(SMALL), "compiled")
    some = observations[::40].copy()
    some[:, Plane.OTHER_HEAD] = 0
    alone = agent.logits(some)
    assert np.isfinite(alone).all()
    assert (np.abs(alone) <= -REJECTED).all()
    some[:, Plane.OWN_HEAD] = 0
    assert (agent.logits(some) == REJECTED).all()


def test_every_loop_of_the_graph_has_a_limit():
    model = onnx.load_from_string(build_search(TreeSearch(rounds=5, width=4, max_plies=9)))
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    limits = []

    def visit(graph):
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    limits.append(int(onnx.numpy_helper.to_array(constants[node.input[0]])))
                    visit(attribute.g)

    visit(model.graph)
    flood = Evaluation().strides
    assert sorted(limits)[:-1] == sorted([5, 10, flood, flood, flood, filling.MAX_STRIDES])
    assert len(model.SerializeToString()) < 300_000


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: TreeSearch(rounds=-1), "rounds is -1"),
        (lambda: TreeSearch(width=0), "width is 0"),
        (lambda: TreeSearch(own_regret=5, reply_regret=4), "own_regret \\+ reply_regret is 9"),
        (lambda: TreeSearch(max_plies=99), "max_plies is 99"),
        (lambda: Evaluation(cell=5000), "cell is 5000; allowed are 0 to 3000"),
    ],
)
def test_descriptions_out_of_range_are_refused(make, complaint):
    with pytest.raises(SearchDescriptionError, match=complaint):
        make()


def test_largest_weights_stay_below_a_win():
    assert WIN > (30 * 30 + 2 * 30 * 29 + 28 * 28) * MAX_WEIGHT
