from dataclasses import replace

import numpy as np
import pytest

from replays.analysis import analyze
from replays.format import Ending
from replays.marks import CONTACT_CELLS, CUT_OFF_PLIES, FACE_OFF_CELLS, TRAP_CELLS, MarkKind
from replays.playback import Playback
from tests.replays import slow
from tests.replays.games import duel, scripted
from tron_env.ruleset import Ruleset
from tron_env.types import Action, Outcome, Seat, Spawn

FILL_LEFT, FILL_RIGHT = "LLURULURULUR", "RRULURULURUL"
"""Twelve plies from the foot of a column that fill the two columns beside it."""


def halves(first_goes, second_goes, *, width=8, column=3, **rules):
    """Both ride down columns side by side, which parts the board at ply 5, and then go on."""
    return scripted(
        (Spawn(1, column, Action.DOWN), "DDDDD" + first_goes),
        (Spawn(1, column + 1, Action.DOWN), "DDDDD" + second_goes),
        width=width,
        **rules,
    )


BOTH_FILL = halves(FILL_LEFT + "U", FILL_RIGHT + "U")
"""Two columns each, filled to the last cell: a draw."""

GIVES_A_DRAW_AWAY = halves("LULURULURULU", FILL_RIGHT)
"""Seat 0 rides past the corner behind it at ply 8 and dies a ply early."""

GIVES_A_WIN_AWAY = halves("LUULLDRDLL", "RRULURULUR", width=9, column=4)
"""With three columns to two, seat 0 turns into the smaller part of its own at ply 11."""

SHUTS_ITSELF_IN = halves("LULLLLLDRRRRR", "RRRRULLLURRRU", width=14, column=7)
"""Seat 0 turns into a lane of five cells at ply 13 where four rows of six were open."""

SHUTS_ITSELF_IN_BEHIND = halves("LULLLLLDRRRRR", "RRRRRURULLLLL"[:13], width=17, column=7)
"""The same, but seat 1 has seven columns to seat 0's six and fills on: it was never won."""

POCKET = scripted(
    (Spawn(2, 1, Action.RIGHT), "RRRRRRRRRULLLLLLLLLL"),
    (Spawn(6, 12, Action.LEFT), "LLLLLLLLLLLURRRRRRRR"),
    width=14,
)
"""Seat 0 turns back into the lane behind its own trail at ply 11, with the board open ahead."""

SHUT_OUT = scripted(
    (Spawn(2, 1, Action.RIGHT), "RRRRRRRRRULLLLLLLLLL"),
    (Spawn(6, 5, Action.RIGHT), "RRRRRRRUUUULDDDLLLLL"),
    width=14,
)
"""The same ride, but seat 1 stands at the way out when seat 0 turns back."""

HEADS_MEET = scripted((Spawn(3, 2, Action.RIGHT), "RR"), (Spawn(3, 6, Action.LEFT), "LL"))


def marks(replay, kind):
    return [mark for mark in analyze(Playback(replay)).marks if mark.kind is kind]


def only(replay, kind):
    (mark,) = marks(replay, kind)
    return mark


def test_the_opening_ends_with_the_first_turn():
    mark = only(BOTH_FILL, MarkKind.OPENING)
    assert (mark.ply, mark.seat) == (6, None), "both at once"
    mark = only(POCKET, MarkKind.OPENING)
    assert (mark.ply, mark.seat) == (10, Seat.FIRST)
    assert not marks(HEADS_MEET, MarkKind.OPENING), "nobody turned"


def test_the_separation_names_what_both_can_reach():
    mark = only(GIVES_A_WIN_AWAY, MarkKind.SEPARATION)
    assert (mark.ply, mark.pair) == (5, (18, 12))


def test_equal_halves_are_a_proved_draw():
    analysis = analyze(Playback(BOTH_FILL))
    assert set(analysis.forced[5:]) == {Outcome.DRAW}
    assert analysis.decided == 5
    mark = only(BOTH_FILL, MarkKind.DECIDED)
    assert (mark.ply, mark.seat, mark.pair) == (5, None, (12, 12))
    assert not marks(BOTH_FILL, MarkKind.SELF_TRAP)


def test_a_draw_given_away_is_named():
    analysis = analyze(Playback(GIVES_A_DRAW_AWAY))
    assert analysis.forced[5:9] == (*[Outcome.DRAW] * 3, Outcome.SECOND_WINS)
    assert analysis.decided == 8
    mark = only(GIVES_A_DRAW_AWAY, MarkKind.MISSED_DRAW)
    assert (mark.ply, mark.seat) == (8, Seat.FIRST)
    lost = only(GIVES_A_DRAW_AWAY, MarkKind.DECIDED)
    assert (lost.seat, lost.pair) == (Seat.FIRST, (8, 9))


def test_a_win_given_away_is_named():
    analysis = analyze(Playback(GIVES_A_WIN_AWAY))
    assert set(analysis.forced[5:11]) == {Outcome.FIRST_WINS}
    assert set(analysis.forced[11:]) == {Outcome.SECOND_WINS}
    mark = only(GIVES_A_WIN_AWAY, MarkKind.MISSED_WIN)
    assert (mark.ply, mark.seat) == (11, Seat.FIRST)
    assert analysis.decided == 11


def test_the_ply_limit_cuts_what_a_lead_is_worth():
    replay = halves("LUUL", "RUUU", width=9, column=4, max_plies=9)
    analysis = analyze(Playback(replay))
    assert replay.outcome is Outcome.TRUNCATED
    assert set(analysis.forced[5:]) == {Outcome.TRUNCATED}
    assert analysis.decided == 5


