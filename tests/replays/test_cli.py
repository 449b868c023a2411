import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from replays.cli import play_boards
from replays.cli import replay as command
from replays.format import Ending, encode
from replays.playback import Playback
from replays.view import replay_view
from tests.replays.games import alive, play
from tron_env.errors import TronArenaError
from tron_env.render import render_ansi
from tron_env.ruleset import ARENA
from tron_env.types import DeathCause, Outcome

GAME = play(ARENA, 22, careful=1.0, models=(b"\xab" * 8, bytes(8)))


def forged():
    """A game whose record says that the loser won, under a valid checksum."""
    winner = GAME.outcome.winner
    causes = [DeathCause.NONE, DeathCause.NONE]
    causes[winner] = DeathCause.WALL
    outcome = Outcome.SECOND_WINS if winner == 0 else Outcome.FIRST_WINS
    return replace(GAME, outcome=outcome, causes=tuple(causes))


def tron_replay(*arguments, **options):
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **options)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "game.trp"
    path.write_bytes(encode(GAME))
    return path


@pytest.fixture
def forged_file(tmp_path):
    path = tmp_path / "forged.trp"
    path.write_bytes(encode(forged()))
    return path


def board(ply, *, colour=False):
    return render_ansi(Playback(GAME).state(ply), colour=colour)


def test_show_ends_with_the_last_board_and_the_facts(file):
    result = tron_replay("show", file)
    assert result.exit_code == 0
    assert result.output.startswith(board(GAME.plies))
    assert "model abababababababab" in result.output
    assert f"{GAME.plies} of at most 500" in result.output


def test_show_a_chosen_ply_in_colour(file):
    result = tron_replay("show", file, "--ply", 3, "--color")
    assert result.output.startswith(board(3, colour=True))
    assert "\x1b[" in result.output


def test_show_reads_standard_input():
    result = tron_replay("show", "-", input=encode(GAME))
    assert result.exit_code == 0
    assert result.output.startswith(board(GAME.plies))


def test_show_json_is_what_a_viewer_draws(file):
    result = tron_replay("show", file, "--json")
    expected = replay_view(GAME, ("model abababababababab", "rider 1"), ("model", "person"))
    assert json.loads(result.output) == expected


def test_play_off_a_terminal_prints_every_board_at_once(file):
    result = tron_replay("show", file, "--play", "--ply", 2)
    boards = "".join(board(ply) + "\n" for ply in range(2, GAME.plies + 1))
    assert result.output.startswith(boards)


def test_play_on_a_terminal_keeps_each_board_for_a_while(capsys):
    drawn, pauses = [], []
    play_boards(range(3, 6), drawn.append, pause_s=0.1, sleep=pauses.append)
    assert drawn == [3, 4, 5]
    assert pauses == [0.1] * 3
    assert capsys.readouterr().out == "\x1b[2J" + "\x1b[H" * 3


@pytest.mark.parametrize(
    "arguments", [["--ply", 999], ["--ply", -1], ["--json", "--play"], ["--speed", 0]]
)
def test_impossible_requests_are_usage_errors(file, arguments):
    assert tron_replay("show", file, *arguments).exit_code == 2


@pytest.mark.parametrize("content", [b"", b"hello", encode(GAME)[:-1], b"T" * 100_000])
def test_showing_what_is_no_replay_fails_with_a_reason(tmp_path, content):
    path = tmp_path / "bad"
    path.write_bytes(content)
    error = tron_replay("show", path).exception
    assert isinstance(error, TronArenaError)
    assert str(error)


def test_verify_proves_games(file):
    result = tron_replay("verify", file, file)
    assert result.exit_code == 0
    assert f"{file}  {GAME.plies} plies" in result.output
    assert "2 replays, 0 wrong" in result.output


def test_verify_accepts_stopped_games(tmp_path):
    stopped = replace(
        GAME,
        actions=GAME.actions[:4],
        outcome=Outcome.ONGOING,
        causes=alive(),
        ending=Ending.ABANDONED,
    )
    path = tmp_path / "stopped.trp"
    path.write_bytes(encode(stopped))
    assert tron_replay("verify", path).exit_code == 0


def test_verify_names_the_first_wrong_ply_and_goes_on(file, forged_file, tmp_path):
    missing = tmp_path / "missing.trp"
    result = tron_replay("verify", forged_file, missing, file)
    assert result.exit_code == 1
    assert f"{forged_file}  ply {GAME.plies}: outcome is recorded as" in result.output
    assert f"{missing}: there is no such replay" in result.output
    assert f"{file}  {GAME.plies} plies" in result.output
    assert "3 replays, 2 wrong" in result.output


def test_verify_json(file, forged_file):
    result = tron_replay("verify", file, forged_file, "--json")
    assert result.exit_code == 1
    good, bad = json.loads(result.output)
    assert good == {
        "replay": str(file),
        "ok": True,
        "plies": GAME.plies,
        "wrong_ply": None,
        "error": None,
        "models": [],
    }
    assert (bad["ok"], bad["wrong_ply"]) == (False, GAME.plies)


def test_verify_needs_a_replay():
    assert tron_replay("verify").exit_code == 2
