"""What views work with: one value in ``app.extensions``, made by ``create_app``."""

from dataclasses import dataclass
from typing import Final, TypedDict, cast

from flask import current_app

from arena.records import RoundStatus
from arena.storage import Storage
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from web.lobby import Lobby
from web.opponents import Opponents
from web.recorder import Recorder
from web.referee import Referee

EXTENSION: Final = "tron"


class ChampionPayload(TypedDict):
    """Who reigns; ``round`` is None for the shipped model before the first round is done."""

    spec: str
    name: str
    label: str
    round: int | None
    sha256: str


class RunningPayload(TypedDict):
    """How far a round is that is being played."""

    round: int
    done: int
    total: int


class StatusPayload(TypedDict):
    """What the site is doing."""

    champion: ChampionPayload
    open_round: int | None
    running: RunningPayload | None


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the views."""

    storage: Storage
    opponents: Opponents
    referee: Referee
    recorder: Recorder
    lobby: Lobby

    def start(self) -> None:
        """Start the threads of live play."""
        self.recorder.start()
        self.referee.start()

    def warm_up(self) -> None:
        """Compile the kernels and load the champion, so that the first player waits for nothing.

        Raises:
            AgentError: the champion cannot be loaded.
            ArenaFault: a fault of ours.
        """
        engine = BatchEngine(ARENA, 1)
        engine.reset([0], [0])
        engine.step_games([0], engine.headings)
        champion = self.opponents.champion()
        self.referee.pool.ensure(champion.sha256, lambda: self.opponents.load(champion))
        self.recorder.admit(champion)

    def close(self) -> None:
        """End live play: open games are abandoned and stored; then the database is let go."""
        self.referee.close()
        self.recorder.close()
        self.storage.close()

    def status(self) -> StatusPayload:
        """Return what the site is doing."""
        champion = self.opponents.champion()
        open_round = self.storage.open_round()
        unfinished = self.storage.unfinished_round()
        running = unfinished if unfinished and unfinished.status is RoundStatus.RUNNING else None
        return {
            "champion": {
                "spec": champion.spec,
                "name": champion.name,
                "label": champion.label,
                "round": champion.round,
                "sha256": champion.sha256,
            },
            "open_round": open_round.number if open_round else None,
            "running": {
                "round": running.number,
                "done": running.duels_done,
                "total": running.duels_total,
            }
            if running
            else None,
        }


def services() -> Services:
    """Return the services of the present application."""
    return cast(Services, current_app.extensions[EXTENSION])