def test_shutting_oneself_in_is_proved_with_the_better_move():
    mark = only(SHUTS_ITSELF_IN, MarkKind.SELF_TRAP)
    assert (mark.ply, mark.seat, mark.pair) == (13, Seat.FIRST, (4, 23))
    assert mark.better is Action.UP


def test_turning_into_a_pocket_is_named_before_the_separation():
    mark = only(POCKET, MarkKind.SELF_TRAP)
    before = Playback(POCKET).state(10)
    assert (mark.ply, mark.seat, mark.better) == (11, Seat.FIRST, Action.RIGHT)
    assert mark.pair == (9, slow.kept(before, 0, Action.RIGHT))


def test_what_the_other_rider_has_taken_already_is_not_given_up():
    """Seat 0 goes into what is left to it: the way out is open still, and seat 1 is there first."""
    before = Playback(SHUT_OUT).state(10)
    assert slow.kept(before, 0, Action.LEFT) == 9
    assert slow.kept(before, 0, Action.RIGHT) > 2 * 9 + TRAP_CELLS
    assert marks(SHUT_OUT, MarkKind.SELF_TRAP) == []


def test_a_head_on_gamble_is_one_that_had_another_way():
    gambles = marks(HEADS_MEET, MarkKind.HEAD_ON_GAMBLE)
    assert [(mark.ply, mark.seat) for mark in gambles] == [(2, Seat.FIRST), (2, Seat.SECOND)]


def test_the_end_names_who_died_and_what_was_open():
    replay = scripted((Spawn(3, 2, Action.UP), "UUU"), (Spawn(5, 6, Action.DOWN), "DLL"))
    mark = only(replay, MarkKind.END)
    assert (mark.ply, mark.seat) == (3, Seat.FIRST)
    state = Playback(replay).state(2)
    assert mark.amount == max(slow.kept(state, 0, action) for action in (1, 3))
    assert only(GIVES_A_WIN_AWAY, MarkKind.END).amount == 0
    assert only(BOTH_FILL, MarkKind.END).seat is None


def test_a_game_that_was_stopped_at_once_has_only_its_end():
    replay = scripted(
        (Spawn(1, 1, Action.DOWN), ""), (Spawn(6, 6, Action.UP), ""), ending=Ending.ABANDONED
    )
    assert [mark.kind for mark in analyze(Playback(replay)).marks] == [MarkKind.END]


DUELS = [
    duel(Ruleset(12, 12), seed, first, second)
    for seed in range(3)
    for first, second in (
        ("wall-hugger", "voronoi"),
        ("voronoi:other=4", "wall-hugger"),
        ("minimax:depth=2", "voronoi"),
    )
]


@pytest.mark.parametrize("replay", DUELS)
def test_marks_of_real_duels_are_what_they_say(replay):
    playback = Playback(replay)
    analysis = analyze(playback)
    end = slow.separation(playback)
    end = playback.plies - 1 if end is None else end
    plies = [mark.ply for mark in analysis.marks]
    assert plies == sorted(plies)
    found = {mark.kind: mark for mark in analysis.marks}
    assert found[MarkKind.END].ply == playback.plies
    apart = np.abs(playback.heads[:, 0].astype(int) - playback.heads[:, 1]).sum(axis=1)

    contact = found.get(MarkKind.FIRST_CONTACT)
    near = [
        ply
        for ply in range(end + 1)
        if min(slow.near_trail(playback, ply, seat) for seat in Seat) <= CONTACT_CELLS
    ]
    assert (contact.ply if contact else None) == (near[0] if near else None)

    if (face_off := found.get(MarkKind.FACE_OFF)) is not None:
        assert face_off.amount == apart[face_off.ply] <= FACE_OFF_CELLS
        assert face_off.ply == end or apart[face_off.ply + 1] >= apart[face_off.ply]

    if (cut := found.get(MarkKind.CUT_OFF)) is not None:
        leads = []
        for ply in (cut.ply - CUT_OFF_PLIES, cut.ply, end):
            first, second, _ = slow.territory(playback.state(ply))
            leads.append((len(first) - len(second)) * (1 if cut.seat == 0 else -1))
        assert leads[1] - leads[0] == cut.amount
        assert leads[2] >= leads[1] / 2 > 0, "it was for good"


def test_real_duels_hold_every_kind_of_mark():
    kinds = {mark.kind for replay in DUELS for mark in analyze(Playback(replay)).marks}
    scripts = (BOTH_FILL, GIVES_A_DRAW_AWAY, GIVES_A_WIN_AWAY, SHUTS_ITSELF_IN, HEADS_MEET)
    kinds |= {mark.kind for replay in scripts for mark in analyze(Playback(replay)).marks}
    assert set(MarkKind) - kinds == {MarkKind.BLUNDER}, "which only the deep pass finds"


@pytest.mark.parametrize("replay", DUELS[:6])
def test_a_change_of_seats_changes_nothing_else(replay):
    mirror = {Outcome.FIRST_WINS: Outcome.SECOND_WINS, Outcome.SECOND_WINS: Outcome.FIRST_WINS}
    swapped = replace(
        replay,
        seed=None,
        spawns=replay.spawns[::-1],
        actions=replay.actions[:, ::-1],
        outcome=mirror.get(replay.outcome, replay.outcome),
        causes=replay.causes[::-1],
    )
    one, other = analyze(Playback(replay)), analyze(Playback(swapped))
    assert (one.survey.territory == other.survey.territory[:, ::-1]).all()
    assert one.decided == other.decided
    assert one.lead_changes == other.lead_changes
    kinds = {MarkKind.CUT_OFF, MarkKind.DECIDED, MarkKind.SELF_TRAP, MarkKind.SEPARATION}
    assert [(mark.ply, mark.kind) for mark in one.marks if mark.kind in kinds] == [
        (mark.ply, mark.kind) for mark in other.marks if mark.kind in kinds
    ]
