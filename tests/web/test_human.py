"""Shares of games against people."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from arena.records import HumanRecord
from web.human import all_tries, first_tries
from web.words import record_text

COUNTS = st.integers(0, 500)


@given(st.tuples(*[COUNTS] * 7))
def test_abandoned_games_change_no_share(counts: tuple[int, ...]):
    record = HumanRecord(*counts)
    calm = replace(record, abandoned=0)
    assert all_tries(record) == all_tries(calm)
    assert first_tries(record) == first_tries(calm)
    assert all_tries(record).tries == record.wins + record.losses + record.draws
    assert record_text(record).startswith(record_text(calm))
