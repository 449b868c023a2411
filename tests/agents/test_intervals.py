import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.intervals import wilson

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
