import numpy as np
from hypothesis import given, settings

from replays.playback import Playback
from tests.boards import advance, board
from tests.games import SCRIPTS, SEEDS, plies, rulesets
from tests.replays import slow
from tests.replays.games import play
from tron_env.batch import BatchEngine
from tron_env.regions import Owner, are_separated, reachable_map, territory_map
from tron_env.ruleset import Ruleset
from tron_env.territory import territory
from tron_env.types import Action, CellKind, Seat

MEETING = """
    #######
    #>....#
    #.....#
    #....<#
    #######
"""
APART = """
    #######
    #>.b..#
    #..b..#
    #..b.<#
    #######
"""


def signs(owners):
    return ["".join(".12="[owner] for owner in row) for row in owners[1:-1, 1:-1]]


def test_who_reaches_each_cell_first():
    assert signs(territory_map(board(MEETING))) == [".11=2", "11=22", "1=22."]
    assert signs(territory_map(board(APART))) == [".1.22", "11.22", "11.2."]


def test_owners_are_those_whom_a_walk_over_the_cells_finds_first():
    playback = Playback(play(Ruleset(9, 10), 2, careful=1.0))
    for ply in range(playback.plies + 1):
        state = playback.state(ply)
        drawn = territory_map(state)
        kinds = (Owner.FIRST, Owner.SECOND, Owner.CONTESTED)
        for kind, cells in zip(kinds, slow.territory(state), strict=True):
            assert {tuple(cell) for cell in np.argwhere(drawn == kind).tolist()} == cells


def test_reachable_space_ignores_the_other_rider():
    state = board(MEETING)
    free = state.cells == CellKind.EMPTY
    for seat in Seat:
        np.testing.assert_array_equal(reachable_map(state, seat), free)
    assert reachable_map(board(APART), Seat.FIRST).sum() == 5
    assert reachable_map(board(APART), Seat.SECOND).sum() == 5


def test_riders_are_separated_by_what_neither_can_cross():
    assert not are_separated(board(MEETING))
    assert are_separated(board(APART))


def test_the_dead_reach_nothing():
    state = advance(board(APART), (Action.UP, Action.UP))
    assert not reachable_map(state, Seat.FIRST).any()
    assert not (territory_map(state) == Owner.FIRST).any()


@settings(deadline=None, max_examples=30)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_maps_agree_with_the_counts(ruleset, seed, script):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    for _ in plies(engine, [script]):
        owners = territory_map(engine.state(0))
        counts = territory(engine.cells, engine.heads, engine.causes)[0]
        assert (owners == Owner.FIRST).sum() == counts[0]
        assert (owners == Owner.SECOND).sum() == counts[1]
