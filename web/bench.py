"""`tron bench live`: how many people one core lets ride at once.

The web processes, inference included, are kept on one core and their clients on the others. There
are as many as get all but one tick in a hundred within ``LATE_MS`` of its time; every game is real,
steered twice a second, stored when it ends, while one of the heaviest pages of a season of full
rounds is asked for every second.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from tron_env.benchmarks import Measurement, Setting
from web.bench_home import (
    PAGES_OF_A_ROUND,
    PAGES_OF_A_SEASON,
    PageReader,
    with_season,
    with_shipped_round,
)
from web.lateness import quantile_ms

LATE_MS: Final = 20.0
TARGET_GAMES: Final = 1000
TARGET_RATIO: Final = 8.0
SPEED: Final = 10
MODEL: Final = "zoo/wall-hugger"
"""At about 0.002 ms a position in a batch of 256 it leaves the transport to be measured."""
SETTLE_SECONDS: Final = 3
MEASURE_SECONDS: Final = 20
"""Two hundred ticks a rider: of fewer than a hundred, one stall would decide, which holds up each
rider once and may be a neighbour's on this machine."""
FIRST_CLIENTS: Final = {"lines": 3000, "plain": 300, "crowned": 20}
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
    turns: float
    """A second and rider."""
    stored: int
    cpu: float
    void: int
    pages_failed: int

    @property
    def kept(self) -> bool:
        """Whether ticks and pages came in time, and all but a few clients were riding."""
        riding = self.games >= 0.97 * self.clients
        return self.p99_ms <= LATE_MS and riding and not self.void and not self.pages_failed


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


@dataclass(frozen=True, slots=True)
class Served:
    """A site and its visitors; ``web.bench_server`` and ``web.bench_riders`` say what to ask."""

    server: Child
    riders: Child
    reader: PageReader


def live(setting: Setting) -> Iterator[Measurement]:
    """Measure the transport, the plain way beside it, and whom the shipped round crowns.

    ``setting.only`` chooses parts by what they are called: transport, crowned.

    Raises:
        ValueError: no part is called so.
    """
    parts = {"transport": _transport, "crowned": _crowned}
    chosen = [measure for name, measure in parts.items() if setting.only in name]
    if not chosen:
        raise ValueError(f"no part of live holds {setting.only!r}: {', '.join(parts)}")
    for measure in chosen:
        with tempfile.TemporaryDirectory() as folder:
            yield from measure(setting, Path(folder))


def _crowned(setting: Setting, home: Path) -> Iterator[Measurement]:
    pages, first = PAGES_OF_A_ROUND, FIRST_CLIENTS["crowned"]
    for crown, name in with_shipped_round(home).items():
        most = _most(setting, home, pages, "lines", crown, first)
        yield Measurement(
            f"live: games at once against {name}, {crown} of the shipped round",
            most.clients,
            "games",
        )


def _transport(setting: Setting, season: Path) -> Iterator[Measurement]:
    with_season(season)
    pages = PAGES_OF_A_SEASON
    ours = _most(setting, season, pages, "lines", MODEL, FIRST_CLIENTS["lines"])
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
    plain = _most(setting, season, pages, "plain", MODEL, FIRST_CLIENTS["plain"])
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


def _most(
    setting: Setting, home: Path, pages: Sequence[str], way: str, opponent: str, first: int
) -> Load:
    """Return the greatest load that was kept: upwards in large steps, then halving the gap."""
    best = Load(0, 0.0, 0, 0, 0.0, 0, 0.0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        copied = shutil.copytree(home, Path(folder) / "home")
        clients, too_many = first, 0
        while not too_many or too_many - best.clients > max(1, RESOLUTION * best.clients):
            load = _tried(setting, copied, way, opponent, pages, clients)
            if load.kept:
                best = load
            else:
                too_many = clients
            if setting.quick and best.clients:
                break
            clients = (best.clients + too_many) // 2 if too_many else round(clients * GROWTH)
    return best


def _check_stored(served: Served) -> None:
    """Have all riders go, and hold what is stored against what has ended.

    Raises:
        RuntimeError: they differ.
    """
    served.riders.ask("have 0")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := served.server.ask())["games"] or told["ended"] != told["kept"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{told['ended']} games have ended and {told['kept']} are stored")
        time.sleep(0.5)  # games that nobody comes back to wait their ten seconds


def _tried(
    setting: Setting, home: Path, way: str, opponent: str, pages: Sequence[str], clients: int
) -> Load:
    """Measure with so many clients, again where they were too many: a neighbour may have been.

    Each time a site of its own serves them. One that had too many before would still have their
    games, which wait ten seconds, and would let few in for as long.

    Raises:
        RuntimeError: not every game that ended was stored.
    """
    for _ in range(TRIES):
        with serving(home, way, opponent, pages) as served:
            served.riders.ask(f"have {clients}")
            load = _measured(setting, served, clients)
            _check_stored(served)
        setting.note(
            f"{way} against {opponent}: {load.games} of {clients} ride, "
            f"{load.turns:.1f} turns a second each, p99 {load.p99_ms:.0f} ms, "
            f"{100 * load.cpu:.0f}% of a core, {load.stored} stored, "
            f"{load.pages_failed} pages failed"
        )
        if load.kept:
            break
    return load


def _measured(setting: Setting, served: Served, clients: int) -> Load:
    seconds = 4 if setting.quick else MEASURE_SECONDS
    served.riders.ask(f"ride {SETTLE_SECONDS}")
    served.server.ask()
    failed = served.reader.failed
    seen = served.riders.ask(f"measure {seconds}")
    told = served.server.ask()
    return Load(
        clients=clients,
        p99_ms=quantile_ms(seen["lateness"], 0.99),
        games=told["games"],
        ticks=round(seen["ticks"] / seconds),
        turns=seen["turns"] / seconds / clients,
        stored=told["stored"],
        cpu=told["cpu"],
        void=seen["void"],
        pages_failed=served.reader.failed - failed,
    )


@contextmanager
def serving(home: Path, way: str, opponent: str, pages: Sequence[str]) -> Iterator[Served]:
    """Serve on one core, with riders against ``opponent`` on the others and a reader of pages."""
    web, others = _cores()
    with Child("web.bench_server", str(home), way, web) as server:
        url = server.answer()["url"]
        with (
            Child("web.bench_riders", url, opponent, str(SPEED), others) as riders,
            PageReader(url, pages, others) as reader,
        ):
            yield Served(server, riders, reader)


def _cores() -> tuple[str, str]:
    """Return one core for the web process and the others for its clients; "" where none is left."""
    if not hasattr(os, "sched_getaffinity"):
        return "", ""
    first, *others = sorted(os.sched_getaffinity(0))
    return str(first), ",".join(map(str, others))
