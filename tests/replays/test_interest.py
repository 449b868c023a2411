from math import log2

import pytest

from replays.analysis import analyze
from replays.commentary import comment
from replays.interest import Interest, interest
from replays.playback import Playback
from tests.replays.test_analysis import (
    BOTH_FILL,
    DUELS,
    GIVES_A_WIN_AWAY,
    HEADS_MEET,
    SHUTS_ITSELF_IN,
)
from tests.replays.test_commentary import FORFEITED, STOPPED


def parts(replay, **known):
    playback = Playback(replay)
    return interest(playback, analyze(playback), **known)


@pytest.mark.parametrize("replay", DUELS)
def test_every_part_stays_within_its_most(replay):
    playback = Playback(replay)
    analysis = analyze(playback)
    tags = comment(playback, analysis, ("a", "b")).tags
    found = interest(
        playback, analysis, expected=0.01, tags=tags, shares=dict.fromkeys(tags, 0.001)
    )
    most = Interest(15, 20, 10, 10, 10, 10, 15, 10)
    for part in Interest.__slots__:
        assert 0 <= getattr(found, part) <= getattr(most, part)
    assert most.score == 100


def test_an_even_separation_is_closer_than_an_uneven_one():
    assert parts(BOTH_FILL).closeness == 20
    # 18 cells against 12.
    assert parts(GIVES_A_WIN_AWAY).closeness == pytest.approx(20 * (1 - 6 / 30))


def test_a_result_that_stays_open_longer_is_more_suspense():
    assert parts(GIVES_A_WIN_AWAY).suspense == pytest.approx(10 * 11 / 15)
    assert parts(BOTH_FILL).suspense == pytest.approx(10 * 5 / 18)
    assert parts(HEADS_MEET).suspense == 10


def test_drama_is_a_win_given_away_or_a_gamble():
    assert parts(GIVES_A_WIN_AWAY).drama == 10
    assert parts(HEADS_MEET).drama == 5
    assert parts(BOTH_FILL).drama == 0


def test_a_fight_is_counted_until_the_separation():
    assert parts(SHUTS_ITSELF_IN).fight == pytest.approx(10 * 8 * 5 / (6 * 12))
    assert parts(SHUTS_ITSELF_IN).contact == pytest.approx(10 * 6 / 30)


@pytest.mark.parametrize(("expected", "upset"), [(0.1, 15 * 0.1), (0.9, 15 * 0.9), (0.5, 7.5)])
def test_a_win_is_an_upset_as_far_as_ratings_expected_otherwise(expected, upset):
    """Seat 1 wins this one."""
    assert parts(GIVES_A_WIN_AWAY, expected=expected).upset == pytest.approx(upset)


def test_a_draw_is_an_upset_as_far_as_ratings_differ():
    assert parts(BOTH_FILL, expected=0.9).upset == pytest.approx(15 * 0.8)
    assert parts(BOTH_FILL, expected=0.5).upset == 0


def test_the_rarest_tag_counts():
    known = {"tags": ("draw", "close"), "shares": {"draw": 0.5, "close": 0.1}}
    assert parts(BOTH_FILL, **known).rarity == pytest.approx(-10 * log2(0.1) / 8)
    assert parts(BOTH_FILL, tags=("draw",), shares={}).rarity == 0


@pytest.mark.parametrize("replay", [STOPPED, FORFEITED])
def test_games_that_were_stopped_interest_nobody(replay):
    assert parts(replay).score == 0


def test_a_game_given_away_beats_one_that_was_never_close():
    assert parts(GIVES_A_WIN_AWAY).score > parts(SHUTS_ITSELF_IN).score
