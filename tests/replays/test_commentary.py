"""Every sentence rests on facts; each fact is counted again here from the boards alone."""

import re

import pytest

from replays.analysis import analyze
from replays.commentary import MOST_SENTENCES, Fact, FactKind, comment
from replays.facts import result_text
from replays.format import Ending
from replays.marks import CONTACT_CELLS, CUT_OFF_PLIES
from replays.places import place_of
from replays.playback import Playback
from tests.replays import slow
from tests.replays.games import duel, play, scripted
from tests.replays.test_analysis import (
    BOTH_FILL,
    DUELS,
    GIVES_A_DRAW_AWAY,
    GIVES_A_WIN_AWAY,
    HEADS_MEET,
    POCKET,
    SHUTS_ITSELF_IN,
    SHUTS_ITSELF_IN_BEHIND,
)
from tron_env.ruleset import Ruleset
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn

NAMES = ("Ada", "Bo")
MOST_CELLS = 11
"""With more within reach, paths are too many to try them all."""
STOPPED = scripted(
    (Spawn(1, 1, Action.DOWN), "DD"), (Spawn(6, 6, Action.UP), "UU"), ending=Ending.ABANDONED
)
CONTACT = scripted(
    (Spawn(6, 1, Action.UP), "UUUUU"), (Spawn(1, 1, Action.RIGHT), "RRRRR"), width=14
)
"""Seat 0 runs into the trail that seat 1 left behind; the heads stay apart."""
FORFEITED = scripted(
    (Spawn(1, 1, Action.DOWN), ""), (Spawn(6, 6, Action.UP), ""), ending=Ending.FORFEIT
)
GAMES = [
    *DUELS,
    *(play(Ruleset(9, 9), seed, careful=[0.9, 1.0][seed % 2]) for seed in range(12)),
    *(duel(Ruleset(9, 10), seed, "voronoi", "voronoi:reply=mean") for seed in range(4)),
    *(BOTH_FILL, GIVES_A_DRAW_AWAY, GIVES_A_WIN_AWAY, HEADS_MEET, POCKET, SHUTS_ITSELF_IN),
    *(SHUTS_ITSELF_IN_BEHIND, CONTACT, STOPPED, FORFEITED),
]


def told(replay):
    playback = Playback(replay)
    return comment(playback, analyze(playback), NAMES)


def text(replay):
    return " ".join(sentence.text for sentence in told(replay).sentences)


def apart(playback, ply):
    (row, col), (other_row, other_col) = playback.heads[ply].tolist()
    return abs(row - other_row) + abs(col - other_col)


def shape(playback):
    return playback.replay.ruleset.height, playback.replay.ruleset.width


def between(playback, ply):
    (row, col), (other_row, other_col) = playback.heads[ply].tolist()
    return place_of((row + other_row) / 2, (col + other_col) / 2, shape(playback))


def check_start(playback, fact):
    assert fact.numbers == (apart(playback, 0),)


def check_face_off(playback, fact):
    assert fact.numbers == (apart(playback, fact.ply),)
    assert fact.place == between(playback, fact.ply)


def check_first_contact(playback, fact):
    assert slow.near_trail(playback, fact.ply, fact.seat) <= CONTACT_CELLS
    for ply in range(fact.ply):
        for seat in Seat:
            assert slow.near_trail(playback, ply, seat) > CONTACT_CELLS
    assert fact.place == place_of(*playback.heads[fact.ply, fact.seat].tolist(), shape(playback))


def check_no_contact(playback, fact):
    for ply in range(fact.ply + 1):
        for seat in Seat:
            assert slow.near_trail(playback, ply, seat) > CONTACT_CELLS


def check_lead_changes(playback, fact):
    leader, changes = 0, []
    end = slow.separation(playback)
    for ply in range((playback.plies - 1 if end is None else end) + 1):
        first, second, _ = slow.territory(playback.state(ply))
        lead, total = len(first) - len(second), len(first) + len(second)
        if abs(lead) >= max(4, 0.04 * total):
            sign = 1 if lead > 0 else -1
            if leader == -sign:
                changes.append(ply)
            leader = sign
    assert (fact.numbers, fact.ply) == ((len(changes),), changes[-1])


def check_cut_off(playback, fact):
    before, after = playback.state(fact.ply - CUT_OFF_PLIES), playback.state(fact.ply)
    own = slow.territory(after)[fact.seat]
    other = slow.territory(after)[fact.seat.other]
    assert fact.numbers == (len(own), len(other))
    gained = [place_of(*cell, shape(playback)) for cell in own - slow.territory(before)[fact.seat]]
    if gained:
        assert gained.count(fact.place) == max(gained.count(place) for place in gained)
    else:
        assert fact.place == place_of(*after.heads[fact.seat], shape(playback))


def check_separation(playback, fact):
    assert slow.separation(playback) == fact.ply
    state = playback.state(fact.ply)
    assert fact.numbers == tuple(len(slow.reached(state, seat)) for seat in Seat)


def longest(state, seat):
    """The longest path where it can be found by trying, else None."""
    if len(slow.reached(state, seat)) > MOST_CELLS:
        return None
    return slow.longest(state, state.heads[seat])


def check_decided(playback, fact):
    most, least = fact.numbers
    assert most < least
    assert playback.replay.outcome.winner is fact.seat.other
    state = playback.state(fact.ply)
    assert slow.separated(state)
    assert least <= len(slow.reached(state, fact.seat.other))
    for seat, holds in ((fact.seat, most.__ge__), (fact.seat.other, least.__le__)):
        found = longest(state, seat)
        assert found is None or holds(found)


