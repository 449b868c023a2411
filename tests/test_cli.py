"""The `tron` command as a whole, run as users run it."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from replays.format import encode
from tests.replays.games import play
from tron_env.cli import COMMAND_GROUP, tron
from tron_env.ruleset import ARENA

COMMANDS = tron.list_commands(click.Context(tron))

# What the installed script holds, so that the tests need no particular environment on PATH.
SCRIPT = "import sys; sys.argv[0] = 'tron'; from tron_env.cli import main; sys.exit(main())"


def run(*arguments, stdin=b""):
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, input=stdin, check=False)


@pytest.fixture
def game(tmp_path):
    path = tmp_path / "game.trp"
    path.write_bytes(encode(play(ARENA, 22)))
    return path


def test_help_lists_every_command_with_its_purpose():
    result = CliRunner().invoke(tron, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        line = next(line for line in result.output.splitlines() if line.startswith(f"  {name} "))
        assert line.removeprefix(f"  {name} ").strip(), f"{name} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(tron, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: tron {name}")


def test_every_command_of_the_project_is_installed():
    assert COMMAND_GROUP == "tron.commands"
    assert {"replay", "train", "export", "validate", "submit", "duel", "round", "serve", "up"} <= {
        *COMMANDS
    }


def test_help_is_instant():
    """It loads no array, database or web library, which is what takes time."""
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from tron_env.cli import tron\n"
            "tron.main(['--help'], standalone_mode=False)\n"
            "print('loaded:', *{'numpy', 'sqlalchemy', 'flask'} & {*sys.modules})",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert loaded.splitlines()[-1] == "loaded:"


def test_version_is_the_packages():
    result = run("--version")
    assert result.returncode == 0
    assert b"version" in result.stdout


def test_unknown_commands_are_usage_errors():
    result = run("derezz")
    assert result.returncode == 2
    assert b"No such command 'derezz'" in result.stderr
    assert b"Traceback" not in result.stderr


def test_replay_show_from_a_file_and_from_standard_input(game):
    from_file = run("replay", "show", game)
    assert from_file.returncode == 0
    assert b"result" in from_file.stdout
    assert b"\x1b" not in from_file.stdout, "no colours off a terminal"
    piped = run("replay", "show", "-", stdin=game.read_bytes())
    assert piped.stdout == from_file.stdout


def test_replay_verify_sets_the_exit_status(game, tmp_path):
    damaged = tmp_path / "damaged.trp"
    damaged.write_bytes(game.read_bytes()[:-1])
    assert run("replay", "verify", game).returncode == 0
    result = run("replay", "verify", game, damaged, "--json")
    assert result.returncode == 1
    assert [verdict["ok"] for verdict in json.loads(result.stdout)] == [True, False]


def test_expected_errors_are_one_line_without_traceback(tmp_path):
    result = run("replay", "show", tmp_path / "missing.trp")
    assert result.returncode == 1
    assert result.stderr.startswith(b"error: ")
    assert len(result.stderr.splitlines()) == 1


def test_usage_errors_exit_with_2(game):
    assert run("replay", "show", game, "--ply", "9999").returncode == 2
    assert run("replay", "verify").returncode == 2
