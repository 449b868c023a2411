"""What ``docs/`` holds is run."""

import doctest
import re
import subprocess
import sys

import pytest

from tests.modules import ROOT


def test_the_training_script_is_short_and_runs():
    pytest.importorskip("torch")
    script = ROOT / "docs" / "train_in_five_minutes.py"
    assert len(script.read_text().splitlines()) <= 40
    command = [sys.executable, "-W", "error", str(script), "64"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[\d.]+% of 256 games won after \d+ s\n", done.stdout)


def test_the_pages_examples_print_what_they_say():
    ran = doctest.testfile(str(ROOT / "docs" / "environment.md"), module_relative=False)
    assert ran.attempted > 30
    assert not ran.failed
