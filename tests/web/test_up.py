"""`tron up` as its user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.web.site import Rider

COMMAND = [sys.executable, "-c", "from tron_env.cli import main; main()"]
START_SECONDS = 240
ROUND_SECONDS = 600
STOP_SECONDS = 120


class Up:
    """A running `tron up`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def status(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/status", timeout=START_SECONDS) as answer:
            return json.load(answer)

    def wait_for(self, key: str, seconds: float) -> Any:
        """Return the status once ``key`` of it (``champion.round`` as such) is not None."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.status()
            value = status
            for part in key.split("."):
                value = value[part]
            if value is not None:
                return status
            time.sleep(0.2)
        raise TimeoutError(f"{key} stayed None for {seconds} seconds")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def listen_for(self, text: str) -> None:
        """Wait until it has said something, for which the status may be ahead of it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}")

    def stop(self, by: signal.Signals) -> str:
        """Return the rest of the output after a clean end."""
        self.process.send_signal(by)
        rest, _ = self.process.communicate(timeout=STOP_SECONDS)
        assert self.process.returncode == 0, rest
        assert "Traceback" not in rest
        return rest


def command_of(child: psutil.Process) -> list[str]:
    """Return a process's command, nothing where it has ended meanwhile."""
    with suppress(psutil.Error):
        return child.cmdline()
    return []


def plays_a_round(child: psutil.Process) -> bool:
    """Tell the process of the first round from those that check models and analyse games."""
    return "web.first_round" in command_of(child)


@contextmanager
def running_up(home: Path) -> Iterator[Up]:
    process = subprocess.Popen(
        [*COMMAND, "up", "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield Up(process, found.group())
                break
        else:
            raise AssertionError("it ended without an address")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_up_serves_at_once_survives_a_stop_and_crowns_on_the_open_site(tmp_path: Path):
    with running_up(tmp_path) as site:
        status = site.status()
        assert status["champion"]["round"] is None, "playable before any round is done"
        site.wait_for("running", START_SECONDS)
        family = site.family()
        assert any(plays_a_round(child) for child in family), "in a process of its own"
        assert "stopped" in site.stop(signal.SIGINT)
        assert psutil.wait_procs(family, timeout=STOP_SECONDS)[1] == []

    with running_up(tmp_path) as site:
        rider = Rider(site.url)
        assert rider.join("champion", 8)["opponent"]["round"] in (None, 1)
        status = site.wait_for("champion.round", ROUND_SECONDS)
        assert status["running"] is None
        game = rider.join("champion", 8)
        assert game["opponent"]["round"] == status["champion"]["round"] == 1
        assert rider.next("tick")[0] == game["game"]
        rider.close()
        site.listen_for("champion of round 1")
        assert "stopped" in site.stop(signal.SIGTERM)

    with running_up(tmp_path) as site:
        assert site.status()["champion"]["round"] == 1
        assert site.status()["running"] is None, "there is no second first round"
        assert not any(plays_a_round(child) for child in site.family())
        family = site.family()
        assert any("web.page_process" in command_of(child) for child in family)
        site.process.kill()
        assert psutil.wait_procs(family, timeout=STOP_SECONDS)[1] == [], "none outlives the site"


def test_a_taken_port_is_said_in_one_line(tmp_path: Path):
    with running_up(tmp_path) as site:
        port = site.url.rpartition(":")[2]
        ended = subprocess.run(
            [*COMMAND, "serve", "--port", port],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            env=os.environ | {"TRON_HOME": str(tmp_path / "other")},
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith("error: cannot serve on 127.0.0.1 port")
        assert ended.stderr.count("\n") == 1
        site.stop(signal.SIGINT)
