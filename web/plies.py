"""What every ply of live play does for all games of a phase, and what is said between, compiled.

Of so many games NumPy would pick and put some twenty small arrays, which takes several times as
long as playing the ply. And whatever Python does for each of thousands of turns a second, beside so
many boards, finds nothing that it needs in the processor's cache.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env.compiling import kernel
from tron_env.types import BoolArray, Int16Array, Int32Array, IntArray, UInt8Array
from web.echoes import NO_NEWS, take_echo
from web.live_types import MAX_QUEUED_TURNS, Ticks
from web.sayings import ECHO, TURN

MOST_A_PLY: Final = 4
"""Of a client: two turns, an answer to a tick, and one in vain. For the rest it has its allowance
(``web.sockets``), which ``take_sayings`` does not know."""
LEFT: Final = -2
"""A saying that is still to be taken the ordinary way, which refuses it or knows what to do."""

QUEUED, IN_VAIN, FULL = range(3)
"""What becomes of a turn."""


@kernel
def take_actions(
    slots: IntArray,
    seats: IntArray,
    headings: UInt8Array,
    queues: UInt8Array,
    queued: IntArray,
    answers: UInt8Array,
    answered: BoolArray,
    late: BoolArray,
    said: IntArray,
    out_actions: UInt8Array,
) -> None:
    """Take each game's next actions: the person's first turn that waits, the model's answer.

    Args:
        slots: ``(k,)``, of the games.
        seats: ``(n,)``, like all that follows by slot; the persons'.
        headings: ``(n, 2)``, where a person goes on to who has turned no more.
        queues: ``(n, 2)``, the turns that wait, of which the first is taken away.
        queued: ``(n,)``, how many do.
        answers: ``(n,)``, the models' actions.
        answered: ``(n,)``, made False.
        late: ``(n,)``, made False.
        said: ``(n,)``, made 0.
        out_actions: ``(k, 2)``, by seat.
    """
    for row in range(slots.shape[0]):
        slot = slots[row]
        seat = seats[slot]
        if queued[slot] > 0:
            out_actions[row, seat] = queues[slot, 0]
            queues[slot, 0] = queues[slot, 1]
            queued[slot] -= 1
        else:
            out_actions[row, seat] = headings[slot, seat]
        out_actions[row, 1 - seat] = answers[slot]
        answered[slot] = late[slot] = False
        said[slot] = 0


@kernel
def tell_plies(
    slots: IntArray,
    games: NDArray[np.int64],
    plies: Int32Array,
    heads: Int16Array,
    headings: UInt8Array,
    log: UInt8Array,
    out_ticks: Ticks,
) -> None:
    """Write down the ply that was just played: for the record, and for those to be told.

    Args:
        slots: ``(k,)``, of the games.
        games: ``(n,)``, like all that follows by slot; their numbers.
        plies: ``(n,)``, of which there is at least one.
        heads: ``(n, 2, 2)``.
        headings: ``(n, 2)``.
        log: ``(n, most plies, 2)``, gets the headings of the ply.
        out_ticks: ``(k, 8)``, as ``Ticks`` says.
    """
    for row in range(slots.shape[0]):
        slot = slots[row]
        ply = plies[slot]
        out_ticks[row, 0], out_ticks[row, 1] = games[slot], ply
        for seat in range(2):
            out_ticks[row, 2 + 2 * seat] = heads[slot, seat, 0]
            out_ticks[row, 3 + 2 * seat] = heads[slot, seat, 1]
            out_ticks[row, 6 + seat] = log[slot, ply - 1, seat] = headings[slot, seat]


@kernel
def queue_turn(
    slot: int,
    action: int,
    seats: IntArray,
    headings: UInt8Array,
    queues: UInt8Array,
    queued: IntArray,
) -> int:
    """Queue one turn of a game's person; ``QUEUED``, or ``IN_VAIN`` or ``FULL`` and nothing is.

    One that repeats or reverses the direction before it (of the last turn that waits, else the
    present heading) is in vain. Arrays are as ``take_actions`` says.
    """
    waiting = queued[slot]
    before = queues[slot, waiting - 1] if waiting > 0 else headings[slot, seats[slot]]
    if action == before or action == before ^ 2:
        return IN_VAIN
    if waiting == MAX_QUEUED_TURNS:
        return FULL
    queues[slot, waiting] = action
    queued[slot] = waiting + 1
    return QUEUED


@kernel
def take_sayings(
    sayings: NDArray[np.int64],
    slots: NDArray[np.int32],
    games: NDArray[np.int64],
    said: IntArray,
    seats: IntArray,
    headings: UInt8Array,
    queues: UInt8Array,
    queued: IntArray,
    echo_plies: NDArray[np.int64],
    sent_at: NDArray[np.float64],
    latencies: NDArray[np.int64],
    answering: BoolArray,
    now: float,
    out_outcomes: NDArray[np.int64],
) -> None:
    """Take turns and answers to ticks as far as they are in order.

    Args:
        sayings: ``(n, 4)``, as ``web.sayings.read_sayings`` gives them.
        slots: of the games that each of its rows may be about, -1 for none.
        games: by slot, like all that follows; their numbers.
        said: how much was taken since the last ply.
        seats: the persons', and so on to ``queued``: see ``queue_turn``.
        headings: see there.
        queues: see there.
        queued: see there.
        echo_plies: and so on to ``answering``: see ``web.echoes``.
        sent_at: see there.
        latencies: see there.
        answering: see there.
        now: seconds.
        out_outcomes: ``(n,)``, the latency in ms where that is news, ``NO_NEWS``, or ``LEFT`` where
            nothing was done; then all else that its client said after it is left, too.
    """
    left_row = -1
    for number in range(sayings.shape[0]):
        row, saying, game, value = sayings[number]
        slot = slots[row]
        outcome = LEFT
        if row != left_row and slot >= 0 and games[slot] == game and said[slot] < MOST_A_PLY:
            if saying == TURN:
                if queue_turn(slot, value, seats, headings, queues, queued) != FULL:
                    outcome = NO_NEWS
            elif saying == ECHO:
                outcome = take_echo(slot, value, now, echo_plies, sent_at, latencies, answering)
        if outcome == LEFT:
            left_row = row
        else:
            said[slot] += 1
        out_outcomes[number] = outcome
