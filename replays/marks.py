"""The turning points of a game, found in the counts of its territory pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from replays.filling import fill_limits
from replays.playback import Playback
from replays.survey import Survey
from tron_env.types import Action, DeathCause, Int32Array, IntArray, Outcome, Seat

CONTACT_CELLS: Final = 2
FACE_OFF_CELLS: Final = 4
CUT_OFF_PLIES: Final = 4
"""An even number: the parity of plies moves cells to and fro between the riders."""
CUT_OFF_SHARE: Final = 0.08
"""Of all territory, that a cut-off moves at least, beside ``CUT_OFF_CELLS``."""
CUT_OFF_CELLS: Final = 20
ATTRITION_PLIES: Final = 25
TRAP_PLIES: Final = 12
"""Room given up that is worth a mark, beside ``TRAP_SHARE`` of it."""
TRAP_SHARE: Final = 0.15
TRAP_CELLS: Final = 20
"""The same before the separation, in cells within reach, where half of the rider's own territory
must be given up."""


class MarkKind(StrEnum):
    """What a mark marks."""

    OPENING = "opening"
    """The first turn: ``seat`` leaves the line of its start, None where both do at once."""
    FIRST_CONTACT = "first_contact"
    """A head is within two cells of the other's trail for the first time."""
    FACE_OFF = "face_off"
    """The heads come within ``marks.FACE_OFF_CELLS`` for the first time, and from here no closer;
    ``amount`` is how many cells they are apart."""
    CUT_OFF = "cut_off"
    """``seat`` has gained most territory within a few plies, for good; ``amount`` is by how many
    cells its lead has grown."""
    SEPARATION = "separation"
    """The riders can never meet again; ``pair`` is the cells within each one's reach."""
    ATTRITION = "war_of_attrition"
    """Both fill their halves from here; ``amount`` is for how many plies."""
    HEAD_ON_GAMBLE = "head_on_gamble"
    """``seat`` took a cell that the other could take at the same ply, and had another way."""
    SELF_TRAP = "self_trap"
    """``seat`` gave up room of its own: ``pair`` is what it kept and what ``better`` would have
    kept; plies once separated, where both are proved, else cells within reach."""
    DECIDED = "decided"
    """From here on ``seat`` had lost against best play (None: a draw was all that was left);
    ``pair`` is the most plies the loser could make and the fewest that the winner could."""
    MISSED_WIN = "missed_win"
    """``seat`` had a proved win and gave it away with the move that led here."""
    MISSED_DRAW = "missed_draw"
    """``seat`` had a proved draw and gave it away with the move that led here."""
    BLUNDER = "blunder"
    """Only from the deep pass: ``seat`` moved ``amount`` points worse than by ``better``."""
    END = "end"
    """The game is over; ``seat`` is who died alone, if anybody, and ``amount`` the free cells
    that it could still have reached."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A ply worth looking at. A move belongs to the ply that it leads to."""

    ply: int
    kind: MarkKind
    seat: Seat | None = None
    pair: tuple[int, int] | None = None
    """By seat for ``SEPARATION``, else as ``MarkKind`` says."""
    amount: int | None = None
    better: Action | None = None
    """What would have been better than the move that led here."""
    line: tuple[Action, ...] = ()
    """How it would have gone on, from ``better`` on: own moves and the other's answers in turn, as
    far as the deep pass told."""


def find_marks(
    playback: Playback,
    counted: Survey,
    forced: tuple[Outcome | None, ...],
    decided: int | None,
) -> tuple[Mark, ...]:
    """Return all marks of the territory pass, by ply."""
    found = [
        *_opening(playback),
        *_contact(playback, counted),
        *_face_off(playback, counted),
        *_cut_off(playback, counted),
        *_separation(playback, counted),
        *_gambles(playback, counted),
        *_traps(playback, counted),
        *_verdicts(playback, counted, forced, decided),
        _end(playback, counted),
    ]
    order = list(MarkKind)
    return tuple(sorted(found, key=lambda mark: (mark.ply, order.index(mark.kind))))


def leads(counted: Survey) -> Int32Array:
    """Return int32 ``(n,)``: by how many cells seat 0 leads at each ply."""
    return np.asarray(counted.territory[:, 0] - counted.territory[:, 1], dtype=np.int32)


def fight_end(playback: Playback, counted: Survey) -> int:
    """Return the last ply at which the riders could still meet: the separation, or the end."""
    if counted.separation is not None:
        return counted.separation
    return max(0, playback.plies - 1)


