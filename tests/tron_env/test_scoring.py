import pytest

from tests.reference import reference_apex_score
from tron_env.errors import EngineError
from tron_env.scoring import apex_score
from tron_env.types import DeathCause, Outcome, Seat

NONE, WALL, SELF, OPPONENT, HEAD_ON = DeathCause
FIRST, SECOND, DRAW, TRUNCATED = (
    Outcome.FIRST_WINS,
    Outcome.SECOND_WINS,
    Outcome.DRAW,
    Outcome.TRUNCATED,
)

ROWS = [
    ("killed the other and lives", (NONE, OPPONENT), FIRST, (1.0, 0.1)),
    ("lives, the other hit a wall", (NONE, WALL), FIRST, (0.8, 0.0)),
    ("lives, the other hit its own trail", (SELF, NONE), SECOND, (0.0, 0.8)),
    ("each killed the other", (OPPONENT, OPPONENT), DRAW, (0.4, 0.4)),
    ("head-on", (HEAD_ON, HEAD_ON), DRAW, (0.4, 0.4)),
    ("killed the other and hit a wall", (WALL, OPPONENT), DRAW, (0.4, 0.1)),
    ("killed while the other hit its own trail", (OPPONENT, SELF), DRAW, (0.1, 0.4)),
    ("both alive at the end", (NONE, NONE), TRUNCATED, (0.25, 0.25)),
    ("both on walls", (WALL, WALL), DRAW, (0.0, 0.0)),
    ("own trail and wall", (SELF, WALL), DRAW, (0.0, 0.0)),
    ("forfeited by the second", (NONE, NONE), FIRST, (0.8, 0.0)),
    ("forfeited by the first", (NONE, NONE), SECOND, (0.0, 0.8)),
]


@pytest.mark.parametrize(("causes", "outcome", "scores"), [row[1:] for row in ROWS])
def test_rows(causes, outcome, scores):
    assert apex_score(causes, outcome) == scores


@pytest.mark.parametrize("first", [NONE, WALL, SELF, OPPONENT])
@pytest.mark.parametrize("second", [NONE, WALL, SELF, OPPONENT])
def test_every_ending_by_the_rules_matches_the_reference(first, second):
    causes = (first, second)
    outcome = {
        (True, True): TRUNCATED,
        (True, False): FIRST,
        (False, True): SECOND,
        (False, False): DRAW,
    }[first is NONE, second is NONE]
    expected = tuple(reference_apex_score(causes, seat) for seat in Seat)
    assert apex_score(causes, outcome) == expected


def test_an_unfinished_game_has_no_score():
    with pytest.raises(EngineError, match="unfinished"):
        apex_score((NONE, NONE), Outcome.ONGOING)
