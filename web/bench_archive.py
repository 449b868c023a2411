"""`tron bench archive`: a season of a million replays, searched, and read by fifty people at once.

The season is made in a temporary folder, or in the file that ``--keep`` names, to be there for the
next run. The site is `tron serve`, or as `docs/operating.md` says for production, with what works
behind it; readers are a process of their own.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from arena.bench_archive import searched, watched
from arena.bench_season import WHOLE, Season, populate
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from tron_env.benchmarks import Measurement, Setting
from web.bench_pages import pages_of
from web.bench_readers import Visit, alone, order
from web.page_processes import MODULE as PAGES

QUICK: Final = Season(games=30_000, submissions=2280, replays=40)
READERS: Final = 50
SECONDS: Final = 60.0
WARM_SECONDS: Final = 10.0
QUICK_SECONDS: Final = 10.0
ALONE_ROUNDS: Final = 15
QUICK_ALONE_ROUNDS: Final = 3
MEDIAN_MS, P99_MS = 50.0, 150.0
START_SECONDS: Final = 300.0
ADDRESS: Final = "127.0.0.1"
SERVE: Final = ("-c", "from tron_env.cli import main; main()", "serve", "--port", "{port}")
PRODUCTION: Final = (
    *("-m", "gunicorn", "--worker-class", "web.gunicorn_worker.LiveWorker", "--workers", "1"),
    *("--bind", f"{ADDRESS}:{{port}}", "--log-level", "error", "web.app:site()"),
)


def archive(setting: Setting) -> Iterator[Measurement]:
    """Measure searches, every page alone, and every page under fifty readers."""
    season = QUICK if setting.quick else WHOLE
    with tempfile.TemporaryDirectory() as home:
        file = (setting.keep or Path(home) / "arena.db").resolve()
        environ = {"TRON_HOME": home, "TRON_DATABASE_URL": f"sqlite:///{file}"}
        with open_storage(load_settings(environ)) as storage:
            if not storage.newest_game():
                setting.note(f"storing a season with {season.games:,} games")
                populate(storage, season)
            setting.note("searching")
            yield from searched(storage)
            yield from watched(storage, season.games)
            yield from _site(setting, environ, storage, season)
            games = storage.newest_game()
        yield Measurement("archive: database", file.stat().st_size / games, "bytes a game")


def _site(
    setting: Setting, environ: dict[str, str], storage: Storage, season: Season
) -> Iterator[Measurement]:
    lap = list(pages_of(storage, season, QUICK_ALONE_ROUNDS if setting.quick else ALONE_ROUNDS))
    mixed = list(pages_of(storage, season, 400))
    with _served(environ, SERVE) as (url, process):
        setting.note("reading every page alone")
        alone(url, lap)
        yield from _alone(url, process, lap)
        setting.note(f"{READERS} readers, one page a second each")
        yield from _crowd("archive", url, process, mixed, setting.quick)
    if not setting.quick:
        with _served(environ, PRODUCTION) as (url, process):
            setting.note(f"{READERS} readers under gunicorn")
            yield from _crowd("archive: gunicorn", url, process, mixed, setting.quick)


def _alone(
    url: str, process: psutil.Process, lap: Sequence[tuple[str, str]]
) -> Iterator[Measurement]:
    """Read pages one after the other: how long each kind takes, and how much CPU time."""
    by_kind: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, path in lap:
        by_kind[kind].append((kind, path))
    for kind, pages in by_kind.items():
        before = _cpu_ms(process)
        took = [each for _, each in alone(url, pages)]
        cpu = (_cpu_ms(process) - before) / len(pages)
        name = f"archive: {kind} alone"
        yield Measurement(f"{name}, median", statistics.median(took), "ms", MEDIAN_MS, at_most=True)
        yield Measurement(f"{name}, CPU", cpu, "ms")


def _crowd(
    name: str, url: str, process: psutil.Process, pages: list[tuple[str, str]], quick: bool
) -> Iterator[Measurement]:
    warm = WARM_SECONDS / 5 if quick else WARM_SECONDS
    _readers(Visit(url, READERS, warm, pages[::-1]))
    before, seconds = _cpu_ms(process), QUICK_SECONDS if quick else SECONDS
    seen = _readers(Visit(url, READERS, seconds, pages))
    cpu = (_cpu_ms(process) - before) / (1000 * seconds)
    by_kind: dict[str, list[float]] = defaultdict(list)
    for kind, took in seen:
        by_kind[kind].append(took)
    for kind, each in sorted(by_kind.items()):
        yield from _spread(f"{name}: {kind} among {READERS} readers", each)
    yield from _spread(f"{name}: all pages among {READERS} readers", [took for _, took in seen])
    yield Measurement(f"{name}: pages read", len(seen) / seconds, "a second")
    yield Measurement(f"{name}: the web processes meanwhile", cpu, "cores")


def _spread(name: str, took: Iterable[float]) -> Iterator[Measurement]:
    ordered = sorted(took)
    median, p99 = statistics.median(ordered), ordered[int(0.99 * (len(ordered) - 1))]
    yield Measurement(f"{name}, median", median, "ms", MEDIAN_MS, at_most=True)
    yield Measurement(f"{name}, p99", p99, "ms", P99_MS, at_most=True)


def _readers(asked: Visit) -> list[tuple[str, float]]:
    """Have readers, in a process of their own, read."""
    command = [sys.executable, "-m", "web.bench_readers"]
    done = subprocess.run(
        command, input=order(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    return [(kind, took) for kind, took in json.loads(done.stdout)]


@contextmanager
def _served(
    environ: dict[str, str], arguments: Sequence[str]
) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a season; yield the address, and the process that answers."""
    with socket.create_server((ADDRESS, 0)) as bound:
        port = bound.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, *(each.format(port=port) for each in arguments)],
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://{ADDRESS}:{port}"
    try:
        _await(url, child)
        yield url, _answering(psutil.Process(child.pid), port)
    finally:
        child.terminate()
        child.wait()


def _await(url: str, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if child.poll() is not None:
            raise RuntimeError(f"the site ended with {child.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _answering(process: psutil.Process, port: int) -> psutil.Process:
    """Return the process that serves: gunicorn's worker is a child of what was started."""
    workers = [each for each in process.children() if f":{port}" in " ".join(each.cmdline())]
    return workers[0] if workers else process


def _cpu_ms(process: psutil.Process) -> float:
    """Return the CPU time of the process that serves and of its page processes."""
    pages = [each for each in process.children() if PAGES in each.cmdline()]
    times = [each.cpu_times() for each in (process, *pages)]
    return float(sum(each.user + each.system for each in times)) * 1000
