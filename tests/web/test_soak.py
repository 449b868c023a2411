"""A crowd that joins, leaves, breaks off, comes back and talks nonsense."""

import gc
import random
import threading
import time
from pathlib import Path

import psutil
import pytest

from arena.records import GameFilter, GameKind
from replays.format import decode
from replays.playback import verify
from tests.web.site import Rider, Site, serving

NONSENSE: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("turn", ("left",)),
    ("turn", ({"game": 2**60, "action": 1},)),
    ("join", ({"opponent": "zoo/../x", "speed": 10},)),
    ("watch", ({"game": 3},)),
    ("dance", ({"x": [1] * 50},)),
    ("call_me", ({"name": "x" * 99},)),
)


def misbehave(site: Site, seed: int, until: float, stored: set[str], failures: list[str]) -> None:
    """Ride as people on bad lines do, until the time is up."""
    draw = random.Random(seed)
    key: dict[str, object] | None = None
    try:
        while time.monotonic() < until:
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
        soak(site, riders, seconds / 4)  # what is made once is made by now
        gc.collect()
        before = psutil.Process().memory_info().rss, threading.active_count()
        stored = soak(site, riders, seconds)
        assert stored
        deadline = time.monotonic() + 30
        while len(site.services.referee) and time.monotonic() < deadline:
            time.sleep(0.2)  # games that nobody came back to wait their ten seconds
        assert len(site.services.referee) == 0
        assert site.services.lobby.waiting == 0
        gc.collect()
        after = psutil.Process().memory_info().rss, threading.active_count()
        assert after[1] <= before[1] + 2
        assert after[0] - before[0] < 64 * 2**20
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


@pytest.mark.proof
def test_a_crowd_on_bad_lines_leaves_nothing_behind_in_half_an_hour(tmp_path: Path):
    check(tmp_path, riders=24, seconds=1800)
