import numpy as np
import pytest

from agents.decisions import FillDecision
from agents.evaluation import CHAMBERS, Weights, evaluate
from agents.heuristic import make_voronoi
from agents.search import Limit, Minimax, make_minimax
from agents.search_nodes import PROVEN, WIN
from tests.agents.games import play
from tests.agents.test_heuristic import advanced, board
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.chambers import new_numbers
from tron_env.errors import AgentSpecError
from tron_env.ruleset import ARENA, Ruleset
from tron_env.types import Action, CellKind

SMALL = Ruleset(height=10, width=9)
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
BUDGETS = ["", "depth=1", "depth=3", "nodes=1", "nodes=200"]


def rows(cells):
    """Pack a set of (row, col) into a board."""
    out = np.zeros(SMALL.height, np.uint32)
    for row, col in cells:
        out[row] |= np.uint32(1 << col)
    return out


def targets(free, cell):
    return [
        (action, (cell[0] + row, cell[1] + col))
        for action, (row, col) in enumerate(STEPS)
        if (cell[0] + row, cell[1] + col) in free
    ]


COARSE = Weights(cell=0, edge=0, inner=0, plain=1, apart=1, ahead=0, drawn=0, clash=0)
"""Many positions are worth the same, so that windows close on the very value they look for."""


def leaf(free, own, other, other_to_move, weights=CHAMBERS):
    return evaluate(rows(free), *own, *other, other_to_move, weights.array(), new_numbers())


def plain_minimax(free, own, other, depth, weights=CHAMBERS, level=0):
    """The value of a position for the first rider, by recursion without pruning."""
    options = []
    for _, cell in targets(free, own):
        if depth == level + 1:
            options.append(leaf(free - {cell}, cell, other, True, weights))
        else:
            options.append(
                min(
                    answer_value(free, cell, target, depth, weights, level)
                    for _, target in targets(free, other)
                )
            )
    return max(options)


def answer_value(free, own, other, depth, weights, level):
    if own == other:
        return weights.clash
    left = free - {own, other}
    lives = bool(targets(left, own)), bool(targets(left, other))
    if not all(lives):
        if lives[0] == lives[1]:
            return weights.drawn
        return (WIN - level - 2) * (1 if lives[0] else -1)
    if depth == level + 2 or not reached(left, own) & reached(left, other):
        return leaf(left, own, other, False, weights)
    return plain_minimax(left, own, other, depth, weights, level + 2)


def reached(free, cell):
    seen, queue = set(), [cell]
    while queue:
        for _, target in targets(free, queue.pop()):
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


def meeting(engine, game):
    """The free cells, and whether both riders can reach one of them."""
    free = set(zip(*map(np.ndarray.tolist, np.nonzero(engine.cells[game] == 0)), strict=True))
    heads = [tuple(head.tolist()) for head in engine.heads[game]]
    return free, bool(reached(free, heads[0]) & reached(free, heads[1]))


