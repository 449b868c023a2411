"""Shares of games against people."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.records import HumanRecord
from web.human import all_tries, first_tries, record_text, wilson

COUNTS = st.integers(0, 500)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_published_intervals(successes: int, trials: int, expected: tuple[float, float]):
    assert wilson(successes, trials) == pytest.approx(expected, abs=5e-5)


@given(COUNTS, COUNTS)
def test_an_interval_holds_its_share_and_mirrors(won: int, lost: int):
    low, high = wilson(won, won + lost)
    assert 0 <= low < high <= 1
    if won + lost:
        assert low <= won / (won + lost) <= high
    assert wilson(lost, won + lost) == pytest.approx((1 - high, 1 - low))


@given(st.tuples(*[COUNTS] * 7))
def test_abandoned_games_change_no_share(counts: tuple[int, ...]):
    record = HumanRecord(*counts)
    calm = replace(record, abandoned=0)
    assert all_tries(record) == all_tries(calm)
    assert first_tries(record) == first_tries(calm)
    assert all_tries(record).tries == record.wins + record.losses + record.draws
    assert record_text(record).startswith(record_text(calm))