def check_self_trap(playback, fact):
    kept, possible = fact.numbers
    before, after = playback.state(fact.ply - 1), playback.state(fact.ply)
    assert kept < possible <= len(slow.reached(before, fact.seat)) - 1
    for state, holds in ((after, kept.__ge__), (before, (possible + 1).__le__)):
        found = longest(state, fact.seat)
        assert found is None or holds(found)


def check_pocket(playback, fact):
    state = playback.state(fact.ply - 1)
    ways = [slow.kept(state, fact.seat, action) for action in Action]
    assert fact.numbers == (ways[playback.replay.actions[fact.ply - 1, fact.seat]], max(ways))


def verdict(playback, ply):
    """Who wins by best play: seat, "draw", or None where trying all paths would take too long."""
    state = playback.state(ply)
    first, second = (longest(state, seat) for seat in Seat)
    if first is None or second is None:
        return None
    return "draw" if first == second else Seat(int(second > first))


def check_missed_win(playback, fact):
    assert verdict(playback, fact.ply - 1) in (fact.seat, None)
    assert verdict(playback, fact.ply) is not fact.seat


def check_missed_draw(playback, fact):
    assert verdict(playback, fact.ply - 1) in ("draw", None)
    assert verdict(playback, fact.ply) in (fact.seat.other, None)


def check_no_way(playback, fact):
    assert playback.replay.causes[fact.seat] is not DeathCause.NONE
    before, end = playback.state(playback.plies - 1), playback.state(playback.plies)
    assert not slow.steps(before, before.heads[fact.seat])
    (left,) = fact.numbers
    other = fact.seat.other
    assert left <= len(slow.reached(end, other))
    if slow.separation(playback) is None:
        assert left == len(slow.reached(end, other))
    else:
        found = longest(end, other)
        assert found is None or left <= found


def check_crash(playback, fact):
    before = playback.state(playback.plies - 1)
    assert fact.numbers == (max(slow.kept(before, fact.seat, action) for action in Action),)
    assert fact.numbers[0] > 0


def check_head_on(playback, fact):
    assert playback.replay.causes == (DeathCause.HEAD_ON, DeathCause.HEAD_ON)
    assert fact.place == between(playback, playback.plies)
    if fact.seat is not None:
        before = playback.state(playback.plies - 1)
        own, other = (
            set(slow.steps(before, before.heads[seat]).values())
            for seat in (fact.seat, fact.seat.other)
        )
        assert own - other, "it could have gone where the other could not"


def check_result(playback, fact):
    assert fact.ply == playback.plies


def check(playback, fact: Fact):
    assert 0 <= fact.ply <= playback.plies
    globals()[f"check_{fact.kind}"](playback, fact)


@pytest.mark.parametrize("replay", GAMES)
def test_every_fact_can_be_counted_again(replay):
    playback = Playback(replay)
    commentary = comment(playback, analyze(playback), NAMES)
    assert 2 <= len(commentary.sentences) <= MOST_SENTENCES
    for sentence in commentary.sentences:
        assert sentence.facts
        assert sentence.text[0].isupper()
        assert sentence.text.endswith(".")
        for fact in sentence.facts:
            check(playback, fact)
            if fact.kind is not FactKind.SEPARATION or len(sentence.facts) == 1:
                said = re.findall(r"\d+", sentence.text.replace("twice", "2 times"))
                assert {str(number) for number in fact.numbers} - {"0"} <= set(said)
            if fact.place:
                assert fact.place in sentence.text
    assert commentary.title


def test_every_kind_of_fact_is_told_of_some_game():
    kinds = {
        fact.kind
        for replay in GAMES
        for sentence in told(replay).sentences
        for fact in sentence.facts
    }
    assert set(FactKind) - kinds == set()


def test_what_is_said_of_a_win_given_away():
    assert told(GIVES_A_WIN_AWAY).title == "Ada lets Bo off the hook"
    assert "At ply 11 Ada gives away a won game." in text(GIVES_A_WIN_AWAY)
    assert text(GIVES_A_WIN_AWAY).endswith(
        "Ada runs out of room at ply 15; Bo has at least 2 plies left."
    )
    assert "missed-win" in told(GIVES_A_WIN_AWAY).tags


def test_what_is_said_of_a_rider_that_shuts_itself_in():
    said = "At ply 13 Ada gives away a won game, with at most 4 plies left of the 23"
    assert said in text(SHUTS_ITSELF_IN)
    said = "At ply 13 Ada shuts itself out of room, with at most 4 plies left of the 23"
    assert said in text(SHUTS_ITSELF_IN_BEHIND)


def test_what_is_said_of_a_pocket():
    assert "At ply 11 Ada turns into a pocket of 9 cells where" in text(POCKET)
    assert told(POCKET).title == "Ada shuts itself in against Bo"
    assert "self-trap" in told(POCKET).tags
    assert "self-trap" not in told(SHUTS_ITSELF_IN_BEHIND).tags, "it had lost before"


def test_what_is_said_of_heads_that_meet():
    assert told(HEADS_MEET).title == "Ada and Bo meet head-on in the middle"
    last = "They meet head-on in the middle at ply 2: a draw, though "
    assert text(HEADS_MEET).endswith(f"{last}Ada and Bo could have turned away.")
    assert told(HEADS_MEET).tags[:2] == ("draw", "head-on")


def test_games_that_were_stopped_say_so():
    assert told(STOPPED).title == "Ada against Bo, abandoned"
    assert told(FORFEITED).title == "Bo forfeits against Ada"
    assert result_text(FORFEITED, NAMES) in text(FORFEITED)
    assert FORFEITED.outcome is Outcome.FIRST_WINS
