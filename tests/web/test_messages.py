import pytest

from tron_env.types import Action
from web.errors import Refusal, RefusedError
from web.messages import (
    Echo,
    Join,
    Leave,
    Rematch,
    Resume,
    Turn,
    parse_echo,
    parse_join,
    parse_leave,
    parse_rematch,
    parse_resume,
    parse_turn,
)
from web.refusals import refused


def test_well_formed_events_are_read():
    assert parse_join({"opponent": "champion", "speed": 10}) == Join("champion", 10)
    assert parse_join({"opponent": "champion@12", "speed": 8}) == Join("champion@12", 8)
    assert parse_join({"opponent": "zoo/wall-hugger", "speed": 14}).opponent == "zoo/wall-hugger"
    assert parse_turn({"game": 3, "action": 2}) == Turn(3, Action.DOWN)
    assert parse_leave({"game": 3}) == Leave(3)
    assert parse_rematch({"game": 3}) == Rematch(3)


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "champion",
        [],
        {},
        {"opponent": "champion"},
        {"opponent": "champion", "speed": 10, "extra": 1},
        {"opponent": "champion", "speed": 9},
        {"opponent": "champion", "speed": "10"},
        {"opponent": "champion", "speed": True},
        {"opponent": "champion", "speed": 10.0},
        {"opponent": "champion@0", "speed": 10},
        {"opponent": "champion@1234567", "speed": 10},
        {"opponent": "zoo/../secret", "speed": 10},
        {"opponent": "zoo/", "speed": 10},
        {"opponent": "zoo/" + "a" * 100, "speed": 10},
        {"opponent": "champion\n", "speed": 10},
        {"opponent": ["champion"], "speed": 10},
    ],
)
def test_malformed_joins_are_refused(data: object):
    with pytest.raises(RefusedError) as refusal:
        parse_join(data)
    assert refusal.value.code is Refusal.MALFORMED


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"game": 1},
        {"game": 1, "action": 4},
        {"game": 1, "action": -1},
        {"game": 1, "action": True},
        {"game": 1, "action": 1.0},
        {"game": "1", "action": 1},
        {"game": True, "action": 1},
        {"game": 0, "action": 1},
        {"game": 2**53, "action": 1},
        {"game": 1, "action": 1, "ply": 3},
        {1: 2, "action": 1},
    ],
)
def test_malformed_turns_are_refused(data: object):
    with pytest.raises(RefusedError) as refusal:
        parse_turn(data)
    assert refusal.value.code is Refusal.MALFORMED


def test_malformed_references_are_refused():
    for data in (None, {}, {"game": None}, {"game": 1, "now": True}):
        for parse in (parse_leave, parse_rematch):
            with pytest.raises(RefusedError):
                parse(data)


@pytest.mark.parametrize(
    "data", [7, {"game": 1}, *({"game": 1, "ply": ply} for ply in (0, -1, True, 1.0, "1", 10**9))]
)
def test_malformed_echoes_are_refused(data: object):
    assert parse_echo({"game": 1, "ply": 30}) == Echo(1, 30)
    with pytest.raises(RefusedError) as refusal:
        parse_echo(data)
    assert refusal.value.code is Refusal.MALFORMED


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"game": 1},
        {"game": 0, "key": "ab" * 16},
        {"game": 1, "key": "ab" * 15},
        {"game": 1, "key": "AB" * 16},
        {"game": 1, "key": "ab" * 16 + "\n"},
        {"game": 1, "key": 7},
    ],
)
def test_malformed_returns_are_refused(data: object):
    assert parse_resume({"game": 1, "key": "ab" * 16}) == Resume(1, "ab" * 16)
    with pytest.raises(RefusedError) as refusal:
        parse_resume(data)
    assert refusal.value.code is Refusal.MALFORMED


def test_a_refusal_travels_as_code_and_message():
    error = RefusedError(Refusal.UNKNOWN_GAME, "not_running", game=3)
    assert refused(error) == {"code": "unknown_game", "message": "Game 3 is not running."}
