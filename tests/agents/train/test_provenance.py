"""Run on copies of the module in checkouts of its own."""

import importlib.util
import shutil
import subprocess

import pytest

from agents.train import provenance


@pytest.fixture
def checkout(tmp_path):
    """A checkout that holds a copy of the module, committed."""
    copy = tmp_path / "agents" / "train" / "provenance.py"
    copy.parent.mkdir(parents=True)
    shutil.copy(provenance.__file__, copy)
    (tmp_path / "tron_env").mkdir()
    (tmp_path / "tron_env" / "kernel.py").write_text("")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (("init",), ("add", "."), (*identity, "commit", "-m", "first")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True)
    spec = importlib.util.spec_from_file_location("copied_provenance", copy)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tmp_path, module


def test_a_clean_checkout_is_its_commit(checkout):
    folder, module = checkout
    head = ["git", "-C", folder, "rev-parse", "--short", "HEAD"]
    expected = subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip()
    assert module.commit() == expected


def test_a_changed_checkout_says_so(checkout):
    folder, module = checkout
    (folder / "tron_env" / "kernel.py").write_text("changed\n")
    assert module.commit().endswith("+")


def test_a_checkout_whose_changes_git_cannot_tell_is_not_called_clean(checkout):
    folder, module = checkout
    (folder / ".git" / "index").write_bytes(b"broken")
    assert module.commit().endswith("?")
