from dataclasses import replace

import pytest

from replays.facts import facts, result_text, rider_kinds, rider_names
from replays.format import Ending
from tests.replays.games import alive, play
from tron_env.ruleset import ARENA
from tron_env.types import DeathCause, Outcome

NAMES = ("Ada", "Ben")
GAME = play(ARENA, 22, models=(b"\xab" * 8, bytes(8)))


@pytest.mark.parametrize(
    ("outcome", "causes", "ending", "text"),
    [
        ("FIRST_WINS", ("NONE", "WALL"), "RULES", "Ada wins: Ben hits the wall"),
        ("FIRST_WINS", ("NONE", "OPPONENT"), "RULES", "Ada wins: Ben hits the other's trail"),
        ("SECOND_WINS", ("SELF", "NONE"), "RULES", "Ben wins: Ada hits its own trail"),
        ("DRAW", ("HEAD_ON", "HEAD_ON"), "RULES", "draw: both meet head-on"),
        (
            "DRAW",
            ("WALL", "SELF"),
            "RULES",
            "draw: Ada hits the wall, Ben hits its own trail",
        ),
        ("TRUNCATED", ("NONE", "NONE"), "RULES", "draw: both ride on at the ply limit"),
        ("SECOND_WINS", ("NONE", "NONE"), "FORFEIT", "Ben wins: Ada forfeits"),
        ("DRAW", ("NONE", "NONE"), "FORFEIT", "nobody wins: both forfeit"),
        ("ONGOING", ("NONE", "NONE"), "ABANDONED", "abandoned: counts for nobody"),
    ],
)
def test_results_in_words(outcome, causes, ending, text):
    first, second = causes
    replay = replace(
        GAME,
        outcome=Outcome[outcome],
        causes=(DeathCause[first], DeathCause[second]),
        ending=Ending[ending],
    )
    assert result_text(replay, NAMES) == text


def test_riders_are_named_by_the_start_of_their_hash():
    assert rider_names(GAME) == ("model abababababababab", "rider 1")
    assert rider_kinds(GAME) == ("model", "person")


def test_a_model_against_itself_is_told_apart_by_seat():
    mirror_match = replace(GAME, models=(b"\xab" * 8, b"\xab" * 8))
    assert rider_names(mirror_match) == (
        "model abababababababab (0)",
        "model abababababababab (1)",
    )


def test_facts_name_start_and_result():
    rows = dict(facts(GAME, NAMES))
    assert rows["board"] == "32x32, mirrored start, seed 22"
    assert rows["plies"] == f"{GAME.plies} of at most 500"
    assert rows["result"] == result_text(GAME, NAMES)
    assert (rows["seat 0"], rows["seat 1"]) == NAMES
    stopped = replace(
        GAME, seed=None, outcome=Outcome.ONGOING, causes=alive(), ending=Ending.ABANDONED
    )
    assert dict(facts(stopped, NAMES))["board"].endswith("explicit start")
