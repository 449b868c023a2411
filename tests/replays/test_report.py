import json
import re

from click.testing import CliRunner

from replays.cli import replay as command
from replays.format import encode
from replays.report import analysis_view
from tests.replays.test_analysis import GIVES_A_WIN_AWAY, POCKET

NAMES = ("Ada", "Bo")
VIEW = analysis_view(GIVES_A_WIN_AWAY, NAMES)


def test_the_view_is_plain_data():
    assert json.loads(json.dumps(VIEW)) == VIEW


def test_graphs_have_a_point_for_each_ply():
    n = GIVES_A_WIN_AWAY.plies + 1
    assert VIEW["plies"] == n - 1
    for series in (*VIEW["territory"], *VIEW["reach"], VIEW["contested"]):
        assert len(series) == n
    for low, high in VIEW["room"]:
        assert len(low) == len(high) == n


def test_marks_and_sentences_name_their_ply_and_seat():
    missed = next(mark for mark in VIEW["marks"] if mark["kind"] == "missed_win")
    assert (missed["ply"], missed["seat"]) == (11, 0)
    assert VIEW["separation"] == 5
    assert VIEW["decided"] == 11
    facts = [fact for sentence in VIEW["sentences"] for fact in sentence["facts"]]
    assert {"kind": "missed_win", "ply": 11, "seat": 0, "numbers": [], "place": None} in facts


def test_the_score_is_the_sum_of_its_parts():
    assert abs(VIEW["interest"] - sum(VIEW["interest_parts"].values())) < 0.1


def analyzed(tmp_path, *options):
    (tmp_path / "game.trp").write_bytes(encode(GIVES_A_WIN_AWAY))
    arguments = ["analyze", str(tmp_path / "game.trp"), "--names", *NAMES, *options]
    return CliRunner().invoke(command, arguments)


def test_the_command_tells_what_decided_it(tmp_path):
    result = analyzed(tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(VIEW["title"])
    for sentence in VIEW["sentences"]:
        assert sentence["text"] in result.output
    assert "   11  missed win       Ada " in result.output


def test_the_command_prints_json(tmp_path):
    assert json.loads(analyzed(tmp_path, "--json").output) == VIEW


def test_the_command_shows_the_line_that_would_have_been_better(tmp_path):
    (tmp_path / "game.trp").write_bytes(encode(POCKET))
    arguments = ["analyze", str(tmp_path / "game.trp"), "--deep", "minimax:nodes=100"]
    result = CliRunner().invoke(command, [*arguments, "--confirm", "minimax:nodes=600"])
    assert result.exit_code == 0, result.output
    assert re.search(r"11  blunder .* better was right: →[↑→↓←]+ against [↑→↓←]+\n", result.output)


def test_the_deep_pass_adds_values_and_blunders(tmp_path):
    (tmp_path / "game.trp").write_bytes(encode(POCKET))
    arguments = ["analyze", str(tmp_path / "game.trp"), "--deep", "minimax:nodes=100"]
    arguments += ["--confirm", "minimax:nodes=600", "--json"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    view = json.loads(result.stdout)
    blunder = next(mark for mark in view["marks"] if mark["kind"] == "blunder")
    assert (blunder["ply"], blunder["seat"], blunder["better"]) == (11, 0, 1)
    assert blunder["line"][0] == 1
    assert len(view["deep"]["values"]) == len(view["deep"]["losses"][0]) + 1
    assert [mark["ply"] for mark in view["marks"]] == sorted(mark["ply"] for mark in view["marks"])
