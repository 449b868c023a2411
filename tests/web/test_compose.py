"""`docker-compose.yml` held against the code that it starts; `test_production` runs its command."""

import ast
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from sqlalchemy import make_url

from web.app import create_app
from web.config import load_config

ROOT = Path(__file__).parents[2]
SECRETS = {"POSTGRES_PASSWORD": "p" * 16, "TRON_SECRET_KEY": "k" * 32}
COMPOSED: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SITE = COMPOSED["services"]["site"]


def shell_steps() -> list[list[str]]:
    """Return the commands that the site's container runs one after the other."""
    shell, flag, script = shlex.split(SITE["command"])
    assert (shell, flag) == ("sh", "-c")
    return [shlex.split(step) for step in script.split("&&")]


def gunicorn_command(bind: str = "") -> list[str]:
    """Return the last of them, without what has it take the shell's place; at another address."""
    takes_over, *command = shell_steps()[-1]
    assert takes_over == "exec", "else signals end the shell, and not the site"
    if bind:
        command[command.index("--bind") + 1] = bind
    return command


def environment(tmp_path: Path) -> dict[str, str]:
    told = {
        name: re.sub(r"\$\{(\w+):\?\}", lambda found: SECRETS[found[1]], value)
        for name, value in SITE["environment"].items()
    }
    return told | {"TRON_HOME": str(tmp_path)}


def test_every_setting_is_known_and_can_be_used(tmp_path: Path):
    documented = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [name for name in SITE["environment"] if f"`{name}`" not in documented] == []
    config = load_config(environment(tmp_path))
    assert urlsplit(config.redis_url).hostname in COMPOSED["services"]
    database = make_url(config.arena.database_url)
    server = COMPOSED["services"][database.host]["environment"]
    assert (database.username, database.database) == (
        server["POSTGRES_USER"],
        server["POSTGRES_DB"],
    )
    assert database.get_driver_name() == "psycopg"


def test_what_is_installed_is_what_is_needed():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [asked] = re.findall(r"\.\[([\w,]+)\]", SITE["command"])
    needed = extras["project"]["optional-dependencies"]
    assert {"postgres", "serve"} <= set(asked.split(",")) <= needed.keys()
    assert (ROOT / "constraints.txt").is_file()


def test_the_health_check_asks_an_address_of_the_site_at_its_port(tmp_path: Path):
    python, flag, code = SITE["healthcheck"]["test"][1:]
    assert (python, flag) == ("python", "-c")
    [asked] = [
        urlsplit(str(part.value))
        for part in ast.walk(ast.parse(code))
        if isinstance(part, ast.Constant) and "://" in str(part.value)
    ]
    command = gunicorn_command()
    port = command[command.index("--bind") + 1].rsplit(":", 1)[1]
    assert str(asked.port) == port
    assert [each.split(":")[1] for each in SITE["ports"]] == [port]
    app = create_app(load_config({"TRON_HOME": str(tmp_path), "TRON_PAGE_PROCESSES": "0"}))
    assert asked.path in {rule.rule for rule in app.url_map.iter_rules()}


def test_what_is_to_be_kept_is_kept_in_volumes():
    kept = {
        volume.split(":")[0]
        for service in COMPOSED["services"].values()
        for volume in service.get("volumes", ())
    }
    assert kept - {"."} == COMPOSED["volumes"].keys()
    assert f"data:{SITE['environment']['TRON_HOME']}" in SITE["volumes"]
    assert f".:{SITE['working_dir']}" in SITE["volumes"]
