"""A pilot that rides in a real page as our own search would, by keys or by touch."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from playwright.sync_api import Page, WebSocket

from agents.search import make_minimax
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import ACTIONS, Action, Outcome, Spawn

PREFIX = "42/live,"
MOST_SECONDS = 90


class Pilot:
    """Rides one game after another in a page, from what its connection is told.

    Args:
        page: not opened yet.
        steer: presses what stands for an action.
        ahead: how many plies after the one it is told of its turns take effect; 1 where the line
            is quick.
        spec: of the search.
    """

    def __init__(
        self,
        page: Page,
        steer: Callable[[Action], None],
        *,
        ahead: int = 1,
        spec: str = "ms=20",
    ) -> None:
        self.page = page
        self.refused: list[Any] = []
        self.latencies: list[int] = []
        self._steer = steer
        self._ahead = ahead
        self._search = make_minimax(spec)
        self._told: deque[tuple[str, Any]] = deque()
        self._engine = BatchEngine(ARENA, 1)
        self._later = BatchEngine(ARENA, 1)
        self._game: Any = None
        self._planned: list[int] = []
        self._later.reset([0], [0])
        self._search.think(self._later, 0, 0)  # compiles it, before any clock runs
        page.on("websocket", self._listen)

    def ride(self) -> Any:
        """Ride to the end of the next game; return the `end` message."""
        for _ in range(MOST_SECONDS * 200):
            while self._told:
                event, data = self._told.popleft()
                if event == "game":
                    self._begin(data)
                elif event == "tick" and self._game is not None and data[0] == self._game["game"]:
                    self._tick(data)
                elif event == "refused":
                    self.refused.append(data)
                elif event == "latency":
                    self.latencies.append(data)
                elif event == "end":
                    self._game = None
                    return data
            self.page.wait_for_timeout(5)
        raise AssertionError("the game did not end")

    def _listen(self, line: WebSocket) -> None:
        line.on("framereceived", self._hear)

    def _hear(self, payload: str | bytes) -> None:
        text = payload if isinstance(payload, str) else payload.decode()
        if text.startswith(PREFIX + "["):
            event, data = json.loads(text.removeprefix(PREFIX))
            self._told.append((event, data))

    def _begin(self, game: Any) -> None:
        self._game = game
        view = game["view"]
        heads = np.array(view["trails"])
        headings = [
            _headings(trail, last) for trail, last in zip(heads, view["headings"], strict=True)
        ]
        first, second = (
            Spawn(int(trail[0][0]), int(trail[0][1]), Action(each[0]))
            for trail, each in zip(heads, headings, strict=True)
        )
        self._engine.reset_to(0, (first, second))
        for actions in list(zip(*headings, strict=True))[: view["plies"]]:
            self._engine.step(np.array([actions], dtype=np.uint8))
        self._planned = []
        self._think()

    def _tick(self, tick: list[int]) -> None:
        self._engine.step(np.array([tick[6:]], dtype=np.uint8))
        del self._planned[:1]
        # Where more has come meanwhile this board is over: on a busy machine the turn would meet
        # another one, or the buttons that show once the game has ended.
        if self._engine.outcomes[0] == Outcome.ONGOING and not self._told:
            self._think()

    def _think(self) -> None:
        """Turn so that the ply after those that are out of reach is the one that is best."""
        seat = self._game["seat"]
        later = self._later
        later.reset_to_state(0, self._engine.state(0))
        while len(self._planned) < self._ahead - 1:
            self._planned.append(int(later.headings[0, seat]))
        for own in self._planned:
            actions = later.headings.copy()
            actions[0, seat] = own
            open_to_other = later.masks[0, 1 - seat]
            if open_to_other.any() and not open_to_other[actions[0, 1 - seat]]:
                actions[0, 1 - seat] = open_to_other.argmax()
            later.step(actions)
        heading = int(later.headings[0, seat])
        action = heading
        if later.outcomes[0] == Outcome.ONGOING:
            action = int(self._search.act(later, np.zeros(1, dtype=np.intp), np.array([seat]))[0])
        self._planned.append(action)
        if action != heading:
            self._steer(Action(action))


def _headings(trail: Any, last: int) -> list[int]:
    """Return where a rider went at each ply, and goes after the last."""
    steps = np.diff(trail, axis=0).tolist()
    offsets = [list(Action(action).offset) for action in range(ACTIONS)]
    return [*(offsets.index(step) for step in steps), last]
