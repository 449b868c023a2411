import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.names import MAX_NAME, NameRefusedError, checked_name, look_keys

GREEK_O, CYRILLIC_A, CYRILLIC_ES = "\u03bf", "\u0430", "\u0441"


def alike(one: str, other: str) -> bool:
    return bool(look_keys(one) & look_keys(other))


@pytest.mark.parametrize(
    "name",
    [
        *("ann", "Lightning-2", "a", "x" * 32, "v1.2_final", "änn", "миша", "光線", "7"),
        *("スピード", "佐々木"),
    ],
)
def test_names_that_may_be_used(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "x" * 33, "-ann", ".ann", "two words", "ann@2", "a/b", "../a", "ann\n", "ann\0"),
        *("champion", "You", "CHAMPI0N", "ch\u0430mpion", "Admin", "miner-7", "MINER-x"),
        *("a\u202eb", "a\u200bb", "\u3164", "z\u0351\u0352a", "😀", "<b>", "a\u0430"),
        *("ann\u02bc", "ann\u0640", "ann\u02d0", "\u0630\u0640\u0630", "an\u30fc", "\u30fc"),
        "\ufdfa" * 20,
    ],
)
def test_names_that_may_not(name):
    with pytest.raises(NameRefusedError):
        checked_name(name)


def test_names_are_brought_into_normal_form():
    assert checked_name("\uff21nn\u00b2") == "Ann2"
    assert checked_name("a\u0308nn") == "änn"


@pytest.mark.parametrize("name", ["VoroNoi", "v0ronoi", "voron0i", "VORONOI"])
def test_nobody_comes_near_a_shipped_name(name):
    with pytest.raises(NameRefusedError, match="reserved, or looks like one"):
        checked_name(name, {"voronoi"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Paul", "PauI"), ("Paul", "pau1"), ("bob", "b0b"), ("Ann", "aNN"), ("corn", "com")),
        *(("coco", CYRILLIC_ES + "o" + CYRILLIC_ES + "o"), ("foo", f"f{GREEK_O}o")),
    ],
)
def test_names_that_look_alike(one, other):
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "bob"), ("ali", "all"), ("rival-1", "rival-2"), ("ann", "änn")]
)
def test_names_that_do_not(one, other):
    assert not alike(one, other)


@given(st.text(string.ascii_letters + string.digits, min_size=1, max_size=MAX_NAME))
def test_upper_and_lower_case_are_alike(name):
    assert alike(name, name.upper())
    assert alike(name, name.lower())


@given(st.text(max_size=200))
def test_whatever_is_accepted_is_short_visible_and_stays_as_it_is(name):
    try:
        normal = checked_name(name)
    except NameRefusedError:
        return
    assert 1 <= len(normal) <= MAX_NAME
    assert normal.isprintable()
    assert checked_name(normal) == normal


@pytest.mark.timeout(120)
def test_a_huge_name_is_refused_before_it_costs_work():
    marks = "a" + "\u0300\u0316" * 5_000_000
    for _ in range(1000):
        with pytest.raises(NameRefusedError, match="at most 32"):
            checked_name(marks)
