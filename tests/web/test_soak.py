"""A crowd that joins, leaves, breaks off, comes back and talks nonsense."""

import gc
import json
import logging
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from arena.records import GameFilter, GameKind
from arena.settings import load_settings
from arena.storage import open_storage
from replays.format import decode
from replays.playback import verify
from tests.web.site import PATIENCE_SECONDS, Rider, Site, serving
from web.bench import MODEL
from web.bench import serving as serving_load
from web.lateness import BUCKETS, quantile_ms
from web.live_types import SLOTS_PER_SECOND

NONSENSE: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("turn", ("left",)),
    ("turn", ({"game": 2**60, "action": 1},)),
    ("join", ({"opponent": "zoo/../x", "speed": 10},)),
    ("watch", ({"game": 3},)),
    ("dance", ({"x": [1] * 50},)),
    ("call_me", ({"name": "x" * 99},)),
)


HAPPEN = ("stored", "nonsense", "left", "broken_off", "resumed")
"""What has to happen under a load, however long that takes."""
COUNTED = (*HAPPEN, "void", "lost", "games")
"""Of what the riders of a load tell."""
LEFT = ("games", "waiting", "clients")
"""What there is none of once all riders have gone."""
MOST_SLICES = 15
"""A load that has not shown all of ``HAPPEN`` by its end rides on, at most so many times."""
PAGES = ("/replays", "/rounds", "/")
"""Read meanwhile, one a second."""
UNRULY = 5
"""One of so many is."""
MINUTE = 60
PAGE = 500
WAITING_SLOTS = 2 * SLOTS_PER_SECOND
"""How long games of the crowd wait for whoever broke off."""
MOST_GROWN_MIB = 64
MORE_THREADS = 2
"""A pool may grow by so many; one left behind by each of so many riders would be far more."""
CLIENTS = int(os.environ.get("SOAK_CLIENTS", "700"))
"""70% of what `tron bench live` aims at."""
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "1800"))


def misbehave(site: Site, seed: int, until: float, stored: set[str], failures: list[str]) -> None:
    """Ride as people on bad lines do, until the time is up and some game was stored."""
    draw = random.Random(seed)
    key: dict[str, object] | None = None
    try:
        while (now := time.monotonic()) < until or (not stored and now < until + PATIENCE_SECONDS):
            rider = Rider(site.url)
            try:
                if key is not None:
                    rider.send("resume", key)
                    key = None
                    rider.next("game", "refused")
                for _ in range(draw.randrange(1, 4)):
                    event, data = draw.choice(NONSENSE)
                    rider.send(event, *data)
                    assert rider.next("refused")["code"] in {"malformed", "unknown_game"}
                game = rider.join(draw.choice(["zoo/wall-hugger", "zoo/hunter"]), 14)
                if "game" not in game:
                    continue
                match draw.randrange(4):
                    case 0:
                        rider.next("tick", "end")
                        key = {"game": game["game"], "key": game["key"]}
                    case 1:
                        rider.send("leave", {"game": game["game"]})
                    case _:
                        *_, (_, end) = rider.until("end")
                        if end["result"] != "void":
                            stored.add(rider.next("stored")["replay"])
            finally:
                rider.close()
    except Exception as error:  # noqa: BLE001 - told where the test can fail
        failures.append(f"rider {seed}: {error!r}")


