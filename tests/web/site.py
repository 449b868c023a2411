"""A real site on a free port with its own home, and clients that speak real Socket.IO."""

import itertools
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import socketio

from arena import checker
from arena.models import ModelStore
from arena.rounds import run_round
from arena.settings import load_settings
from arena.storage import open_storage
from tests.arena.rivals import SerialExecutor, closed_round, rival
from web.app import create_app
from web.config import WebConfig
from web.live_types import SLOTS_PER_SECOND
from web.server import Server
from web.services import EXTENSION, Services
from web.sockets import LIVE

PATIENCE_SECONDS = 120.0
AGAIN_SECONDS = 1.5
"""Longer than it takes until a client may ask for one more game."""
MOST_RIDES = 10
EVENTS = (
    *("game", "tick", "end", "stored", "refused", "waiting"),
    *("frozen", "snapshot", "watched", "over"),
)
SEEDS = (241, 276)
"""Starts in which the person, in seat 0 and 1 by turns, has 30 free cells ahead at (28, 1)."""


def play_round(home: Path, *seeds: int) -> None:
    """Play a round between submitted models, as another process would."""
    settings = load_settings({"TRON_HOME": str(home)})
    models = ModelStore(settings.models)
    with open_storage(settings) as storage:
        closed_round(storage, models, {f"rival-{seed}": rival(seed) for seed in seeds}, starts=1)
        run_round(storage, SerialExecutor(models))


class Site:
    """A running site."""

    def __init__(self, url: str, services: Services, app: Any, serving: threading.Thread) -> None:
        self.url = url
        self.services = services
        self.app = app
        self.serving = serving

    @contextmanager
    def counting_down(self, seconds: float) -> Iterator[None]:
        """Have games that are opened meanwhile begin so long afterwards."""
        games = self.services.referee._games
        usual, games._countdown = games._countdown, round(seconds * SLOTS_PER_SECOND)
        try:
            yield
        finally:
            games._countdown = usual

    @contextmanager
    def slowed(self, pace: float) -> Iterator[None]:
        """Have every live game go at a fraction of its pace, for those who need time to steer."""
        referee, began = self.services.referee, time.monotonic()

        def now() -> float:
            return began + pace * (time.monotonic() - began)

        referee._now = referee._clock._now = now
        try:
            yield
        finally:
            referee._now = referee._clock._now = time.monotonic


@contextmanager
def serving(
    home: Path, *, capacity: int = 16, countdown_seconds: float = 0.25, page_processes: int = 0
) -> Iterator[Site]:
    """A warm site; its games have the starts of ``SEEDS``, so that none ends before a test acts."""
    config = WebConfig(
        arena=load_settings({"TRON_HOME": str(home)}),
        secret_key="a key for tests only",
        capacity=capacity,
        countdown_slots=round(countdown_seconds * SLOTS_PER_SECOND),
        page_processes=page_processes,
    )
    app = create_app(config, itertools.cycle(SEEDS).__next__)
    services: Services = app.extensions[EXTENSION]
    services.warm_up()
    services.start()
    server = Server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield Site(server.url, services, app, thread)
    finally:
        server.stop()
        thread.join()
        services.close()


@contextmanager
def checking(home: Path) -> Iterator[Site]:
    """A warm site with the checker that belongs to it."""
    stop = threading.Event()
    settings = load_settings({"TRON_HOME": str(home)})
    with serving(home) as running:
        thread = threading.Thread(target=checker.work, args=(settings, stop))
        thread.start()
        try:
            yield running
        finally:
            stop.set()
            thread.join()


@dataclass
class Ridden:
    """What a client was told of a whole game."""

    game: Any
    ticks: list[list[int]]
    end: Any
    stored: Any

    @property
    def number(self) -> int:
        """What the stored game is called."""
        return int(self.stored["replay"].removeprefix("/replays/"))


class Rider:
    """A client of `/live` that keeps every message, in order of arrival.

    Attributes:
        ended: set once its connection is gone.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.ended = threading.Event()
        self._socket = socketio.Client(reconnection=False)
        self._socket.on("disconnect", lambda *_: self.ended.set(), namespace=LIVE)
        self._messages: queue.Queue[tuple[str, Any]] = queue.Queue()
        for event in EVENTS:
            self._socket.on(event, self._keeper(event), namespace=LIVE)
        self._socket.connect(
            url,
            namespaces=[LIVE],
            transports=["websocket"],
            headers=headers or {},
            wait_timeout=PATIENCE_SECONDS,
        )

    def _keeper(self, event: str) -> Any:
        return lambda *data: self._messages.put((event, data[0] if data else None))

    def send(self, event: str, *data: object) -> None:
        self._socket.emit(event, data if len(data) != 1 else data[0], namespace=LIVE)

    def next(self, *events: str) -> Any:
        """Return the next message of one of ``events``, dropping others before it."""
        return self.until(*events)[-1][1]

    def until(self, *events: str) -> list[tuple[str, Any]]:
        """Return all messages up to the next of one of ``events``."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen: list[tuple[str, Any]] = []
        while True:
            seen.append(self._messages.get(timeout=max(0.0, deadline - time.monotonic())))
            if seen[-1][0] in events:
                return seen

    def join(self, opponent: str = "zoo/wall-hugger", speed: int = 14) -> Any:
        """Return the game that was opened, or why it was refused.

        A machine so busy that it finds the model too slow is asked again, for it forgets.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.send("join", {"opponent": opponent, "speed": speed})
            answer = self.next("game", "refused")
            if "too slow" not in answer.get("message", "") or time.monotonic() > deadline:
                return answer
            time.sleep(AGAIN_SECONDS)

    def ride(self, opponent: str = "zoo/wall-hugger", speed: int = 14, *, turn: int = 0) -> Ridden:
        """Ride to the end of a game and until it is stored: straight on, after a first turn.

        On a machine too busy for the model to answer in time a game counts for nobody, and is
        ridden again.

        Args:
            opponent: a SPEC of the site's.
            speed: plies a second.
            turn: the first action, in quarter turns clockwise.

        Raises:
            AssertionError: several games in a row counted for nobody.
        """
        for _ in range(MOST_RIDES):
            game = self.join(opponent, speed)
            if turn:
                heading = game["view"]["headings"][game["seat"]]
                self.send("turn", {"game": game["game"], "action": (heading + turn) % 4})
            *messages, (_, end) = self.until("end")
            if end["result"] != "void":
                ticks = [data for event, data in messages if event == "tick"]
                return Ridden(game, ticks, end, self.next("stored"))
        raise AssertionError(f"{MOST_RIDES} games in a row counted for nobody")

    def close(self) -> None:
        self._socket.disconnect()
        line = self._socket.eio.ws
        if line is not None:  # which the client leaves open where the server ended it
            line.shutdown()


@contextmanager
def riding(site: Site, **options: Any) -> Iterator[Rider]:
    rider = Rider(site.url, **options)
    try:
        yield rider
    finally:
        rider.close()
