"""`tron miner`: what an operator does with those who submit."""

import json

import pytest
from click.testing import CliRunner

from arena.miners import TokenRefusedError, known_by, local_miner
from arena.settings import load_settings
from arena.storage import open_storage
from tron_env.cli import tron
from tron_env.errors import TronArenaError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)


def run(*arguments):
    result = CliRunner().invoke(tron, ["miner", *arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout.strip()


def owner(token):
    with open_storage(load_settings()) as storage:
        return known_by(storage, token).name


def test_a_miner_is_invited_given_another_token_and_shut_out():
    assert "no miners yet" in run("list")
    first = run("invite", "ann")
    assert owner(first) == "ann"
    second = run("token", "ann")
    assert owner(second) == "ann"
    with pytest.raises(TokenRefusedError):
        owner(first)
    assert "no token any more" in run("revoke", "ann")
    with pytest.raises(TokenRefusedError):
        owner(second)
    with pytest.raises(TronArenaError, match="taken"):
        run("invite", "ANN")


def test_the_list_says_whose_token_was_revoked_and_who_never_had_one():
    for name in ("ann", "bea", "cid"):
        run("invite", name)
    run("revoke", "bea")
    run("revoke", "cid")
    run("token", "cid")
    with open_storage(load_settings()) as storage:
        local_miner(storage, "dan")
    lines = run("list").splitlines()
    assert [line.split()[1] for line in lines] == ["ann", "bea", "cid", "dan"]
    assert ["token" in line for line in lines] == [False, True, False, True]
    assert "token revoked" in lines[1]
    assert "no token" in lines[3]
    told = [row["token"] for row in json.loads(run("list", "--json"))]
    assert told == ["valid", "revoked", "valid", "none"]


def test_a_name_is_hidden_and_shown_again():
    run("invite", "ann")
    assert run("hide", "ann") == "ann is shown as miner-1"
    assert [(row["name"], row["shown"]) for row in json.loads(run("list", "--json"))] == [
        ("ann", "miner-1")
    ]
    assert run("show", "ann") == "ann is shown as ann"


def test_an_unknown_name_is_told():
    with pytest.raises(TronArenaError, match="no miner is called 'bob'"):
        run("hide", "bob")
