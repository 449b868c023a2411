import os
import sys

import click
import pytest

from tests.doubles import Entries
from tron_env import cli
from tron_env.errors import RulesetError


@click.command()
@click.pass_context
@click.argument("way")
def end(ctx: click.Context, way: str) -> None:
    """End in one of several ways."""
    if way == "expected":
        raise RulesetError("height is 3; allowed are 8 to 64")
    if way == "exit":
        ctx.exit(1)
    if way == "usage":
        raise click.UsageError("no such thing")
    if way == "abort":
        raise click.Abort
    click.echo(f"home {os.environ.get('TRON_HOME')}")


class Entry:
    value = "somebody.cli:command"

    def load(self):
        return end


class Broken(Entry):
    def load(self):
        raise ImportError("No module named 'torch'")


@pytest.fixture
def tron(monkeypatch, capsys):
    """Run `tron` with arguments; return its exit status and both outputs."""
    searches = []

    def search(group):
        searches.append(group)
        return Entries(end=Entry(), bad=Broken())

    monkeypatch.setattr(cli, "entry_points", search)
    monkeypatch.setenv("TRON_HOME", "unset")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tron", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as done:
            status = done.code or 0
        assert searches == ["tron.commands"], "all distributions are searched, but once"
        searches.clear()
        return status, *capsys.readouterr()

    return run


def test_status_tells_how_it_ended(tron):
    assert tron("end", "well") == (0, "home unset\n", "")
    assert tron("end", "expected") == (1, "", "error: height is 3; allowed are 8 to 64\n")
    assert tron("end", "exit")[0] == 1
    assert tron("end", "usage")[0] == 2
    assert tron("end", "abort") == (130, "", "aborted\n")
    assert tron("end")[0] == 2


def test_unknown_commands_are_usage_errors(tron):
    status, _, told = tron("fly")
    assert status == 2
    assert "No such command 'fly'" in told


def test_help_lists_each_command_with_its_line(tron):
    status, told, _ = tron("--help")
    assert status == 0
    assert "End in one of several ways." in told


def test_a_broken_command_says_so_in_its_place_and_leaves_the_others_usable(tron):
    status, told, _ = tron("--help")
    assert status == 0
    assert "Cannot be loaded: ImportError: No module named 'torch'" in told
    assert "End in one of several ways." in told
    for arguments in (("bad",), ("bad", "--help"), ("bad", "x", "--flag")):
        status, _, told = tron(*arguments)
        assert status == 1
        assert "somebody.cli:command" in told
        assert "No module named 'torch'" in told


def test_home_reaches_the_commands_as_an_absolute_path(tron, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tron("--home", "here", "end", "well")[1] == f"home {tmp_path.resolve() / 'here'}\n"
