import pytest
from sqlalchemy import make_url

from arena.settings import SettingsError, load_settings, usable_cores
from arena.storage import open_storage


def test_a_home_holds_everything_by_default(tmp_path):
    settings = load_settings({"TRON_HOME": str(tmp_path / "new")})
    assert settings.home == tmp_path / "new"
    assert settings.home.is_dir()
    assert settings.database_url == f"sqlite:///{tmp_path}/new/arena.db"
    assert settings.models == settings.home / "models"
    assert settings.workers == usable_cores()


def test_the_environment_decides(tmp_path):
    url = "postgresql+psycopg://tron@db.example/tron"
    environ = {"TRON_HOME": str(tmp_path), "TRON_DATABASE_URL": url, "TRON_WORKERS": "3"}
    settings = load_settings(environ)
    assert (settings.database_url, settings.workers) == (url, 3)


@pytest.mark.parametrize("name", ["what?", "c#", "100%", "50%25", "a&b=c", "blank é"])
def test_a_home_may_be_called_anything(tmp_path, name):
    settings = load_settings({"TRON_HOME": str(tmp_path / name)})
    assert make_url(settings.database_url).database == str(tmp_path / name / "arena.db")
    open_storage(settings).close()
    assert (tmp_path / name / "arena.db").is_file()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRON_DATABASE_URL", "arena.db"),
        ("TRON_DATABASE_URL", "mysql://host/name"),
        ("TRON_WORKERS", "0"),
        ("TRON_WORKERS", "many"),
        ("TRON_WORKERS", "-1"),
        ("TRON_HOME", "/dev/null/home"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, name, value):
    with pytest.raises(SettingsError, match=name):
        load_settings({"TRON_HOME": str(tmp_path)} | {name: value})
