"""What opening each page costs, how soon one rides, and the viewer answers while one scrubs.

    python -m tests.web.vitals

Serves a season on a free port, opens each page with an empty cache at desktop and phone size in
Chromium, rides from the home page on until the first ply, and drags the scrubber of the longest
game there can be, territory and graphs shown. Weights are bytes over the wire; times are of this
machine and its load.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from playwright.sync_api import Browser, Page

from arena.bench_season import Season, populate
from arena.settings import load_settings
from arena.storage import open_storage
from tests.web import stocked
from tests.web.chromium import chromium, tab
from tests.web.site import serving
from tests.web.slow_line import slow_line
from web.live_types import DEFAULT_COUNTDOWN_SLOTS, SLOTS_PER_SECOND

SEASON: Final = Season(submissions=57 * 40, games=28_000, replays=40)
SIZES: Final = ("desktop", "phone")
ROUNDS: Final = 5
"""Times that each page is opened; medians are shown."""
WARM: Final = 20
DRAG_STEPS: Final = 300
KEYS: Final = 100
LEAST_MS: Final = 16
"""What the browser's Event Timing tells nothing below of."""
FRAME_MS: Final = 16
ADDED_MS: Final = (0.0, 150.0)
"""Latency of the lines over which one rides, there and back."""

LOADED: Final = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const paints = performance.getEntriesByName("first-contentful-paint");
    const largest = window.largestPaint ?? 0;
    return {
        served: page.responseStart - page.requestStart,
        painted: paints[0].startTime,
        largest,
        parts: [page, ...performance.getEntriesByType("resource")]
            .map(({ name, encodedBodySize }) => [name, encodedBodySize]),
    };
}"""
WATCH_PAINTS: Final = """
new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntries()) window.largestPaint = startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
"""
WATCH_SCRUBBING: Final = """() => {
    window.waits = [];
    const scrubber = document.querySelector("[data-scrubber]");
    // Registered after the viewer's own listener; the frame that it asks for comes before ours,
    // and a message posted in a frame arrives once that frame is painted.
    scrubber.addEventListener("input", ({ timeStamp }) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.waits.push(performance.now() - timeStamp);
        port2.postMessage(null);
    }));
}"""


WATCH_KEYS: Final = """least => {
    window.presses = [];
    new PerformanceObserver((list) => {
        for (const { name, duration } of list.getEntries()) {
            if (name === "keydown") window.presses.push(duration);
        }
    }).observe({ type: "event", durationThreshold: least });
}"""


@dataclass(frozen=True)
class Opened:
    """One page at one size: kilobytes without fonts and pictures, and medians in ms."""

    address: str
    size: str
    kilobytes: float
    served_ms: float
    painted_ms: float
    largest_ms: float


@dataclass(frozen=True)
class Scrubbed:
    """Milliseconds from an input event to the end of the frame that shows it.

    ``keys_p98_ms`` is the browser's own measure of a key press to the next paint.
    """

    size: str
    inputs: int
    median_ms: float
    p98_ms: float
    longest_ms: float
    keys_p98_ms: float


@dataclass(frozen=True)
class Begun:
    """Seconds from asking for the home page to the first ply of a ride, median and longest.

    The countdown is part of it; who looks at the home page first takes as much longer.
    """

    size: str
    added_ms: float
    median_seconds: float
    longest_seconds: float


def measure_page(browser: Browser, url: str, address: str, size: str) -> Opened:
    """Open a page a few times, each time as a visitor who was never there."""
    found = []
    for _ in range(ROUNDS):
        with tab(browser, url, size) as shown:
            shown.page.add_init_script(WATCH_PAINTS)
            shown.page.goto(address)
            shown.page.wait_for_function(
                "() => performance.getEntriesByName('first-contentful-paint').length"
            )
            shown.page.wait_for_timeout(200)
            found.append(shown.page.evaluate(LOADED))
    heavy = (".woff2", ".png", ".svg", ".gif")
    weight = sum(kept for name, kept in found[0]["parts"] if not name.split("?")[0].endswith(heavy))
    served, painted, largest = (
        round(statistics.median(each[name] for each in found), 1)
        for name in ("served", "painted", "largest")
    )
    return Opened(address, size, round(weight / 1000, 1), served, painted, largest)


def measure_start(browser: Browser, url: str, size: str, added_ms: float) -> Begun:
    """Open the home page a few times as somebody new, and ride at once."""
    found = []
    for _ in range(ROUNDS):
        with slow_line(url, added_ms) as line, tab(browser, line, size) as shown:
            begun = time.monotonic()
            shown.page.goto("/", wait_until="commit")
            shown.page.get_by_role("link", name="Ride against it").click()
            shown.page.wait_for_function(
                "() => Number(document.querySelector('[data-board]')?.dataset.ply) >= 1"
            )
            found.append(time.monotonic() - begun)
    return Begun(size, added_ms, round(statistics.median(found), 1), round(max(found), 1))


def measure_scrubbing(browser: Browser, url: str, game: int, size: str) -> Scrubbed:
    """Drag the scrubber over a whole game and back, everything shown."""
    with tab(browser, url, size) as shown:
        page = shown.page
        page.goto(f"/replays/{game}?ply=0")
        page.keyboard.press("t")
        page.wait_for_selector("[data-do=territory][aria-pressed=true]")
        page.evaluate(WATCH_SCRUBBING)
        drag(page)
        waits = page.evaluate("() => window.waits")[WARM:]
        page.keyboard.press("Home")
        page.evaluate(WATCH_KEYS, LEAST_MS)
        for _ in range(KEYS):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(FRAME_MS)
        page.wait_for_timeout(500)
        presses = page.evaluate("() => window.presses")
        presses += [LEAST_MS] * (KEYS - len(presses))
    return Scrubbed(
        size,
        len(waits),
        round(float(np.median(waits)), 1),
        round(float(np.percentile(waits, 98)), 1),
        round(max(waits), 1),
        round(float(np.percentile(presses, 98)), 1),
    )


def drag(page: Page) -> None:
    """Hold the scrubber and go from end to end."""
    box = page.locator("[data-scrubber]").bounding_box()
    assert box is not None
    y, left, width = box["y"] + box["height"] / 2, box["x"] + 9, box["width"] - 18
    page.mouse.move(left, y)
    page.mouse.down()
    for step in (*range(DRAG_STEPS), *range(DRAG_STEPS, 0, -1)):
        page.mouse.move(left + width * step / DRAG_STEPS, y)
        page.wait_for_timeout(FRAME_MS)
    page.mouse.up()


def addresses(champion: str, longest: int) -> Sequence[str]:
    """Every kind of page."""
    return (
        *("/", "/play", "/rounds", "/rounds/57", "/duels/1", "/replays", f"/replays/{longest}"),
        *(f"/models/{champion}", "/live", "/players", "/submit", "/learn", "/api"),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.web.vitals")
    parser.add_argument("--json", action="store_true", help="print data in place of tables")
    parser.add_argument("--only", help="pages whose address holds this; 'ride', 'scrub'")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with open_storage(load_settings({"TRON_HOME": str(home)})) as storage:
            populate(storage, SEASON)
            longest = stocked.add_human_game(storage, replay=stocked.longest_game())
        countdown = DEFAULT_COUNTDOWN_SLOTS / SLOTS_PER_SECOND
        with serving(home, countdown_seconds=countdown) as site, chromium() as browser:
            champion = site.services.storage.champion()
            assert champion is not None
            chosen = [
                address
                for address in addresses(champion.sha256, longest)
                if asked.only is None or asked.only in address
            ]
            pages = [
                measure_page(browser, site.url, address, size)
                for size in SIZES
                for address in chosen
            ]
            rides = [
                measure_start(browser, site.url, size, added_ms)
                for size in SIZES
                for added_ms in ADDED_MS
                if asked.only in (None, "ride")
            ]
            drags = [
                measure_scrubbing(browser, site.url, longest, size)
                for size in SIZES
                if asked.only in (None, "scrub")
            ]
    if asked.json:
        rows = {
            "pages": [asdict(row) for row in pages],
            "rides": [asdict(row) for row in rides],
            "scrubbing": [asdict(row) for row in drags],
        }
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo(f"{'page':24} {'size':8} {'kB':>6} {'served':>8} {'painted':>8} {'largest':>8}  ms")
    for row in pages:
        click.echo(
            f"{row.address[:24]:24} {row.size:8} {row.kilobytes:6.1f} {row.served_ms:8.1f} "
            f"{row.painted_ms:8.1f} {row.largest_ms:8.1f}"
        )
    for ride in rides:
        click.echo(
            f"riding, {ride.size}, {ride.added_ms:.0f} ms added: {ride.median_seconds} s from "
            f"asking for the home page, at most {ride.longest_seconds} s"
        )
    for drag_ in drags:
        click.echo(
            f"scrubbing, {drag_.size}: {drag_.inputs} inputs, median {drag_.median_ms} ms, "
            f"98% within {drag_.p98_ms} ms, longest {drag_.longest_ms} ms; "
            f"keys, 98% within {drag_.keys_p98_ms} ms"
        )


if __name__ == "__main__":
    main()
