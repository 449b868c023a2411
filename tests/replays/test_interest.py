import pytest

from replays.analysis import analyze
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


def parts(replay):
    playback = Playback(replay)
    return interest(playback, analyze(playback))


@pytest.mark.parametrize("replay", DUELS)
def test_every_part_stays_within_its_most(replay):
    found = parts(replay)
    most = Interest(20, 25, 15, 15, 15, 10)
    for part in Interest.__slots__:
        assert 0 <= getattr(found, part) <= getattr(most, part)
    assert most.score == 100


def test_an_even_separation_is_closer_than_an_uneven_one():
    assert parts(BOTH_FILL).closeness == 25
    # 18 cells against 12.
    assert parts(GIVES_A_WIN_AWAY).closeness == pytest.approx(25 * (1 - 6 / 30))


def test_a_result_that_stays_open_longer_is_more_suspense():
    assert parts(GIVES_A_WIN_AWAY).suspense == pytest.approx(15 * 11 / 15)
    assert parts(BOTH_FILL).suspense == pytest.approx(15 * 5 / 18)
    assert parts(HEADS_MEET).suspense == 15


def test_drama_is_a_win_given_away_or_a_gamble():
    assert parts(GIVES_A_WIN_AWAY).drama == 10
    assert parts(HEADS_MEET).drama == 5
    assert parts(BOTH_FILL).drama == 0


def test_a_fight_is_counted_until_the_separation():
    assert parts(SHUTS_ITSELF_IN).fight == pytest.approx(15 * 8 * 5 / (6 * 12))
    assert parts(SHUTS_ITSELF_IN).contact == pytest.approx(15 * 6 / 30)


@pytest.mark.parametrize("replay", [STOPPED, FORFEITED])
def test_games_that_were_stopped_interest_nobody(replay):
    assert parts(replay).score == 0


def test_a_game_given_away_beats_one_that_was_never_close():
    assert parts(GIVES_A_WIN_AWAY).score > parts(SHUTS_ITSELF_IN).score
