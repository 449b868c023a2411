import pytest

from arena.submission import SubmissionError, checked_name, defending_name


@pytest.mark.parametrize("name", ["ann", "Lightning-2", "a", "x" * 32, "v1.2_final"])
def test_names_that_may_be_used(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 33, "-ann", "two words", "ann@2", "änn", "a/b", "ann\n", "champion", "You"]
)
def test_names_that_may_not(name):
    with pytest.raises(SubmissionError):
        checked_name(name)


def test_shipped_names_are_reserved_whatever_their_case():
    with pytest.raises(SubmissionError, match="reserved"):
        checked_name("VoroNoi", {"voronoi"})


def test_a_defender_is_told_apart_only_where_it_must():
    assert defending_name("ann", 3, {"bob"}) == "ann"
    assert defending_name("ann", 3, {"ann"}) == "ann@3"
    assert defending_name("ann@2", 3, {"ann"}) == "ann@3"
    assert defending_name("ann@2", 3, set()) == "ann"
