"""`tron submit --server`: the whole way over a real network, with the real checker."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from arena.settings import SettingsError
from tests.arena import graphs
from tests.arena.rivals import rival
from tests.web.site import Site, checking
from tron_env.cli import tron
from tron_env.errors import TronArenaError


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("server")
    with checking(home) as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRON_TOKEN", raising=False)
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def submit(site: Site, tmp_path: Path) -> Any:
    def run(model: bytes, name: str, *options: str, status: int = 0) -> Result:
        path = tmp_path / "model.onnx"
        path.write_bytes(model)
        arguments = ["submit", str(path), "--name", name, "--server", site.url, *options]
        result = CliRunner().invoke(tron, arguments)
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


def test_a_name_is_registered_once_and_its_token_kept_for_its_owner_only(
    submit: Any, home: Path, site: Site
):
    told = json.loads(submit(rival(1), "ann", "--json").stdout)
    assert told["state"] == "accepted"
    assert told["verdict"]["checks"][-1]["passed"]
    assert len(told["trial"]["games"]) % 8 == 0
    kept = home / "tokens.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert set(json.loads(kept.read_text())[site.url]) == {"ann"}
    shown = submit(graphs.counts_with_random(), "ann", status=1)
    assert "FAIL" in shown.stdout
    assert "ann is rejected: operator RandomNormalLike is random" in shown.stderr
    kept.chmod(0o644)
    with pytest.raises(SettingsError, match="others can read"):
        submit(rival(2), "ann")


def test_a_token_comes_from_the_environment_or_the_option(
    submit: Any, home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
):
    _, token = site.services.miners.register("bob", "192.0.2.7")
    monkeypatch.setenv("TRON_TOKEN", token)
    submit(b"no model at all", "bob", status=1)
    with pytest.raises(TronArenaError, match="this token is bob's, not cid's"):
        submit(rival(3), "cid")
    with pytest.raises(TronArenaError, match="unknown or revoked"):
        submit(rival(3), "bob", "--token", "tron_wrong")
    assert not (home / "tokens.json").exists()


def test_what_the_server_refuses_is_said_in_its_words(submit: Any):
    with pytest.raises(TronArenaError, match="looks like one that is"):
        submit(rival(4), "champi0n")
    submit(b"once", "dora", status=1)
    with pytest.raises(TronArenaError, match="larger than the 16 MB"):
        submit(bytes((16 << 20) + 1), "dora")


@pytest.mark.parametrize("server", ["ftp://arena", "arena.example", "http://127.0.0.1:1"])
def test_a_server_that_is_none_is_told(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("arena.remote.REFUSED_PATIENCE_SECONDS", 0.1)
    path = tmp_path / "model.onnx"
    path.write_bytes(rival(1))
    arguments = ["submit", str(path), "--name", "ann", "--server", server]
    result = CliRunner().invoke(tron, arguments)
    assert isinstance(result.exception, TronArenaError)
    assert "no address" in str(result.exception) or "cannot be reached" in str(result.exception)