def distances(playback: Playback) -> IntArray:
    """Return ``(n,)``: Manhattan distance in cells between the heads at each ply."""
    heads = playback.heads.astype(np.intp)
    return np.asarray(np.abs(heads[:, 0] - heads[:, 1]).sum(axis=1), dtype=np.intp)


def _opening(playback: Playback) -> Iterator[Mark]:
    turned = playback.replay.actions != np.array(playback.replay.headings)
    plies = np.flatnonzero(turned.any(axis=1))
    if plies.size:
        ply = int(plies[0])
        seats = [seat for seat in Seat if turned[ply, seat]]
        yield Mark(ply + 1, MarkKind.OPENING, seats[0] if len(seats) == 1 else None)


def _contact(playback: Playback, counted: Survey) -> Iterator[Mark]:
    heads = playback.heads.astype(np.intp)
    for ply in range(fight_end(playback, counted) + 1):
        for seat in Seat:
            trail = heads[: ply + 1, seat.other]
            if np.abs(trail - heads[ply, seat]).sum(axis=1).min() <= CONTACT_CELLS:
                yield Mark(ply, MarkKind.FIRST_CONTACT, seat)
                return


def _face_off(playback: Playback, counted: Survey) -> Iterator[Mark]:
    apart = distances(playback)[: fight_end(playback, counted) + 1]
    ply = int(apart.argmin())
    # A start nose to nose is none of the riders' doing.
    if ply > 0 and apart[ply] <= FACE_OFF_CELLS:
        yield Mark(ply, MarkKind.FACE_OFF, amount=int(apart[ply]))


def _cut_off(playback: Playback, counted: Survey) -> Iterator[Mark]:
    end = fight_end(playback, counted)
    if end < CUT_OFF_PLIES:
        return
    lead = leads(counted)[: end + 1]
    gains = lead[CUT_OFF_PLIES:] - lead[:-CUT_OFF_PLIES]
    total = counted.territory[CUT_OFF_PLIES : end + 1].sum(axis=1)
    # Without a separation the end must show for a while that the gain was for good.
    last = end if counted.separation is not None else end - CUT_OFF_PLIES
    best: Mark | None = None
    for ply, gain in enumerate(gains.tolist(), start=CUT_OFF_PLIES):
        if ply > last:
            break
        seat = Seat.FIRST if gain > 0 else Seat.SECOND
        sign = 1 if gain > 0 else -1
        enough = max(CUT_OFF_CELLS, CUT_OFF_SHARE * int(total[ply - CUT_OFF_PLIES]))
        held = (sign * lead[ply:]).min()
        if abs(gain) < enough or held < sign * lead[ply] / 2 or sign * lead[ply] < CUT_OFF_CELLS:
            continue
        if best is None or abs(gain) > (best.amount or 0):
            best = Mark(ply, MarkKind.CUT_OFF, seat, amount=abs(gain))
    if best is not None:
        yield best


def _separation(playback: Playback, counted: Survey) -> Iterator[Mark]:
    ply = counted.separation
    if ply is None:
        return
    first, second = counted.reach[ply].tolist()
    yield Mark(ply, MarkKind.SEPARATION, pair=(first, second))
    if playback.plies - ply >= ATTRITION_PLIES:
        yield Mark(ply, MarkKind.ATTRITION, amount=playback.plies - ply)


def _gambles(playback: Playback, counted: Survey) -> Iterator[Mark]:
    """Yield the first gamble of each run of them."""
    near = distances(playback) == 2
    before: set[Seat] = set()
    for ply in np.flatnonzero(near[: playback.plies]).tolist():
        targets = [_targets(playback, counted, ply, seat) for seat in Seat]
        gamblers = set()
        for seat in Seat:
            chosen = targets[seat].get(Action(playback.replay.actions[ply, seat]))
            others = set(targets[seat.other].values())
            if chosen in others and not others.issuperset(targets[seat].values()):
                gamblers.add(seat)
        for seat in sorted(gamblers - before):
            yield Mark(ply + 1, MarkKind.HEAD_ON_GAMBLE, seat)
        before = gamblers


def _targets(
    playback: Playback, counted: Survey, ply: int, seat: Seat
) -> dict[Action, tuple[int, int]]:
    """Return where a rider can go, by action."""
    row, col = playback.heads[ply, seat].tolist()
    return {
        action: (row + action.offset[0], col + action.offset[1])
        for action in Action
        if counted.ways[ply, seat, action] > 0
    }


