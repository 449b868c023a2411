from pathlib import Path

import pytest

from web.config import DEFAULT_CAPACITY, SECRET_FILE, load_config
from web.errors import ConfigError


def test_the_session_key_is_drawn_once_and_private(tmp_path: Path):
    environ = {"TRON_HOME": str(tmp_path)}
    first, again = load_config(environ), load_config(environ)
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) == 64
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]
    assert load_config({"TRON_HOME": str(tmp_path / "other")}).secret_key != first.secret_key


def test_the_environment_comes_first(tmp_path: Path):
    environ = {
        "TRON_HOME": str(tmp_path),
        "TRON_SECRET_KEY": "k" * 32,
        "TRON_LIVE_CAPACITY": "7",
        "TRON_PAGE_PROCESSES": "0",
    }
    config = load_config(environ)
    assert (config.secret_key, config.capacity, config.page_processes) == ("k" * 32, 7, 0)
    assert not (tmp_path / SECRET_FILE).exists()
    assert load_config({"TRON_HOME": str(tmp_path)}).capacity == DEFAULT_CAPACITY
    assert load_config({"TRON_HOME": str(tmp_path)}).page_processes >= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRON_SECRET_KEY", "short"),
        ("TRON_LIVE_CAPACITY", "0"),
        ("TRON_LIVE_CAPACITY", "many"),
        ("TRON_LIVE_CAPACITY", "-3"),
        ("TRON_LIVE_CAPACITY", "100000"),
        ("TRON_SECURE_COOKIES", "yes"),
        ("TRON_PAGE_PROCESSES", "1000"),
    ],
)
def test_nonsense_is_named(tmp_path: Path, name: str, value: str):
    with pytest.raises(ConfigError, match=name):
        load_config({"TRON_HOME": str(tmp_path), name: value})


def test_a_damaged_key_is_not_used(tmp_path: Path):
    (tmp_path / SECRET_FILE).write_text("oops")
    with pytest.raises(ConfigError, match="damaged"):
        load_config({"TRON_HOME": str(tmp_path)})
