import numpy as np
import pytest

from replays.analysis import analyze
from replays.deep import BLUNDER_CELLS, MOST_CELLS, Judgement, deepen, make_evaluator
from replays.errors import ReplayExportError
from replays.marks import MarkKind
from replays.playback import Playback
from tests.replays.games import duel
from tests.replays.test_analysis import HEADS_MEET, POCKET
from tron_env.ruleset import Ruleset
from tron_env.types import Action, CellKind, Seat


class Table:
    """Judges by a table of plies how far seat 0 is ahead, and takes the rest for even."""

    def __init__(self, cells, action=Action.UP):
        self.cells = cells
        self.action = action
        self.asked = []

    def judge(self, engine, game, seat):
        ply = int(engine.plies[game])
        self.asked.append((ply, seat))
        return Judgement(self.action, self.cells.get(ply, 0) * (1 if seat == 0 else -1))


def deep(replay, evaluator, deeper):
    playback = Playback(replay)
    return deepen(playback, analyze(playback), evaluator, deeper)


# Seat 0 of POCKET goes right until ply 9, up, and is shut in from ply 11 on.
DROP = dict.fromkeys(range(5), 20) | dict.fromkeys(range(5, 11), -80)


def test_a_loss_that_a_deeper_search_confirms_is_a_blunder():
    found = deep(POCKET, Table(DROP), Table(DROP))
    (blunder,) = [mark for mark in found.blunders if mark.ply == 5]
    assert (blunder.kind, blunder.seat, blunder.amount) == (MarkKind.BLUNDER, Seat.FIRST, 100)
    assert blunder.better is Action.UP
    assert found.losses[4].tolist() == [100, 0]


def test_a_loss_that_a_deeper_search_does_not_confirm_is_none():
    deeper = Table({})
    assert [mark for mark in deep(POCKET, Table(DROP), deeper).blunders if mark.ply == 5] == []
    assert (4, 0) in deeper.asked
    assert (5, 0) in deeper.asked


def test_only_what_looks_like_a_blunder_is_searched_deeper():
    even = Table(dict.fromkeys(range(20), 0))
    deeper = Table({})
    deep(HEADS_MEET, even, deeper)
    assert deeper.asked == []


def test_the_move_that_was_played_is_no_blunder():
    played = Table(DROP, action=Action.RIGHT)
    assert [mark for mark in deep(POCKET, played, played).blunders if mark.ply == 5] == []


def test_values_go_up_to_the_proof_of_the_separation():
    found = deep(POCKET, Table(DROP), Table(DROP))
    assert len(found.values) == 12
    assert found.values[11] == -MOST_CELLS
    assert found.values[:6].tolist() == [20, 20, 20, 20, 20, -80]


def test_a_game_decided_in_the_fight_ends_with_its_result():
    found = deep(HEADS_MEET, Table({0: 9, 1: 9}), Table({}))
    assert found.values.tolist() == [9, 9, 0]


def test_a_position_that_both_riders_dread_is_even():
    class Pessimist(Table):
        def judge(self, engine, game, seat):
            return Judgement(self.action, -100 if engine.plies[game] == 5 else 0)

    found = deep(POCKET, Pessimist({}), Pessimist({}))
    assert found.values[:11].tolist() == [0] * 11


def test_evaluators_are_found_by_spec():
    with pytest.raises(ReplayExportError, match="no evaluator is called 'oracle'"):
        make_evaluator("oracle:depth=3")


def test_the_search_finds_a_pocket_a_blunder():
    search, deeper = make_evaluator("minimax:nodes=100"), make_evaluator("minimax:nodes=600")
    found = deep(POCKET, search, deeper)
    blunder = next(mark for mark in found.blunders if mark.ply == 11)
    assert blunder.seat is Seat.FIRST
    assert blunder.amount >= BLUNDER_CELLS
    assert blunder.better is Action.RIGHT
    # The line can be ridden from the position before, own moves and the other's in turn.
    assert blunder.line[0] is blunder.better
    assert len(blunder.line) > 2
    state = Playback(POCKET).state(blunder.ply - 1)
    heads, taken = list(state.heads), state.cells.copy()
    for place, action in enumerate(blunder.line):
        (row, col), (down, right) = heads[place % 2], action.offset
        heads[place % 2] = row + down, col + right
        assert taken[heads[place % 2]] == CellKind.EMPTY
        taken[heads[place % 2]] = CellKind.TRAIL_0


def test_the_deep_pass_repeats_exactly():
    replay = duel(Ruleset(10, 10), 2, "wall-hugger", "voronoi")
    one, other = (
        deep(replay, make_evaluator("minimax:nodes=60"), make_evaluator("minimax:nodes=200"))
        for _ in range(2)
    )
    assert np.array_equal(one.values, other.values)
    assert one.blunders == other.blunders
