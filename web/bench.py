"""`tron bench live`: how many people one core lets ride at once.

The web processes, inference included, are kept on one core and their clients on the others. There
are as many as get all but one tick in a hundred within ``LATE_MS`` of its time; every game is real,
steered twice a second, stored when it ends, while the heaviest pages are asked for once a second.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from tron_env.benchmarks import Measurement, Setting
from web.lateness import quantile_ms

LATE_MS: Final = 20.0
TARGET_GAMES: Final = 1000
TARGET_RATIO: Final = 8.0
SPEED: Final = 10
MODEL: Final = "zoo/wall-hugger"
"""At about 0.002 ms a position in a batch of 256 it leaves the transport to be measured."""
HEAVY_PAGES: Final = ("/replays", "/rounds", "/")
SETTLE_SECONDS: Final = 3
MEASURE_SECONDS: Final = 8
FIRST_CLIENTS: Final = {"lines": 2000, "plain": 300, "champion": 20, "light": 100}
"""What such a core may keep."""
GROWTH: Final = 1.4
RESOLUTION: Final = 0.08
"""How close the greatest load that was kept comes to the least that was not."""
TRIES: Final = 2
PATIENCE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen with so many clients."""

    clients: int
    p99_ms: float
    games: int
    ticks: int
    stored: int
    cpu: float
    void: int

    @property
    def kept(self) -> bool:
        """Whether ticks came in time, and all but a few clients were riding."""
        return self.p99_ms <= LATE_MS and self.games >= 0.97 * self.clients and not self.void


class Child:
    """A process that answers each line with a line of JSON."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: str = "") -> dict[str, Any]:
        """Return the answer to an order."""
        pipe: IO[str] = self._pipe(self._process.stdin)
        pipe.write(order + "\n")
        pipe.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next line it says."""
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"a process of the benchmark ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        """Have it end with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._pipe(self._process.stdin).close()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe(self._process.stdout).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def live(setting: Setting) -> Iterator[Measurement]:
    """Measure the transport, the plain way beside it, and two champions."""
    ours = _most(setting, "lines", MODEL, FIRST_CLIENTS["lines"])
    yield Measurement(
        "live: games at once on one core (the transport's figure)",
        ours.clients,
        "games",
        target=TARGET_GAMES,
    )
    yield Measurement(
        "live: p99 tick lateness with these", ours.p99_ms, "ms", target=LATE_MS, at_most=True
    )
    yield Measurement("live: ticks written a second with these", ours.ticks, "ticks")
    plain = _most(setting, "plain", MODEL, FIRST_CLIENTS["plain"])
    yield Measurement("live: games at once the plain way", plain.clients, "games")
    if plain.clients:
        yield Measurement(
            "live: against the plain way",
            ours.clients / plain.clients,
            "times",
            target=TARGET_RATIO,
        )
    else:
        setting.note("no ratio: a single client was too many the plain way")
    for crown in ("champion", "light"):
        model = _most(setting, "lines", crown, FIRST_CLIENTS[crown])
        yield Measurement(f"live: games at once against the {crown}", model.clients, "games")


def _most(setting: Setting, way: str, opponent: str, first: int) -> Load:
    """Return the greatest load that was kept: upwards in large steps, then halving the gap."""
    best = Load(0, 0.0, 0, 0, 0, 0.0, 0)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), way, opponent) as (server, riders),
    ):
        clients, too_many = first, 0
        while not too_many or too_many - best.clients > max(1, RESOLUTION * best.clients):
            load = _tried(setting, server, riders, f"{way} against {opponent}", clients)
            if load.kept:
                best = load
            else:
                too_many = clients
            if setting.quick and best.clients:
                break
            clients = (best.clients + too_many) // 2 if too_many else round(clients * GROWTH)
    return best


def _tried(setting: Setting, server: Child, riders: Child, name: str, clients: int) -> Load:
    """Measure with so many clients, again where they were too many: a neighbour may have been."""
    for _ in range(TRIES):
        riders.ask(f"have {clients}")
        load = _measured(setting, server, riders, clients)
        setting.note(
            f"{name}: {load.games} of {clients} ride, "
            f"p99 {load.p99_ms:.0f} ms, {100 * load.cpu:.0f}% of a core, {load.stored} stored"
        )
        if load.kept:
            break
    return load


def _measured(setting: Setting, server: Child, riders: Child, clients: int) -> Load:
    seconds = 4 if setting.quick else MEASURE_SECONDS
    riders.ask(f"ride {SETTLE_SECONDS}")
    server.ask()
    seen = riders.ask(f"measure {seconds}")
    told = server.ask()
    return Load(
        clients=clients,
        p99_ms=quantile_ms(seen["lateness"], 0.99),
        games=told["games"],
        ticks=round(seen["ticks"] / seconds),
        stored=told["stored"],
        cpu=told["cpu"],
        void=seen["void"],
    )


@contextmanager
def serving(home: Path, way: str, opponent: str) -> Iterator[tuple[Child, Child]]:
    """Serve on one core, with riders against ``opponent`` on the others and a reader of pages.

    Yields ``web.bench_server`` and ``web.bench_riders``, which say what they may be asked.
    """
    web, others = _cores()
    with Child("web.bench_server", str(home), way, web) as server:
        url = server.answer()["url"]
        with Child("web.bench_riders", url, opponent, str(SPEED), others) as riders:
            stop = threading.Event()
            reader = threading.Thread(target=_read_pages, args=(url, others, stop))
            reader.start()
            try:
                yield server, riders
            finally:
                stop.set()
                reader.join()


def _read_pages(url: str, cores: str, stop: threading.Event) -> None:
    if cores:
        # Whoever reads pages is a client as well; this is the thread's own affinity.
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    count = 0
    while not stop.wait(1.0):
        with (
            suppress(OSError),
            urllib.request.urlopen(url + HEAVY_PAGES[count % len(HEAVY_PAGES)], timeout=10) as page,
        ):
            page.read()
        count += 1


def _cores() -> tuple[str, str]:
    """Return one core for the web process and the others for its clients; "" where none is left."""
    if not hasattr(os, "sched_getaffinity"):
        return "", ""
    first, *others = sorted(os.sched_getaffinity(0))
    return str(first), ",".join(map(str, others))
