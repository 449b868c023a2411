"""What views work with: one value in ``app.extensions``, made by ``create_app``."""

import logging
from dataclasses import dataclass
from typing import Final, TypedDict, cast

from flask import current_app

from agents.errors import AgentError
from arena.errors import ArenaFault, StorageError
from arena.records import RoundStatus
from arena.storage import Storage
from replays.format import decode, encode
from replays.view import replay_view
from web.council import Council
from web.crowns import crowns
from web.demo import demo_replay
from web.done_rounds import read_ahead
from web.films import Films
from web.lobby import Lobby
from web.miners import MinerDesk
from web.opponents import Opponents
from web.page_processes import PageProcesses
from web.players import Ladder
from web.recorder import Recorder
from web.referee import Referee
from web.rehearsal import rehearse
from web.spare_time import SpareTime
from web.transport import Transport
from web.viewer import analysis_of

logger = logging.getLogger(__name__)

EXTENSION: Final = "tron"


class ReigningPayload(TypedDict):
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

    champion: ReigningPayload
    open_round: int | None
    running: RunningPayload | None


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the views."""

    storage: Storage
    opponents: Opponents
    ladder: Ladder
    referee: Referee
    recorder: Recorder
    lobby: Lobby
    council: Council
    films: Films
    transport: Transport
    spare_time: SpareTime
    miners: MinerDesk
    pages: PageProcesses

    def start(self) -> None:
        """Start the threads that keep live games; the clock runs with the server."""
        self.recorder.start()
        self.lobby.start()

    def warm_up(self) -> None:
        """Compile every kernel and load the champion, so that no request waits for either.

        A champion that cannot be loaded keeps nobody from the rest of the site.
        """
        self.warm_pages()
        rehearse()
        champion = self.opponents.champion()
        try:
            self.referee.pool.ensure(champion.sha256, lambda: self.opponents.load(champion))
        except (AgentError, ArenaFault) as error:
            logger.warning("the champion %s cannot play: %s", champion.name, error)
        self.recorder.admit(champion)

    def warm_pages(self) -> None:
        """Compile or load every kernel that pages need."""
        encoded, names = demo_replay()
        analysis_of(encoded, names)
        replay_view(decode(encode(decode(encoded))), names, ("model", "model"))

    def read_ahead(self) -> None:
        """Read what changes with a finished round only, so that no first visitor waits for it."""
        try:
            read_ahead(self.storage)
            crowns(self.storage)
            self.ladder.players()
        except StorageError as error:
            logger.warning("nothing was read ahead: %s", error)

    def close(self) -> None:
        """End live play: open games are abandoned and stored; then the database is let go."""
        self.pages.close()
        self.lobby.close()
        self.referee.close()
        self.recorder.close()
        self.council.close()
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
