"""What a round costs, and what fits a budget."""

import pytest

from arena.divisions import Cost
from arena.durations import parse_span
from arena.estimate import UNKNOWN, Terms, estimate, offers
from arena.records import RoundFormat

SWISS = RoundFormat.SWISS
FLAT = Cost(1.0, 1.0, 1.0)
"""As dear alone as in company, so that batches do not matter."""


def test_every_rider_is_asked_once_a_ply():
    found = estimate([FLAT] * 5, Terms(starts=4), plies=100.0)
    assert (found.duels, found.games) == (10, 80)
    assert found.cpu_seconds == pytest.approx(80 * 100 * 2 / 1000)


def test_a_swiss_round_takes_its_stages():
    found = estimate([FLAT] * 9, Terms(SWISS, 3, 4), plies=100.0)
    assert (found.duels, found.games) == (12, 96)
    assert found.cpu_seconds == pytest.approx(96 * 100 * 2 / 1000)


def test_larger_batches_make_a_position_cheaper():
    cost = Cost(2.0, 2.0, 0.5)
    each = [estimate([cost] * 16, Terms(starts=s), 100.0).cpu_seconds / s for s in (1, 4, 16)]
    assert each == sorted(each, reverse=True)
    games = 120 * 2
    assert games * 100 * 2 * 0.4 / 1000 < each[-1] < games * 100 * 2 * 2.0 / 1000


def test_a_model_that_is_dearer_in_company_is_not_taken_for_a_cheap_one():
    found = estimate([Cost(1.0, 1.0, 20.0)] * 16, Terms(starts=4), 100.0)
    assert found.cpu_seconds > 10 * estimate([FLAT] * 16, Terms(starts=4), 100.0).cpu_seconds


def test_what_could_not_be_measured_counts_as_the_dearest():
    known = estimate([FLAT, UNKNOWN], Terms()).cpu_seconds
    assert estimate([FLAT, None], Terms()).cpu_seconds == known > 10


def test_a_budget_that_is_too_small_gets_fewer_starts_or_swiss():
    costs = [FLAT] * 40
    wanted = Terms(starts=4)
    whole = estimate(costs, wanted, 100.0).cpu_seconds
    fewer, swiss = offers(costs, wanted, whole / 2, 100.0)
    assert fewer.terms == Terms(starts=2)
    assert swiss.terms == Terms(SWISS, 8, 4)
    assert max(fewer.cpu_seconds, swiss.cpu_seconds) <= whole / 2
    (only,) = offers(costs, wanted, whole / 10, 100.0)
    assert only.terms == Terms(SWISS, 8, 1)
    assert offers(costs, wanted, whole / 1000, 100.0) == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("24h", 86400), ("90m", 5400), ("1h30m", 5400), ("2d", 172800), ("5s", 5)]
)
def test_spans_of_time(text, seconds):
    assert parse_span(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "0h", "24", "h", "1m2h", "-1h", "1.5h"])
def test_what_is_no_span(text):
    with pytest.raises(ValueError, match="span"):
        parse_span(text)
