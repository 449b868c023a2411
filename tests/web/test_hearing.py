"""Turns and answers to ticks that are taken all at once, beside the rules told one by one."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tron_env.ruleset import ARENA
from tron_env.types import Seat
from web.echoes import NO_NEWS, Echoes
from web.errors import RefusedError
from web.live import LiveGames
from web.live_types import DEFAULT_COUNTDOWN_SLOTS, MAX_QUEUED_TURNS, Opening
from web.plies import LEFT, MOST_A_PLY
from web.sayings import ECHO, NOTHING, TURN, UNREAD

SPEED = 10
GAMES = (11, 12)
"""On slots 0 and 1; of the rows of sayings, the first is of the one's client, the second of the
other's, the third of somebody who rides nothing."""
SLOTS = np.array([0, 1, -1], dtype=np.int32)
SAYINGS = st.tuples(
    st.integers(0, 2),
    st.sampled_from([TURN, TURN, TURN, ECHO, ECHO, UNREAD, NOTHING]),
    st.sampled_from([*GAMES, 13]),
)
VALUES = st.sampled_from([SPEED - 1, SPEED]), st.integers(0, 3)
"""Plies, and actions."""


@dataclass
class Rider:
    """What is to come of what one client says."""

    heading: int
    turns: list[int] = field(default_factory=list)
    waits_for: int = SPEED
    said: int = 0

    def hear(self, saying: int, value: int) -> int:
        if self.said == MOST_A_PLY or saying not in (TURN, ECHO):
            return LEFT
        outcome = NO_NEWS
        if saying == TURN:
            before = self.turns[-1] if self.turns else self.heading
            if value % 2 != before % 2:
                if len(self.turns) == MAX_QUEUED_TURNS:
                    return LEFT
                self.turns.append(value)
        elif value == self.waits_for:
            self.waits_for, outcome = 0, 250
        self.said += 1
        return outcome


def opened() -> LiveGames:
    games = LiveGames(ARENA, 2)
    for number, game in enumerate(GAMES):
        games.open(Opening(game, number, Seat(number), SPEED, "m"))
    return games


def waiting(plies: int) -> Echoes:
    """Return what waits for an answer to that tick of both games."""
    echoes = Echoes(2)
    for slot in range(2):
        echoes.begin(slot, SPEED)
    echoes.wait(np.arange(2), np.full(2, plies), now=1.0)
    return echoes


@given(st.data())
def test_each_saying_does_what_it_does_alone_and_what_is_not_in_order_is_left_with_all_behind_it(
    data: st.DataObject,
):
    games, echoes = opened(), waiting(SPEED)
    riders = [Rider(int(games.engine.headings[slot, slot])) for slot in range(2)]
    for _ in range(data.draw(st.integers(1, 3))):
        rows = sorted(
            data.draw(st.lists(SAYINGS, min_size=1, max_size=8)), key=lambda each: each[0]
        )
        sayings = [
            (
                *each,
                data.draw(st.integers(0, 3) if each[1] == TURN else st.sampled_from([9, SPEED])),
            )
            for each in rows
        ]
        expected: list[int] = []
        behind: set[int] = set()
        for row, saying, game, value in sayings:
            mine = row < 2 and row not in behind and game == GAMES[row]
            expected.append(riders[row].hear(saying, value) if mine else LEFT)
            if expected[-1] == LEFT:
                behind.add(row)
        heard = games.hear(np.array(sayings, dtype=np.int64), SLOTS, echoes, now=1.25)
        assert heard.tolist() == expected
        for slot, rider in enumerate(riders):
            queued = int(games._queued[slot])
            assert games._queues[slot, :queued].tolist() == rider.turns


def test_after_a_ply_as_much_is_taken_again():
    games, echoes = opened(), waiting(SPEED)
    in_vain = np.array(
        [[0, TURN, GAMES[0], int(games.engine.headings[0, 0])]] * (MOST_A_PLY + 1), dtype=np.int64
    )
    taken = [NO_NEWS] * MOST_A_PLY
    assert games.hear(in_vain, SLOTS, echoes, 2.0).tolist() == [*taken, LEFT]
    assert games.hear(in_vain, SLOTS, echoes, 2.0).tolist() == [LEFT] * (MOST_A_PLY + 1)
    for slot in range(2 * DEFAULT_COUNTDOWN_SLOTS):
        beat = games.beat(slot)
        if GAMES[0] in beat.ticks[:, 0]:
            break
        for ask in beat.asks:
            games.answer(ask, games.engine.headings[ask.slots, ask.seats])
    assert games.hear(in_vain, SLOTS, echoes, 2.0).tolist() == [*taken, LEFT]


def test_a_game_that_is_over_hears_nothing():
    games, echoes = opened(), waiting(SPEED)
    games.leave(GAMES[0])
    over = np.array([[0, ECHO, GAMES[0], SPEED], [0, TURN, 0, 1]], dtype=np.int64)
    assert games.hear(over, SLOTS, echoes, 2.0).tolist() == [LEFT, LEFT]
    assert GAMES[0] not in games
    with pytest.raises(RefusedError):
        games.slot(GAMES[0])
