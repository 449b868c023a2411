"""What every ply of live play does for all games of a phase, compiled.

Of so many games NumPy would pick and put some twenty small arrays, which takes several times as
long as playing the ply.
"""

import numpy as np
from numpy.typing import NDArray

from tron_env.compiling import kernel
from tron_env.types import BoolArray, Int16Array, Int32Array, IntArray, UInt8Array
from web.live_types import Ticks


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
