"""The rules as a table of positions, each one ply before something is decided."""

from itertools import product

import pytest

from tests.boards import advance, board, diagram, masks
from tron_env.types import Action, DeathCause, Outcome

UP, RIGHT, DOWN, LEFT = Action
NONE, WALL, SELF, OPPONENT, HEAD_ON = DeathCause

ONE_APART = """
    #######
    #.>.<.#
    #######
"""
NOSE_TO_NOSE = """
    ########
    #..><..#
    ########
"""
ROOM = """
    #######
    #..a..#
    #..v..#
    #.....#
    #..^..#
    #..b..#
    #######
"""
CORNERED = """
    #######
    #a<aab#
    #aaab.#
    #..b^.#
    #######
"""
TAIL = """
    #######
    #.aa..#
    #.va..#
    #..>..#
    #######
"""

CASES = {
    "both ride on": (
        ROOM,
        (LEFT, RIGHT),
        (NONE, NONE),
        Outcome.ONGOING,
        """
        #######
        #..a..#
        #.<a..#
        #.....#
        #..b>.#
        #..b..#
        #######
        """,
    ),
    "heads that meet on one free cell both die": (
        ROOM,
        (DOWN, UP),
        (HEAD_ON, HEAD_ON),
        Outcome.DRAW,
        """
        #######
        #..a..#
        #..x..#
        #.....#
        #..x..#
        #..b..#
        #######
        """,
    ),
    "swapping cells is two trail deaths": (
        NOSE_TO_NOSE,
        (RIGHT, LEFT),
        (OPPONENT, OPPONENT),
        Outcome.DRAW,
        """
        ########
        #..xx..#
        ########
        """,
    ),
    "the cell a rider leaves is already its trail": (
        TAIL,
        (RIGHT, DOWN),
        (SELF, WALL),
        Outcome.DRAW,
        """
        #######
        #.aa..#
        #.xa..#
        #..x..#
        #######
        """,
    ),
    "following close behind is a trail death": (
        """
        ########
        #a>>...#
        #......#
        ########
        """,
        (RIGHT, RIGHT),
        (OPPONENT, NONE),
        Outcome.SECOND_WINS,
        """
        ########
        #axb>..#
        #......#
        ########
        """,
    ),
    "following close behind one that dies": (
        """
        ########
        #a>>...#
        ########
        """,
        (RIGHT, UP),
        (OPPONENT, WALL),
        Outcome.DRAW,
        """
        ########
        #axx...#
        ########
        """,
    ),
    "one trail cell entered by both kills each in its own way": (
        """
        #######
        #.>a<.#
        #######
        """,
        (RIGHT, LEFT),
        (SELF, OPPONENT),
        Outcome.DRAW,
        """
        #######
        #.xax.#
        #######
        """,
    ),
    "the reverse is played as straight on": (
        ROOM,
        (UP, RIGHT),
        (NONE, NONE),
        Outcome.ONGOING,
        """
        #######
        #..a..#
        #..a..#
        #..v..#
        #..b>.#
        #..b..#
        #######
        """,
    ),
    "a reverse can ride into a head-on": (
        ONE_APART,
        (LEFT, RIGHT),
        (HEAD_ON, HEAD_ON),
        Outcome.DRAW,
        """
        #######
        #.x.x.#
        #######
        """,
    ),
    "one walled in by both trails dies whatever it does": (
        CORNERED,
        (DOWN, RIGHT),
        (SELF, NONE),
        Outcome.SECOND_WINS,
        """
        #######
        #axaab#
        #aaab.#
        #..bb>#
        #######
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_ply(name):
    before, actions, causes, outcome, expected = CASES[name]
    after = advance(board(before), actions)
    assert after.causes == causes
    assert after.outcome is outcome
    assert after.ply == 1
    assert diagram(after).split() == expected.split()


TARGETS = {NONE: ".", WALL: ".", SELF: "a", OPPONENT: "b"}


@pytest.mark.parametrize(("first", "second"), list(product(TARGETS, repeat=2)))
def test_every_pair_of_deaths(first, second):
    theirs = TARGETS[second].translate(str.maketrans("ab", "ba"))
    before = board(f"""
        ###########
        #.a>{TARGETS[first]}.{theirs}<b.#
        ###########
    """)
    actions = (UP if first is WALL else RIGHT, DOWN if second is WALL else LEFT)
    after = advance(before, actions)
    assert after.causes == (first, second)
    assert after.headings == actions
    survivors = (first, second).count(NONE)
    decided = Outcome.SECOND_WINS if second is NONE else Outcome.FIRST_WINS
    assert after.outcome is (Outcome.DRAW, decided, Outcome.ONGOING)[survivors]


@pytest.mark.parametrize("actions", list(product(Action, repeat=2)))
def test_the_limit_cuts_only_games_that_nobody_lost(actions):
    last = board(ROOM, ply=9)
    freely = advance(last, actions)
    after = advance(last, actions, max_plies=10)
    cut = freely.outcome is Outcome.ONGOING
    assert after.outcome is (Outcome.TRUNCATED if cut else freely.outcome)
    assert after.causes == freely.causes
    assert diagram(after) == diagram(freely)


def test_death_on_the_last_ply_decides():
    last = board(ONE_APART, ply=9)
    assert advance(last, (UP, LEFT), max_plies=10).outcome is Outcome.SECOND_WINS
    assert advance(last, (RIGHT, UP), max_plies=10).outcome is Outcome.FIRST_WINS
    assert advance(last, (RIGHT, LEFT), max_plies=10).outcome is Outcome.DRAW


def test_masks_leave_out_reverse_wall_and_trails():
    assert masks(board(ROOM)).tolist() == [[False, True, True, True], [True, True, False, True]]
    assert masks(board(ONE_APART)).tolist() == [[False, True, False, False], [False] * 3 + [True]]
    assert not masks(board(NOSE_TO_NOSE)).any()
    assert masks(board(CORNERED)).tolist() == [[False] * 4, [False, True, False, False]]


def test_the_mask_of_a_dead_rider_is_empty():
    after = advance(board(ROOM), (DOWN, UP))
    assert not masks(after).any()


def test_the_kernel_takes_seats_in_either_order():
    after = advance(board(ONE_APART, swapped=True), (UP, RIGHT))
    assert after.causes == (WALL, NONE)
    assert after.heads == ((1, 4), (1, 3))


def test_diagrams_read_back():
    for text in (ROOM, CORNERED, NOSE_TO_NOSE):
        assert diagram(board(text)).split() == text.split()
