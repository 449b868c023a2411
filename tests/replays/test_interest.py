from dataclasses import replace

import pytest

from replays.analysis import analyze
from replays.format import PERSON
from replays.interest import Interest, interest, rarity_points, surprise_of, upset_points
from replays.playback import Playback
from tests.replays.test_analysis import (
    BOTH_FILL,
    DUELS,
    GIVES_A_WIN_AWAY,
    HEADS_MEET,
    SHUTS_ITSELF_IN,
)
from tests.replays.test_commentary import FORFEITED, STOPPED
from tron_env.types import Outcome


def parts(replay):
    playback = Playback(replay)
    return interest(playback, analyze(playback))


@pytest.mark.parametrize("replay", DUELS)
def test_every_part_stays_within_its_most(replay):
    found = parts(replay)
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


@pytest.mark.parametrize("replay", [STOPPED, FORFEITED])
def test_games_that_were_stopped_interest_nobody(replay):
    assert parts(replay).score == 0


def test_a_game_given_away_beats_one_that_was_never_close():
    assert parts(GIVES_A_WIN_AWAY).score > parts(SHUTS_ITSELF_IN).score


def test_a_person_who_beats_a_model_is_an_upset():
    beaten = replace(GIVES_A_WIN_AWAY, models=(PERSON, b"m" * 8))
    winner = GIVES_A_WIN_AWAY.outcome.winner
    won = replace(beaten, models=beaten.models if winner == 0 else beaten.models[::-1])
    lost = replace(won, models=won.models[::-1])
    assert parts(won).upset == 15 * 100 / 200
    assert parts(lost).upset == parts(GIVES_A_WIN_AWAY).upset == 0


@pytest.mark.parametrize(
    ("outcome", "gap", "points"),
    [
        (Outcome.FIRST_WINS, 300.0, 0),
        (Outcome.FIRST_WINS, -100.0, 7.5),
        (Outcome.SECOND_WINS, 100.0, 7.5),
        (Outcome.SECOND_WINS, 900.0, 15),
        (Outcome.DRAW, 100.0, 3.75),
        (Outcome.TRUNCATED, -100.0, 3.75),
    ],
)
def test_an_upset_is_a_win_from_below_and_half_of_it_a_draw(outcome, gap, points):
    assert upset_points(surprise_of(outcome, gap)) == points


def test_what_a_fifth_of_the_games_have_is_not_rare():
    assert [rarity_points(share) for share in (0.0, 0.1, 0.2, 0.9)] == [10, 5, 0, 0]
