"""Where compiled kernels are kept, each time seen by an interpreter of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tron_env.compiling import KEPT_FOLDERS, UNUSED_S, kernel_sources, source_digest

USE = """
import numpy as np
from tron_env.batch import BatchEngine
from tron_env.compiling import FOLDER_VARIABLE
from tron_env.ruleset import ARENA
engine = BatchEngine(ARENA, 1)
import os; print(os.environ[FOLDER_VARIABLE])
"""
SCALAR = """
from tron_env.compiling import kernel_folder, njit
import numpy as np
from tron_env.spawn import random_u64
random_u64(np.uint64(1), np.uint64(2))
print(sum(random_u64.stats.cache_hits.values()), kernel_folder("tron_env"))
"""


def run(code: str, **variables: str) -> tuple[list[str], str]:
    """Return the words on stdout, and stderr."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TRON_")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment | variables,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def test_kernels_are_compiled_once_into_the_home(tmp_path):
    home = tmp_path / "home"
    first, quiet = run(SCALAR, TRON_HOME=str(home))
    second, _ = run(SCALAR, TRON_HOME=str(home))
    assert home.stat().st_mode & 0o777 == 0o700  # secrets will lie there, too
    assert (first[0], second[0], quiet) == ("0", "1", "")
    assert Path(first[1]).parent == home / "kernels"
    assert any(Path(first[1]).rglob("spawn.random_u64*.nbc"))


def test_old_kernels_are_removed_once_unused_but_for_the_last_few(tmp_path):
    kernels = tmp_path / "kernels"
    long_ago = time.time() - 2 * UNUSED_S
    for k in range(KEPT_FOLDERS + 3):
        for package in ("tron_env", "others"):
            (kernels / f"{package}-{k}" / "deep").mkdir(parents=True)
            os.utime(kernels / f"{package}-{k}", (long_ago + k, long_ago + k))
    os.utime(kernels / "tron_env-0")
    words, _ = run(SCALAR, TRON_HOME=str(tmp_path))
    left = {folder.name for folder in kernels.iterdir()}
    lately = {"tron_env-0", *(f"tron_env-{k}" for k in range(4, KEPT_FOLDERS + 3))}
    assert {name for name in left if name.startswith("tron_env")} == lately | {Path(words[1]).name}
    assert len(left) == len(lately) + 1 + KEPT_FOLDERS + 3


def test_workers_use_the_folder_of_their_parent(tmp_path):
    code = USE + "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    code = code.replace("sys.argv[1]", repr(USE))
    words, _ = run(code, TRON_HOME=str(tmp_path))
    assert words == [str(tmp_path / "kernels")] * 2


@pytest.mark.parametrize("given", ["home", "kernels"])
def test_a_folder_that_cannot_be_written_is_said_once_and_does_no_harm(tmp_path, given):
    """Blocked by a file in the way, which stops even the superuser."""
    (tmp_path / "file").write_text("")
    blocked = str(tmp_path / "file" / "folder")
    variables = {"TRON_HOME": blocked} if given == "home" else {"TRON_KERNELS": blocked}
    words, said = run(SCALAR, **variables)
    assert said.count("cannot be kept in") == 1
    assert words[0] == "0"
    assert not Path(words[1]).exists(), "the temporary folder outlives the run"


PACKAGE = {
    "__init__.py": "",
    "cli.py": "from lights import rules\n",
    "rules.py": (
        "from tron_env.compiling import njit\n"
        "from lights.tables import (\n    SPEED,\n    WIDTH,\n)\n"
        "from .near import HERE\n"
        "from lights import deep\n"
    ),
    "tables.py": "import lights.units\nSPEED = WIDTH = lights.units.ONE\n",
    "units.py": "ONE = 1\n",
    "near.py": "HERE = 1\n",
    "deep/__init__.py": "from .below import LOW\n",
    "deep/below.py": "LOW = 1\n",
}
"""A kernel module, what its constants come from by every kind of import, and a bystander."""


@pytest.fixture
def lights(tmp_path, monkeypatch):
    package = tmp_path / "lights"
    for name, source in PACKAGE.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("lights.rules")
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "lights"]:
        del sys.modules[name]


def digest_of(package: str) -> str:
    source_digest.cache_clear()
    return source_digest(package)


@pytest.mark.parametrize("name", sorted(PACKAGE.keys() - {"cli.py"}))
def test_folders_are_named_by_the_source_of_kernels_and_of_what_they_import(lights, name):
    before = digest_of("lights")
    (lights / name).write_text(PACKAGE[name] + "two = 2\n")
    assert digest_of("lights") != before


def test_a_module_without_kernels_that_none_imports_leaves_the_folder_as_it_is(lights):
    before = digest_of("lights")
    (lights / "cli.py").write_text("a = 2\n")
    assert digest_of("lights") == before
    assert digest_of("tron_env") != before


def test_the_descriptions_compiled_into_the_graphs_twin_are_counted():
    import agents  # noqa: F401

    assert {"agents.graphs.twin", "agents.graphs.description", "tron_env.types"} <= set(
        kernel_sources("agents")
    )