@pytest.mark.parametrize("table_bits", [18, 0])
@pytest.mark.parametrize("weights", [CHAMBERS, COARSE], ids=["chambers", "coarse"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_alpha_beta_finds_the_value_of_plain_minimax(depth, weights, table_bits):
    checked = proven = 0
    agent = Minimax(Limit.DEPTH, depth, weights, table_bits=table_bits)
    for plies, seed in ((2, 200), (7, 700), (12, 4200)):
        engine = advanced(SMALL, 12, plies, seed=seed)
        for game in np.flatnonzero(engine.outcomes == 0):
            for seat in range(2):
                free, contested = meeting(engine, game)
                if not contested or engine.masks[game, seat].sum() < 2:
                    continue
                own, other = (tuple(engine.heads[game, s].tolist()) for s in (seat, 1 - seat))
                value = plain_minimax(free, own, other, depth, weights)
                thought = agent.think(engine, int(game), seat)
                if abs(value) >= PROVEN:
                    proven += 1
                    # An iteration before may have proven it with another distance to the end.
                    assert np.sign(thought.value) == np.sign(value)
                else:
                    assert thought.value == value
                    assert thought.line[0] == thought.action
                checked += 1
    assert checked > 8
    assert proven > 0 or depth < 4


def test_the_table_does_not_change_the_value():
    engine = advanced(Ruleset(height=14, width=14), 8, 4)
    for depth in (5, 8):
        large, none = (Minimax(Limit.DEPTH, depth, table_bits=bits) for bits in (18, 0))
        thoughts = [
            (large.think(engine, int(game), 0), none.think(engine, int(game), 0))
            for game in np.flatnonzero(engine.outcomes == 0)
        ]
        assert [a.value for a, _ in thoughts] == [b.value for _, b in thoughts]
        assert sum(a.nodes for a, _ in thoughts) < sum(b.nodes for _, b in thoughts)


def test_the_line_is_played_to_the_value():
    """The principal variation leads to a position of the value found."""
    depth = 4
    agent = Minimax(Limit.DEPTH, depth, table_bits=0)
    engine = advanced(SMALL, 6, 4)
    found = 0
    for game in np.flatnonzero(engine.outcomes == 0):
        thought = agent.think(engine, int(game), 0)
        if thought.alone or abs(thought.value) >= PROVEN or len(thought.line) < depth:
            continue
        free, _ = meeting(engine, game)
        heads = [tuple(head.tolist()) for head in engine.heads[game]]
        for k, action in enumerate(thought.line):
            heads[k % 2] = dict(targets(free, heads[k % 2]))[action]
            if k % 2:
                free -= set(heads)
        assert leaf(free, *heads, False) == thought.value
        found += 1
    assert found > 1


def longest_path(free, cell):
    return max(
        (1 + longest_path(free - {target}, target) for _, target in targets(free, cell)), default=0
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_rider_alone_takes_a_longest_path(seed):
    rng = np.random.default_rng(seed)
    free = {(r, c) for r in range(1, 6) for c in range(1, 6) if rng.random() < 0.75}
    cell = (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    expected = longest_path(free - {cell}, cell)
    engine = BatchEngine(SMALL, 1)
    engine.reset([0], [seed])
    # The other rider is in a room of its own.
    engine.cells[0, 1:-1, 1:-1] = CellKind.TRAIL_1
    engine.cells[0, 7:9, 7] = CellKind.EMPTY
    for row, col in free - {cell}:
        engine.cells[0, row, col] = CellKind.EMPTY
    engine.heads[0] = cell, (6, 7)
    search = FillDecision()
    search.place(engine, 0, 0)
    before = search._free.copy()
    while not search.resume(search.most_depth, search.nodes + 7):
        assert search.bound >= expected
    thought = search.thought(Action.UP, 0)
    assert (thought.value, len(thought.line)) == (expected, expected)
    for action in thought.line:
        free -= {cell}
        cell = dict(targets(free, cell))[action]
    search.place(engine, 0, 0)
    assert (search._free == before).all()


def test_an_interrupted_search_ends_like_an_uninterrupted_one():
    engine = advanced(ARENA, 1, 5)
    results = []
    for chunk in (1, 10, 10**9):
        agent = Minimax(Limit.DEPTH, 6)
        search = agent._joint
        assert search.place(engine, 0, 0)
        before = search._free.copy()
        for depth in (2, 4, 6):
            search.begin()
            while not search.resume(depth, search.nodes + chunk):
                pass
            search.keep()
            assert (search._free == before).all()
        results.append((search.thought(Action.UP, 6), search.nodes))
    assert results[0] == results[1] == results[2]


def test_separated_riders_fill_their_room_instead_of_closing_it():
    engine = board(
        "......x",
        "......x",
        "......x",
        "ooo.oox",
        "..o.o.x",
        "....o.x",
        heads=((6, 3), (6, 7)),
    )
    engine.cells[0, 6, 3] = 2
    # LEFT leads into two cells, RIGHT and up into the large room.
    thought = make_minimax("depth=2").think(engine, 0, 0)
    assert thought.action is Action.RIGHT
    assert thought.value >= 18


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("ruleset", [ARENA, SMALL])
def test_minimax_plays_accepted_actions_from_the_position_alone(budget, ruleset):
    agent = make_minimax(budget)
    for plies in (3, 25):
        engine = advanced(ruleset, 16, plies)
        games = np.flatnonzero(engine.outcomes == 0)
        for seat in range(2):
            seats = np.full(games.size, seat)
            actions = agent.act(engine, games, seats)
            masks = engine.masks[games, seats]
            stuck = ~masks.any(axis=1)
            assert (masks[np.arange(games.size), actions] | stuck).all()
            assert (actions[stuck] == engine.headings[games, seats][stuck]).all()
            assert (agent.act(engine, games[::-1], seats)[::-1] == actions).all()


class CountingClock:
    """A clock that every look moves on by one millisecond."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.looks / 1000


@pytest.mark.parametrize("plies", [2, 10])
def test_time_is_looked_at_often_and_kept(plies):
    engine = advanced(ARENA, 1, plies)
    clock = CountingClock()
    thought = Minimax(Limit.MS, 40, clock=clock).think(engine, 0, 0)
    assert 38 <= clock.looks <= 42
    assert thought.nodes > 1000
    assert thought.depth >= 4


def test_a_win_known_from_the_move_before_is_as_much_nearer():
    """What the table kept counts from the position at hand, not from where it was searched."""
    found = 0
    for seed in (160, 200, 280, 560, 760):
        for game, seat in np.ndindex(12, 2):
            engine = advanced(SMALL, 12, 8, seed=seed)
            if engine.outcomes[game] != 0:
                continue
            agent = Minimax(Limit.MS, 1000, clock=lambda: 0.0)
            thought = agent.think(engine, game, seat)
            if thought.alone or thought.value < PROVEN:
                continue
            actions = np.zeros((12, 2), np.uint8)
            actions[game, [seat, 1 - seat]] = thought.line[:2]
            engine.step(actions)
            if engine.outcomes[game] == 0 and engine.masks[game, seat].sum() > 1:
                assert agent.think(engine, game, seat).value == thought.value + 2
                found += 1
    assert found > 3


def test_nodes_are_kept():
    engine = advanced(ARENA, 8, 10)
    for game in np.flatnonzero(engine.outcomes == 0):
        few, many = (
            Minimax(Limit.NODES, amount).think(engine, int(game), 0) for amount in (50, 5000)
        )
        assert few.nodes <= 50
        assert many.nodes <= 5000
        assert many.depth >= few.depth


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("", "minimax:depth=4"),
        ("nodes=50", "minimax:nodes=50"),
        ("depth=4,eval=voronoi", "minimax:depth=4,eval=voronoi"),
        ("ms=100,clock=cpu", "minimax:ms=100,clock=cpu"),
    ],
)
def test_a_search_is_called_what_distinguishes_it(argument, name):
    assert make_minimax(argument).name == name


def test_deeper_search_wins():
    assert (
        play(make_minimax("depth=5"), make_voronoi(""), 10, ruleset=Ruleset(height=20, width=20))[0]
        > 0.65
    )


@pytest.mark.parametrize(
    "spec",
    [
        "minimax:4",
        "minimax:depth=",
        "minimax:depth=,eval=voronoi",
        "minimax:eval=",
        "minimax:ms=5,clock=sun",
        "minimax:depth=four",
        "minimax:depth=0",
        "minimax:depth=61",
        "minimax:ms=1.5",
        "minimax:ms=-3",
        "minimax:nodes=1000000000000",
        "minimax:depth=2,ms=5",
        "minimax:plies=3",
    ],
)
def test_nonsense_budgets_are_named(spec):
    with pytest.raises(AgentSpecError, match="minimax"):
        make_agent(spec)
