"""`tron bench`, with benchmarks of a made-up package that is really installed."""

import json
import os
import subprocess
import sys

import pytest

from tron_env.cli_bench import names_to_run

SOURCE = """
from tron_env.benchmarks import Measurement

def lights(setting):
    setting.note("counting lights")
    print("a stray line")
    yield Measurement("lights: bright", 2.5e6, "per s", target=1e6)
    yield Measurement("lights: cost", 0.25, "of time", target=0.1, at_most=True)
    if not setting.quick and setting.only in "lights: weight":
        yield Measurement("lights: weight", 3.0, "g")

def broken(setting):
    yield Measurement("broken: before", 1.0, "s")
    raise RuntimeError("the lamp fell")
"""
ENTRIES = """
[tron.benchmarks]
broken = lamps:broken
lights = lamps:lights
mistaken = mistaken.speed:bench
needy = needy:bench
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Run `tron bench` with arguments; return its status and both outputs."""
    place = tmp_path_factory.mktemp("installed")
    (place / "lamps.py").write_text(SOURCE)
    (place / "needy.py").write_text("import unheard_of")
    (place / "mistaken").mkdir()
    (place / "mistaken" / "speed.py").write_text("import mistaken.sped")
    info = place / "lamps-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lamps\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRIES)

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", "from tron_env.cli import main; main()", "bench", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(place), "COLUMNS": "100"},
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_json_is_a_list_of_what_was_measured_with_its_target(bench):
    status, told, notes = bench("lights", "--json")
    assert status == 0
    assert json.loads(told) == [
        {"metric": "lights: bright", "value": 2.5e6, "unit": "per s", "target": 1e6, "met": True},
        {"metric": "lights: cost", "value": 0.25, "unit": "of time", "target": 0.1, "met": False},
        {"metric": "lights: weight", "value": 3.0, "unit": "g", "target": None, "met": None},
    ]
    assert "lights: counting lights" in notes
    assert "a stray line" in notes


def test_plain_lines_name_the_machine_and_every_verdict(bench):
    status, told, _ = bench("lights", "--quick")
    machine, bright, cost = told.splitlines()
    assert status == 0
    assert "cores, Python 3." in machine
    assert bright.split("  ") == ["lights: bright", "2,500,000", "per s", ">= 1e+06", "met"]
    assert cost.split("  ") == ["lights: cost", "0.25", "of time", "<= 0.1", "missed"]


def test_one_that_fails_is_told_and_leaves_the_others_their_numbers(bench):
    status, told, errors = bench("broken", "lights", "--quick", "--json")
    assert status == 1
    assert [row["metric"] for row in json.loads(told)] == [
        "broken: before",
        "lights: bright",
        "lights: cost",
    ]
    assert "the lamp fell" in errors
    assert "error: benchmark broken ended with 1" in errors


def test_unknown_names_are_usage_errors_that_name_the_known(bench):
    status, _, told = bench("lamps")
    assert status == 2
    assert "'lamps' is none of " in told
    assert "broken, " in told
    assert "lights" in told
    assert told.rstrip().endswith("all")


def test_a_benchmark_of_many_rows_is_told_which_are_wanted(bench):
    metrics = [
        {row["metric"] for row in json.loads(bench("lights", "--only", only, "--json")[1])}
        for only in ("weight", "colour")
    ]
    assert metrics[0] - metrics[1] == {"lights: weight"}


def test_one_that_lacks_a_package_says_so_and_fails_where_it_was_asked_for(bench):
    status, told, notes = bench("needy", "lights", "--quick", "--json")
    assert status == 1
    assert len(json.loads(told)) == 2
    assert "needy: left out, as unheard_of is not installed" in notes


def test_one_whose_own_module_is_missing_is_not_merely_left_out(bench):
    status, _, notes = bench("mistaken", "lights", "--quick", "--json")
    assert status == 1
    assert "No module named 'mistaken.sped'" in notes
    assert "left out" not in notes


def test_the_engine_is_followed_by_training_in_the_same_run():
    assert names_to_run(("engine", "search", "engine"), ["engine", "search", "train"]) == [
        *("engine", "train", "search")
    ]
    assert names_to_run(("engine",), ["engine"]) == ["engine"]
