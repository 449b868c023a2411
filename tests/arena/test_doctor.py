"""`tron doctor`: one line for each thing, and an exit status for those that are needed."""

import json

import pytest
from click.testing import CliRunner

from arena.doctor import PACKAGES, State, examine, hidden_packages
from tron_env.cli import tron


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)


def by_name(environ):
    return {finding.name: finding for finding in examine(environ)}


def test_what_is_needed_works_here_and_is_told_line_by_line():
    told = CliRunner().invoke(tron, ["doctor"])
    assert told.exit_code == 0
    rows = json.loads(CliRunner().invoke(tron, ["doctor", "--json"]).stdout)
    assert len(told.stdout.splitlines()) == len(rows)
    states = {row["name"]: row["state"] for row in rows}
    for needed in ("packages", "settings", "database", "sandbox"):
        assert states[needed] == "ok"
    assert all(row["advice"] for row in rows if row["state"] != "ok")


def test_what_fails_says_what_to_do(tmp_path):
    bad = {"TRON_HOME": str(tmp_path), "TRON_DATABASE_URL": "sqlite:////dev/null/arena.db"}
    found = by_name(bad)
    assert found["database"].state is State.FAILS
    assert "TRON_DATABASE_URL" in found["database"].advice
    assert found["display"].state is State.LACKS
    assert by_name(bad | {"DISPLAY": ":7"})["display"].detail == ":7"


def test_the_exit_status_is_1_where_something_needed_fails(monkeypatch):
    monkeypatch.setenv("TRON_WORKERS", "many")
    told = CliRunner().invoke(tron, ["doctor"])
    assert told.exit_code == 1
    assert "TRON_WORKERS" in told.stdout


def test_packages_found_elsewhere_are_named(tmp_path):
    assert hidden_packages() == {}
    assert set(hidden_packages(tmp_path)) == set(PACKAGES)