def soak(site: Site, riders: int, seconds: float) -> set[str]:
    until = time.monotonic() + seconds
    stored: set[str] = set()
    failures: list[str] = []
    threads = [
        threading.Thread(target=misbehave, args=(site, seed, until, stored, failures))
        for seed in range(riders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return stored


def check(tmp_path: Path, riders: int, seconds: float) -> None:
    with serving(tmp_path, capacity=riders) as site:
        site.services.referee._games._freeze = WAITING_SLOTS
        soak(site, riders, seconds / 4)  # what is made once is made by now
        gc.collect()
        before = psutil.Process().memory_info().rss, threading.active_count()
        stored = soak(site, riders, seconds)
        assert stored
        most = before[1] + MORE_THREADS
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(site.services.referee) or threading.active_count() > most:
            assert time.monotonic() < deadline, "something is left behind"
            time.sleep(0.2)  # games that nobody came back to wait their time
        assert site.services.lobby.waiting == 0
        gc.collect()
        assert psutil.Process().memory_info().rss - before[0] < MOST_GROWN_MIB * 2**20
    with serving(tmp_path) as site:
        storage = site.services.storage
        assert len(site.services.transport) == 0
        ids = {int(address.removeprefix("/replays/")) for address in stored}
        kept = storage.replays(ids)
        assert set(kept) == ids, "every game that was told to be stored is there"
        for encoded in kept.values():
            verify(decode(encoded))
        assert storage.search_games(GameFilter(kind=GameKind.HUMAN))


def test_a_crowd_on_bad_lines_leaves_nothing_behind(tmp_path: Path):
    check(tmp_path, riders=6, seconds=8)


def verified(home: Path) -> int:
    """Play every stored game again; return how many there are."""
    with open_storage(load_settings({"TRON_HOME": str(home)})) as storage:
        total = storage.count_games()
        for first in range(1, total + 1, PAGE):
            kept = storage.replays(range(first, min(first + PAGE, total + 1)))
            assert len(kept) == min(PAGE, total + 1 - first)
            for encoded in kept.values():
                verify(decode(encoded))
    return total


def check_load(home: Path, clients: int, seconds: int) -> dict[str, float]:
    """Have a load ride, a fifth of it unruly; return what there is to report."""
    told: Counter[str] = Counter()
    with serving_load(home, "lines", MODEL, PAGES) as served:
        server, riders = served.server, served.riders
        riders.ask(f"have {clients}")
        riders.ask(f"unrule {clients // UNRULY}")
        riders.ask(f"ride {min(60, seconds)}")  # what is made once is made by now
        before = server.ask()
        late = [0] * (BUCKETS + 1)
        planned = -(-seconds // MINUTE)
        for number in range(planned + MOST_SLICES):
            if number >= planned and all(told[name] for name in HAPPEN):
                break
            seen = riders.ask(f"measure {min(MINUTE, seconds)}")
            told.update({name: seen[name] for name in COUNTED})
            late = [a + b for a, b in zip(late, seen["lateness"], strict=True)]
        during = server.ask()
        riders.ask("have 0")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any((after := server.ask())[name] for name in LEFT) and time.monotonic() < deadline:
            time.sleep(0.5)  # games that nobody came back to wait their ten seconds
        while (after := server.ask())["ended"] != after["kept"] and time.monotonic() < deadline:
            time.sleep(0.5)
    assert after["ended"] == after["kept"], "every game that ended is stored"
    assert served.reader.failed == 0, "every page came"
    assert {name: after[name] for name in LEFT} == dict.fromkeys(LEFT, 0)
    assert after["threads"] <= before["threads"] + MORE_THREADS
    assert told["lost"] == 0
    assert [name for name in HAPPEN if not told[name]] == [], "these never happened"
    grown = (during["rss"] - before["rss"]) / 2**20
    assert grown < MOST_GROWN_MIB
    replays = verified(home)
    assert replays == after["kept"] >= told["stored"]
    return {
        **told,
        "p99_ms": quantile_ms(late, 0.99),
        "grown_mib": grown,
        "rss_mib": during["rss"] / 2**20,
        "threads": after["threads"],
        "replays": replays,
    }


def test_a_load_with_unruly_riders_leaves_nothing_behind(tmp_path: Path):
    check_load(tmp_path, clients=40, seconds=8)


@pytest.mark.proof
@pytest.mark.timeout(2 * SOAK_SECONDS + 1800)  # it may ride on, and verifies every game it played
def test_a_load_with_unruly_riders_leaves_nothing_behind_in_half_an_hour(tmp_path: Path):
    report = check_load(tmp_path, CLIENTS, SOAK_SECONDS)
    logging.getLogger(__name__).warning(json.dumps(report))
