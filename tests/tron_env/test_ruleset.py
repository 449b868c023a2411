import pytest
from hypothesis import given
from hypothesis import strategies as st

from tron_env.errors import RulesetError
from tron_env.ruleset import APEX, ARENA, Ruleset, SpawnLayout, ruleset_named


def test_presets():
    assert Ruleset(32, 32, SpawnLayout.CORNERS, 500) == APEX
    assert Ruleset(32, 32, SpawnLayout.MIRRORED, 500) == ARENA
    assert ruleset_named("apex") is APEX
    assert ruleset_named("arena") is ARENA
    with pytest.raises(RulesetError, match="'huge'; known are apex, arena"):
        ruleset_named("huge")


@given(height=st.integers(8, 64), width=st.integers(8, 64))
def test_the_default_limit_never_cuts_a_game_on_an_even_board(height, width):
    ruleset = Ruleset(height, width)
    assert ruleset.max_plies == max(500, (height - 2) * (width - 2) // 2)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"height": 7}, "height is 7; allowed are 8 to 64"),
        ({"width": 65}, "width is 65; allowed are 8 to 64"),
        ({"height": 8.5}, r"height is 8\.5; allowed are 8 to 64"),
        ({"width": "16"}, "width is '16'; allowed are 8 to 64"),
        ({"width": True}, "width is True; allowed are 8 to 64"),
        ({"max_plies": 10.0}, r"max_plies is 10\.0; allowed are whole numbers"),
        ({"max_plies": -1}, "max_plies is -1; allowed are 1 to 65535"),
        ({"max_plies": 65_536}, "max_plies is 65536"),
        ({"spawn": "middle"}, "spawn is 'middle'; allowed are corners, mirrored"),
    ],
)
def test_errors_name_the_field_and_its_range(fields, told):
    with pytest.raises(RulesetError, match=told):
        Ruleset(**fields)


def test_layouts_may_be_given_by_name():
    assert Ruleset(spawn="corners") == APEX
