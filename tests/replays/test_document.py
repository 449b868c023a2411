import json

import pytest
from hypothesis import given, settings

from replays.document import from_document, to_document
from replays.errors import ReplayFormatError
from replays.format import decode
from tests.replays.games import play, replays
from tests.replays.test_format import GOLDEN, unplayed
from tron_env.ruleset import ARENA

GAME = play(ARENA, 22, models=(b"\xab" * 8, bytes(8)))


def test_a_document_reads_like_the_game():
    document = to_document(GAME, ("Ada", "Bo"))
    assert document["names"] == ["Ada", "Bo"]
    assert document["models"] == ["ab" * 8, None]
    assert document["ruleset"] == {
        "height": 32,
        "width": 32,
        "spawn": "mirrored",
        "max_plies": 500,
    }
    assert document["seed"] == "22"
    assert document["plies"] == GAME.plies
    assert [len(ways) for ways in document["headings"]] == [GAME.plies] * 2
    assert document["headings"][1][0] == "URDL"[GAME.actions[0, 1]]
    assert document["outcome"] == GAME.outcome.name.lower()


@given(replays())
@settings(max_examples=40, deadline=None)
def test_every_game_survives_the_round_trip_through_json_text(replay):
    document = json.loads(json.dumps(to_document(replay, ("Ada", "Bo"))))
    assert from_document(document) == (replay, ("Ada", "Bo"))


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("replay_v*.trp")), ids=lambda path: path.stem)
def test_golden_games_survive_it(path):
    replay = decode(path.read_bytes())
    assert from_document(to_document(replay, ("a", "b")))[0] == replay


def test_a_game_without_a_ply_survives_it():
    replay = unplayed()
    assert from_document(to_document(replay, ("a", "b")))[0] == replay


def test_documents_of_version_1_know_no_take_over():
    document = dict(to_document(GAME, ("Ada", "Bo"))) | {"version": 1}
    del document["takeover"]
    assert from_document(document)[0] == GAME


def test_names_may_be_missing():
    document = dict(to_document(GAME, ("Ada", "Bo")))
    del document["names"]
    assert from_document(document)[1] == ("model abababababababab", "rider 1")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("type", "chess", "replay.type"),
        ("version", 3, "replay.version is 3"),
        ("names", ["Ada"], "replay.names"),
        ("names", ["Ada", "B" * 201], "replay.names"),
        ("names", ["Ada", "\ud800"], "replay.names .* printable"),
        ("names", ["Ada\x1b[2J", "Bo"], "replay.names .* printable"),
        ("names", ["Ada", "Bo\x9b"], "replay.names .* printable"),
        ("plies", GAME.plies - 1, f"but there are {GAME.plies} headings"),
        ("plies", None, "replay.plies is None"),
        ("models", [None], "replay.models has not two"),
        ("models", ["zz" * 8, None], "replay.models"),
        ("models", ["ab", None], "replay.models must be 16"),
        ("seed", 22, "replay.seed is 22"),
        ("seed", "-1", "replay.seed"),
        ("seed", "99999999999999999999", "seed is 9999"),
        ("spawns", [], "replay.spawns has not two"),
        ("headings", ["U", "UU"], "replay.headings differ"),
        ("headings", ["X", "U"], "a letter other than URDL"),
        ("outcome", "victory", "'VICTORY' is none of the known names"),
        ("causes", ["none", "boredom"], "'BOREDOM'"),
        ("ending", "", "''"),
    ],
)
def test_wrong_fields_are_named(name, value, message):
    document = to_document(GAME, ("Ada", "Bo")) | {name: value}
    with pytest.raises(ReplayFormatError, match=message):
        from_document(document)


def test_wrong_rulesets_are_named():
    document = to_document(GAME, ("Ada", "Bo"))
    for field, value in (("height", 7), ("spawn", "circle"), ("max_plies", 0)):
        wrong = document | {"ruleset": document["ruleset"] | {field: value}}
        with pytest.raises(ReplayFormatError, match=field if field != "spawn" else "CIRCLE"):
            from_document(wrong)


def test_names_of_any_script_are_kept():
    names = ("Ада \u200d Ωμέγα", "\U0001f3cd 車")
    assert from_document(json.loads(json.dumps(to_document(GAME, names))))[1] == names
