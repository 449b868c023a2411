"""Where clients' wishes become games: everything slow happens here, outside the clock."""

import itertools
import secrets
import threading
from collections.abc import Callable
from typing import Final, Protocol

from agents.errors import AgentError
from arena.errors import ArenaFault
from arena.records import HumanRecord
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import Spawn
from web.errors import Refusal, RefusedError
from web.inference import Policy
from web.live_types import Opening, cells_ahead, person_seat
from web.messages import Join, Message, Rematch
from web.recorder import record_payload
from web.referee import Gone, Open, Referee, Said
from web.tickets import Opponent, Ticket, game_payload, opening_view

KEY_BYTES: Final = 16
MIN_CELLS_AHEAD: Final = 8
"""No live game starts with a wall nearer than this: at 14 plies a second, half a second."""


class Opponents(Protocol):
    """Knows whom people may ride against."""

    def find(self, spec: str) -> Opponent:
        """Raise ``RefusedError`` (UNKNOWN_OPPONENT) where ``spec`` names nobody."""

    def load(self, opponent: Opponent) -> Policy:
        """Load its model; raises ``AgentError`` or ``ArenaFault``."""


class Lobby:
    """Opens games and passes on what players do in them.

    Args:
        referee: runs the games.
        opponents: resolves and loads models.
        admit: called before a game is opened, for the opponent's record against people; raises
            ``RefusedError`` while no game may be.
        draw_seed: draws a game's start; nobody may be able to foresee it.
    """

    def __init__(
        self,
        referee: Referee,
        opponents: Opponents,
        admit: Callable[[Opponent], HumanRecord],
        draw_seed: Callable[[], int],
    ) -> None:
        self._referee = referee
        self._opponents = opponents
        self._admit = admit
        self._draw_seed = draw_seed
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[int, Join] | None] = {}

    def connect(self, client: str) -> None:
        """Take note of a connection."""
        with self._lock:
            self._latest[client] = None

    def disconnect(self, client: str) -> None:
        """Have what a lost connection was playing wait for another one."""
        with self._lock:
            self._latest.pop(client, None)
            self._referee.post(Gone(client))

    def join(self, client: str, player: str | None, join: Join) -> None:
        """Open a game, leaving the client's running one; blocks while a model is loaded.

        Raises:
            RefusedError: UNKNOWN_OPPONENT, UNAVAILABLE, or whatever ``admit`` raises.
        """
        opponent = self._opponents.find(join.opponent)
        try:
            self._referee.pool.ensure(opponent.sha256, lambda: self._opponents.load(opponent))
        except (AgentError, ArenaFault) as error:
            raise RefusedError(
                Refusal.UNAVAILABLE, f"{opponent.name} cannot play just now: {error}"
            ) from error
        record = self._admit(opponent)
        ticket = self._ticket(client, player, opponent, join.speed)
        payload = game_payload(ticket, opening_view(ticket), record_payload(record))
        with self._lock:
            if client not in self._latest:
                return
            self._latest[client] = (ticket.game, join)
            self._referee.post(Open(ticket, payload))

    def rematch(self, client: str, player: str | None, rematch: Rematch) -> None:
        """Open another game like the client's latest.

        Raises:
            RefusedError: UNKNOWN_GAME, or as ``join``.
        """
        with self._lock:
            latest = self._latest.get(client)
        if latest is None or latest[0] != rematch.game:
            raise RefusedError(Refusal.UNKNOWN_GAME, f"game {rematch.game} is not your latest game")
        self.join(client, player, latest[1])

    def say(self, client: str, message: Message) -> None:
        """Pass on what a client says about a game; the referee answers if it is refused."""
        self._referee.post(Said(client, message))

    def _ticket(self, client: str, player: str | None, opponent: Opponent, speed: int) -> Ticket:
        seed, spawns = self._draw_start()
        opening = Opening(
            game=next(self._numbers),
            seed=seed,
            seat=person_seat(spawns),
            speed=speed,
            model=opponent.sha256,
        )
        return Ticket(opening, client, player, opponent, secrets.token_hex(KEY_BYTES))

    def _draw_start(self) -> tuple[int, tuple[Spawn, Spawn]]:
        """Draw a start that leaves a person time to look, and the model, by symmetry, as much."""
        while True:
            seed = self._draw_seed()
            spawns = spawns_for(ARENA, seed)
            if cells_ahead(spawns[0], ARENA) >= MIN_CELLS_AHEAD:
                return seed, spawns
