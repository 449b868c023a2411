"""The compiled parts of a ply, beside what they say in NumPy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from web.live_types import TICK_NUMBERS
from web.messages import MAX_GAME_ID
from web.plies import take_actions, tell_plies

GAMES = 12
MOST_PLIES = 9


@settings(deadline=None)  # the loops are compiled
@given(st.integers(0, 2**32 - 1), st.permutations(range(GAMES)), st.integers(0, GAMES))
def test_each_game_plays_its_first_turn_and_its_answer_and_no_other_is_touched(
    seed: int, order: list[int], count: int
):
    draw = np.random.default_rng(seed)
    slots = np.array(order[:count], dtype=np.intp)
    seats = draw.integers(0, 2, GAMES).astype(np.intp)
    headings, queues = draw.integers(0, 4, (2, GAMES, 2)).astype(np.uint8)
    queued = draw.integers(0, 3, GAMES).astype(np.intp)
    answers = draw.integers(0, 4, GAMES).astype(np.uint8)
    answered, late = draw.random((2, GAMES)) < 0.5
    said = draw.integers(0, 3, GAMES).astype(np.intp)
    before = queues.copy(), queued.copy(), answered.copy(), late.copy(), said.copy()
    actions = np.empty((count, 2), dtype=np.uint8)
    take_actions(slots, seats, headings, queues, queued, answers, answered, late, said, actions)
    for row, slot in enumerate(slots):
        own = before[0][slot, 0] if before[1][slot] else headings[slot, seats[slot]]
        assert actions[row, seats[slot]] == own
        assert actions[row, 1 - seats[slot]] == answers[slot]
        left = before[0][slot, 1 : before[1][slot]]
        assert queues[slot, : queued[slot]].tolist() == left.tolist()
        assert not answered[slot]
        assert not late[slot]
        assert said[slot] == 0
    others = np.setdiff1d(np.arange(GAMES), slots)
    for now, then in zip((queues, queued, answered, late, said), before, strict=True):
        assert (now[others] == then[others]).all()


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(GAMES)), st.integers(0, GAMES))
def test_a_ply_is_logged_and_told_of_its_own_game(seed: int, order: list[int], count: int):
    draw = np.random.default_rng(seed)
    slots = np.array(order[:count], dtype=np.intp)
    games = draw.integers(1, MAX_GAME_ID, GAMES)
    plies = draw.integers(1, MOST_PLIES + 1, GAMES).astype(np.int32)
    heads = draw.integers(0, 32, (GAMES, 2, 2)).astype(np.int16)
    headings = draw.integers(0, 4, (GAMES, 2)).astype(np.uint8)
    log = np.full((GAMES, MOST_PLIES, 2), 9, dtype=np.uint8)
    ticks = np.empty((count, TICK_NUMBERS), dtype=np.int64)
    tell_plies(slots, games, plies, heads, headings, log, ticks)
    told = [games[slots], plies[slots], heads[slots].reshape(-1, 4), headings[slots]]
    assert (ticks == np.column_stack(told)).all()
    expected = np.full_like(log, 9)
    expected[slots, plies[slots] - 1] = headings[slots]
    assert (log == expected).all()
