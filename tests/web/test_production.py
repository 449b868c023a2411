"""The site under gunicorn, and two processes that share a real Redis."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from flask_socketio import SocketIO

from arena.admission import receive
from arena.miners import local_miner
from arena.records import GameFilter, GameKind, SubmissionStatus
from arena.rounds import ensure_open
from arena.settings import load_settings
from arena.storage import open_storage
from replays.format import Ending
from tests.arena.rivals import rival
from tests.servers import Postgres
from tests.web.site import Rider
from tests.web.test_compose import gunicorn_command
from web.sockets import LIVE

PATIENCE_SECONDS = 120.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def await_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it was ready"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_SECONDS):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it was never ready")


@contextmanager
def gunicorn(home: Path, **environ: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as bound:  # handed on, so that nobody else gets it
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", *gunicorn_command(f"fd://{bound.fileno()}")),
                *("--log-level", "error", "--graceful-timeout", "60", "--timeout", "120"),
            ],
            env=os.environ | {"TRON_HOME": str(home), **environ},
            pass_fds=[bound.fileno()],
        )
    try:
        await_ready(url, process)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()


def test_gunicorn_serves_live_play_and_ends_games_as_abandoned(tmp_path: Path):
    with gunicorn(tmp_path) as (url, process):
        rider = Rider(url)
        game = rider.join("zoo/voronoi", 8)
        assert rider.next("tick")[0] == game["game"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        rider.close()
    with open_storage(load_settings({"TRON_HOME": str(tmp_path)})) as storage:
        (row,) = storage.search_games(GameFilter(kind=GameKind.HUMAN))
        assert row.ending is Ending.ABANDONED


def test_gunicorn_has_submissions_checked_and_rounds_planned_behind_it(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    with open_storage(settings) as storage:
        ensure_open(storage)
        row = receive(storage, local_miner(storage, "ann"), rival(1))

        def seen_to() -> bool:
            found, opened = storage.submission(row.id), storage.open_round()
            assert found is not None
            assert opened is not None
            return found.status is SubmissionStatus.ACCEPTED and opened.closes_at is not None

        with gunicorn(tmp_path, TRON_ROUND_EVERY="24h") as (_, process):
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not seen_to():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            family = psutil.Process(process.pid).children(recursive=True)
        assert psutil.wait_procs(family, timeout=PATIENCE_SECONDS)[1] == []


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    server = shutil.which("redis-server")
    assert server, "`make servers` installs Redis"
    folder = ["--save", "", "--dir", str(tmp_path)]
    url = ""
    while not url:  # another program may get the port before Redis does
        port = free_port()
        process = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1", *folder],
            stdout=subprocess.DEVNULL,
        )
        if answers(port, process):
            url = f"redis://127.0.0.1:{port}/0"
    try:
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until Redis answers; False where it has ended instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None:
        assert time.monotonic() < deadline
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.05)
    return False


def test_two_processes_on_one_postgresql_and_one_redis_are_one_site(
    tmp_path: Path, redis_url: str, postgres: Postgres, migrated: str
):
    shared = {
        "TRON_REDIS_URL": redis_url,
        "TRON_DATABASE_URL": postgres.url(postgres.fresh(migrated)),
        "TRON_SECRET_KEY": "a key for tests only",
        "TRON_LOG_JSON": "1",
    }
    with (
        gunicorn(tmp_path / "one", **shared) as (first, _),
        gunicorn(tmp_path / "two", **shared) as (second, _),
    ):
        riders = [Rider(first), Rider(second)]
        games = [rider.join("zoo/wall-hugger", 14) for rider in riders]
        assert games[0]["game"] != games[1]["game"], "numbers of two processes do not meet"
        news = SocketIO(message_queue=redis_url)
        stop = threading.Event()

        def announce() -> None:
            while not stop.wait(0.2):
                news.emit("over", {"text": "hello, everybody"}, namespace=LIVE)

        announcer = threading.Thread(target=announce)
        announcer.start()
        try:
            assert [rider.next("over")["text"] for rider in riders] == ["hello, everybody"] * 2
        finally:
            stop.set()
            announcer.join()
        ridden = riders[0].ride()
        with urllib.request.urlopen(f"{second}{ridden.stored['replay']}") as page:
            assert page.status == 200, "each shows what was ridden at the other"
        for rider in riders:
            rider.close()
