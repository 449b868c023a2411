"""Games that their players left."""

from dataclasses import replace

import numpy as np
import pytest

from replays.format import Ending, encode
from replays.playback import verify
from tests.web.site import SEEDS
from tron_env.types import Action, DeathCause, Outcome, Seat
from web.judging import judged
from web.live_types import FinishedGame, LiveEnding, Opening
from web.tickets import Opponent, Ticket, replay_of

OPPONENT = Opponent("zoo/m", "M", "a model", None, "aa" * 32)
SHUT_IN = "RRRRUUULLLDDR"
"""From (28, 1): round a pocket of four cells and into it, where three plies are left at most."""
STRAIGHT = "L" * len(SHUT_IN)
"""From (3, 30): along a row that is free for longer."""
LETTERS = {action.name[0]: action for action in Action}


def left_game(seat: Seat, plies: int, ending: LiveEnding) -> tuple[Ticket, FinishedGame]:
    """A game that a person left; the first rider shuts itself in."""
    moves = zip(SHUT_IN[:plies], STRAIGHT[:plies], strict=True)
    actions = np.array([[LETTERS[letter] for letter in pair] for pair in moves], dtype=np.uint8)
    opening = Opening(1, SEEDS[0], seat, 10, OPPONENT.sha256)
    alive = (DeathCause.NONE, DeathCause.NONE)
    ticket = Ticket(opening, "client", "p", OPPONENT, "ab" * 16)
    return ticket, FinishedGame(opening, actions, Outcome.ONGOING, alive, ending)


def test_who_leaves_when_shut_in_with_less_room_than_the_model_has_lost():
    ticket, record = left_game(Seat.FIRST, len(SHUT_IN), LiveEnding.ABANDONED)
    counts_as = judged(ticket, record)
    assert (counts_as.ending, counts_as.outcome) == (LiveEnding.CONCEDED, Outcome.SECOND_WINS)
    replay = replay_of(ticket, counts_as)
    assert replay.ending is Ending.FORFEIT
    verify(replay)
    assert encode(replay)


@pytest.mark.parametrize(
    ("seat", "plies", "ending"),
    [
        (Seat.FIRST, len(SHUT_IN) - 1, LiveEnding.ABANDONED),
        (Seat.SECOND, len(SHUT_IN), LiveEnding.ABANDONED),
        (Seat.FIRST, 0, LiveEnding.ABANDONED),
        (Seat.FIRST, len(SHUT_IN), LiveEnding.CLOSED),
        (Seat.FIRST, len(SHUT_IN), LiveEnding.VOID),
    ],
    ids=["not proved yet", "the model is shut in", "not begun", "the site closed", "our fault"],
)
def test_any_other_game_stays_what_it_is(seat: Seat, plies: int, ending: LiveEnding):
    ticket, record = left_game(seat, plies, ending)
    assert judged(ticket, record) is record


def test_only_moves_of_the_game_itself_count_as_begun():
    ticket, record = left_game(Seat.FIRST, len(SHUT_IN), LiveEnding.ABANDONED)
    taken = replace(ticket.opening, prefix=record.actions.tobytes())
    assert judged(replace(ticket, opening=taken), replace(record, opening=taken)).ending is (
        LiveEnding.ABANDONED
    )