def _traps(playback: Playback, counted: Survey) -> Iterator[Mark]:
    """Yield for each rider the one move that gave up most room, if any gave up much."""
    for seat in Seat:
        separated = _wasted_room(playback, counted, seat)
        if separated is not None:
            yield separated
            continue
        pocket = _pocket(playback, counted, seat)
        if pocket is not None:
            yield pocket


def _wasted_room(playback: Playback, counted: Survey, seat: Seat) -> Mark | None:
    """Return the move after the separation that provably gave up most plies."""
    if counted.separation is None:
        return None
    last = playback.plies - (playback.replay.causes[seat] is not DeathCause.NONE)
    low = counted.room_low[counted.separation : last, seat]
    high = counted.room_high[counted.separation + 1 : last + 1, seat]
    if not low.size:
        return None
    wasted = low - 1 - high
    place = int(wasted.argmax())
    if wasted[place] < max(TRAP_PLIES, TRAP_SHARE * float(low[place])):
        return None
    ply = counted.separation + place
    state = playback.state(ply)
    length, _, path = fill_limits(state.cells, state.heads[seat])
    kept, possible = int(high[place]), max(int(low[place]), length) - 1
    better = Action(path[0]) if path and path[0] != playback.replay.actions[ply, seat] else None
    return Mark(ply + 1, MarkKind.SELF_TRAP, seat, pair=(kept, possible), better=better)


def _pocket(playback: Playback, counted: Survey, seat: Seat) -> Mark | None:
    """Return a dead rider's move into the smaller part of a split board, before the separation.

    The part that it left must have been within its territory.
    """
    if playback.replay.causes[seat] is DeathCause.NONE:
        return None
    best: Mark | None = None
    for ply in range(fight_end(playback, counted)):
        ways = counted.ways[ply, seat]
        kept = int(ways[playback.replay.actions[ply, seat]])
        better = int(ways.argmax())
        open_cells = int(ways[better])
        given_up = open_cells - kept
        # What the other rider reaches first was not this one's to give up.
        own = min(open_cells, int(counted.territory[ply, seat]))
        if kept < 0 or given_up < TRAP_CELLS or 2 * kept > own:
            continue
        if best is None or best.pair is None or given_up > best.pair[1] - best.pair[0]:
            best = Mark(
                ply + 1, MarkKind.SELF_TRAP, seat, pair=(kept, open_cells), better=Action(better)
            )
    return best


def _verdicts(
    playback: Playback,
    counted: Survey,
    forced: tuple[Outcome | None, ...],
    decided: int | None,
) -> Iterator[Mark]:
    """Yield from when on the result was proved, and where a proved one was given away."""
    if decided is not None:
        winner = playback.replay.outcome.winner
        low, high = counted.room_low[decided].tolist(), counted.room_high[decided].tolist()
        loser = None if winner is None else winner.other
        pair = (high[0], low[1]) if winner is None else (high[winner.other], low[winner])
        yield Mark(decided, MarkKind.DECIDED, loser, pair=pair)
    known: tuple[int, Outcome] | None = None
    for ply, outcome in enumerate(forced):
        if outcome is None:
            continue
        if known is not None and outcome is not known[1]:
            yield from _given_away(counted, known, (ply, outcome))
        known = (ply, outcome)


def _given_away(
    counted: Survey, before: tuple[int, Outcome], after: tuple[int, Outcome]
) -> Iterator[Mark]:
    (from_ply, had), (to_ply, got) = before, after
    if had.winner is not None:
        seat, kind = had.winner, MarkKind.MISSED_WIN
    elif got.winner is not None:
        seat, kind = got.winner.other, MarkKind.MISSED_DRAW
    else:
        return
    high = counted.room_high[from_ply : to_ply + 1, seat]
    ply = from_ply + 1 + int((high[:-1] - high[1:]).argmax())
    yield Mark(ply, kind, seat)


def _end(playback: Playback, counted: Survey) -> Mark:
    dead = [seat for seat in Seat if playback.replay.causes[seat] is not DeathCause.NONE]
    if len(dead) != 1 or playback.plies == 0:
        return Mark(playback.plies, MarkKind.END)
    ways = counted.ways[playback.plies - 1, dead[0]]
    return Mark(playback.plies, MarkKind.END, dead[0], amount=max(0, int(ways.max())))
