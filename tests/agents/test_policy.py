import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidLogitsError
from agents.policy import invalid_rows, select_action, select_actions
from tron_env.errors import EmptyActionMaskError

ALL = np.ones(4, dtype=np.bool_)
INF = np.inf


def logits(*values):
    return np.array(values, dtype=np.float32)


def mask(*values):
    return np.array(values, dtype=np.bool_)


def test_highest_accepted_wins_even_below_a_masked_one():
    assert select_action(logits(1, 9, 3, 2), mask(1, 0, 1, 1)) == 2


def test_ties_take_the_lowest_action():
    assert select_action(logits(0, 5, 5, 5), ALL) == 1
    assert select_action(logits(-0.0, 0.0, 0.0, -0.0), ALL) == 0


def test_minus_infinity_is_an_ordinary_lowest_value():
    assert select_action(logits(-INF, -INF, -3e38, -INF), ALL) == 2
    assert select_action(logits(-INF, -3.4028235e38, 0, 0), mask(1, 1, 0, 0)) == 1
    assert select_action(logits(7, -INF, 8, -INF), mask(0, 1, 0, 1)) == 1


def test_masked_out_values_are_never_looked_at():
    assert select_action(logits(np.nan, INF, 1, 2), mask(0, 0, 1, 1)) == 3


@pytest.mark.parametrize("bad", [np.nan, INF])
def test_nan_and_infinity_among_accepted_name_their_rows(bad):
    batch = np.array([[0, 1, 2, 3], [bad, 1, 2, 3], [0, 1, 2, bad], [bad, 0, 0, 0]], np.float32)
    masks = np.array([ALL, ALL, ALL, mask(0, 1, 1, 1)])
    assert invalid_rows(batch, masks).tolist() == [False, True, True, False]
    with pytest.raises(InvalidLogitsError, match="row 1, 2") as caught:
        select_actions(batch, masks)
    assert caught.value.rows == (1, 2)


def test_rows_without_accepted_action_keep_their_heading():
    batch = np.array([[np.nan] * 4, [0, 0, 1, 0]], np.float32)
    masks = np.array([~ALL, ALL])
    headings = np.array([3, 0], np.uint8)
    assert select_actions(batch, masks, headings).tolist() == [3, 2]
    with pytest.raises(EmptyActionMaskError):
        select_actions(batch, masks)
    with pytest.raises(EmptyActionMaskError):
        select_action(batch[1], ~ALL)


def test_wrong_shapes_are_the_callers_mistake():
    with pytest.raises(ValueError, match=r"\(k, 4\)"):
        select_actions(np.zeros((2, 5), np.float32), np.ones((2, 5), np.bool_))
    with pytest.raises(ValueError, match=r"\(k, 4\)"):
        invalid_rows(np.zeros(4, np.float32), ALL)


floats = st.floats(width=32, allow_nan=False).filter(lambda value: value != INF)


@given(st.lists(st.tuples(st.tuples(*[floats] * 4), st.integers(1, 15)), max_size=6))
def test_batch_agrees_with_the_definition_row_by_row(rows):
    values = np.array([row for row, _ in rows], np.float32).reshape(-1, 4)
    masks = np.array([[bits >> a & 1 for a in range(4)] for _, bits in rows], np.bool_)
    masks = masks.reshape(-1, 4)
    actions = select_actions(values, masks)
    assert actions.dtype == np.uint8
    for row, accepted, action in zip(values, masks, actions, strict=True):
        best = max(row[a] for a in range(4) if accepted[a])
        assert action == min(a for a in range(4) if accepted[a] and row[a] == best)
