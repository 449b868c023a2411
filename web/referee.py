"""The referee: owns the live games, and runs on the one thread that touches them.

That is the thread that serves (see ``docs/live.md``). Other threads hand over commands, which wake
it; what its own thread hands over is done at once.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tron_env.positions import Positions
from tron_env.types import Action, BoolArray, IntArray
from web.audience import Audience
from web.clock import Clock
from web.commands import CaughtUp, Command, Gone, Keeper, Open, Outlet, Said, Stop
from web.echoes import Echoes
from web.errors import Refusal, RefusedError
from web.households import Headcount
from web.inference import InferencePool, Reply
from web.lateness import Lateness
from web.live import LiveGames
from web.live_types import FREEZE_SLOTS, SLOTS_PER_SECOND, FinishedGame, LiveEnding, Ticks
from web.messages import (
    Echo,
    FrozenPayload,
    GamePayload,
    Leave,
    Message,
    OverPayload,
    Resume,
    SnapshotPayload,
    Turn,
    Watch,
    WatchedPayload,
)
from web.plies import LEFT
from web.refusals import refused
from web.rehearsal import question_of
from web.texts import tell
from web.tickets import Ticket, final_view, opponent_payload, watched_view
from web.wires import NOTHING, Wires

logger = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 1.5
"""A client that has answered ticks and does not for so long is taken for lost."""


class Referee:
    """Drives the live games by the wall clock.

    Args:
        games: driven from here only.
        send: takes messages for clients.
        keeper: takes what becomes of games.
        now: a monotonic clock in seconds.
        model_copies: of a model that many ride against, at most so many.
    """

    def __init__(
        self,
        games: LiveGames,
        send: Outlet,
        keeper: Keeper,
        now: Callable[[], float] = time.monotonic,
        model_copies: int = 1,
    ) -> None:
        self.pool = InferencePool(self.post, model_copies)
        self.lateness = Lateness()
        self.endings: Counter[LiveEnding] = Counter()
        self.playing: Headcount[tuple[str, int]] = Headcount()
        """How many games there are against each model at each speed."""
        self.at: Headcount[str] = Headcount()
        """How many games count for each household."""
        self._games = games
        self._send = send
        self._keeper = keeper
        self._now = now
        self._tickets: dict[int, Ticket] = {}
        self._game_of: dict[str, int] = {}
        self._echoes = Echoes(games.engine.n)
        self._wires = Wires(games.engine.n)
        self._silent: dict[int, str] = {}
        """Games that wait for a client which fell silent without its connection ending."""
        self._audience = Audience()
        self._positions = Positions(games.engine)
        self._clock: Clock[Command] = Clock(self._beat, self._obey, lambda: not self._tickets, now)

    def __len__(self) -> int:
        """Return how many games are open."""
        return len(self._tickets)

    def tickets(self) -> list[Ticket]:
        """Return all open games, newest last; any thread may ask."""
        return list(self._tickets.values())

    @property
    def alive(self) -> bool:
        """Whether the clock runs."""
        return self._clock.alive

    @property
    def ended(self) -> bool:
        """Whether the clock has run and ended."""
        return self._clock.ended

    def stop(self) -> None:
        """Abandon every game and end the clock soon; any thread may call it."""
        self.post(Stop())

    def close(self) -> None:
        """End the clock, if it runs, and the models; not from the clock's thread."""
        if self.alive:
            self.stop()
            self._clock.wait()
        self.pool.close()

    def run(self) -> None:
        """Run the clock on this thread's event loop until ``stop``, then end every game.

        Whatever breaks the clock is raised once the games are ended: where one is broken, the
        others are still recorded.
        """
        try:
            self._clock.run()
        finally:
            for game in list(self._tickets):
                try:
                    self._end(self._games.shut(game))
                except Exception:
                    logger.exception("game %d could not be ended", game)

    def post(self, *commands: Command) -> None:
        """Hand over commands; never blocks, any thread may call it."""
        self._clock.post(*commands)

    def hear(self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]) -> BoolArray:
        """Do what ``web.arrivals.Ear.hear_at_once`` says; on the clock's thread."""
        slots = self._wires.slots(sockets)
        outcomes = self._games.hear(sayings, slots, self._echoes, self._now())
        for number in np.flatnonzero(outcomes >= 0).tolist():
            client = self._tickets[int(sayings[number, 2])].client
            self._send(client, "latency", int(outcomes[number]))
        left: BoolArray = outcomes == LEFT
        return left

    def wire(self, client: str, number: int) -> None:
        """Take note of which socket a client is reached at past all else, -1 for none; likewise."""
        game = self._game_of.get(client)
        if game is not None and game in self._games:  # else it is over, of which nobody knows yet
            self._wires.tie(self._games.slot(game), number)

    def _obey(self, command: Command) -> None:
        match command:
            case Reply():
                self._take(command)
            case Said(client, message):
                self._or_refuse(client, self._hear, client, message)
            case Open(ticket, payload):
                self._or_refuse(ticket.client, self._open, ticket, payload)
            case Gone(client):
                self._audience.leave(client)
                self._wait_for(client)
            case CaughtUp(client):
                self._catch_up(client)
            case Stop():
                self._clock.end()

    def _hear(self, client: str, message: Message) -> None:
        match message:
            case Turn(game, action):
                self._steer(client, game, action)
            case Leave(game):
                self._leave(client, game)
            case Resume(game, key):
                self._return(client, game, key)
            case Echo(game, ply):
                self._time(client, game, ply)
            case Watch(game):
                self._watch(client, game)

    def _or_refuse(self, client: str, act: Callable[..., None], *arguments: object) -> None:
        try:
            act(*arguments)
        except RefusedError as error:
            self._send(client, "refused", refused(error))

    def _open(self, ticket: Ticket, payload: GamePayload) -> None:
        running = self._game_of.get(ticket.client)
        for game in (*self._silent_of(ticket.client), *([] if running is None else [running])):
            self._end(self._games.leave(game))
        cost = self.pool.cost(ticket.opening.model)
        together = 1 if cost is None else cost.together(ticket.opening.speed)
        slots = self._games.open(ticket.opening, together)
        slot = self._games.slot(ticket.game)
        self._echoes.begin(slot, ticket.opening.speed)
        self._keeper.opened(ticket)
        self._audience.leave(ticket.client)
        self._tickets[ticket.game] = ticket
        self.playing[ticket.opponent.sha256, ticket.opening.speed] += 1
        self.at[ticket.address] += 1
        self._game_of[ticket.client] = ticket.game
        self._wires.tie(slot, self._send.socket_of(ticket.client))
        payload["countdown_ms"] = round(1000 * slots / SLOTS_PER_SECOND)
        self._send(ticket.client, "game", payload)

    def _silent_of(self, client: str) -> list[int]:
        """Return the games that wait for a client which fell silent."""
        return [game for game, silent in self._silent.items() if silent == client]

    def _steer(self, client: str, game: int, action: Action) -> None:
        if self._silent.get(game) == client:
            self._go_on(client, game)
        self._check_owner(client, game)
        self._games.turn(game, action)

    def _leave(self, client: str, game: int) -> None:
        self._check_owner(client, game)
        self._end(self._games.leave(game))

    def _wait_for(self, client: str) -> None:
        """Have a lost client's game stand still, once, or end it: also if it has not begun."""
        game = self._game_of.get(client)
        if game is None:
            return
        if not self._games.peek(game).begun or not self._freeze(client, game):
            self._leave(client, game)

    def _freeze(self, client: str, game: int) -> bool:
        """Have a game stand still, once; whether it does."""
        if not self._games.freeze(game):
            return False
        del self._game_of[client]
        slot = self._games.slot(game)
        self._echoes.rest(slot)
        self._wires.tie(slot, NOTHING)
        frozen: FrozenPayload = {"game": game, "seconds": FREEZE_SLOTS / SLOTS_PER_SECOND}
        self._send.spread((client, *self._audience.of(game)), "frozen", frozen)
        return True

    def _return(self, client: str, game: int, key: str) -> None:
        ticket = self._tickets.get(game)
        if ticket is None and self._keeper.tell_again(client, game, key):
            return
        if ticket is None or not secrets.compare_digest(ticket.key, key):
            raise RefusedError(Refusal.UNKNOWN_GAME, "over", game=game)
        if self._game_of.get(client, game) != game:
            raise RefusedError(Refusal.UNKNOWN_GAME, "one_game")
        if self._game_of.get(ticket.client) == game and not self._freeze(ticket.client, game):
            # The new connection is here before the old one was found dead.
            self._leave(ticket.client, game)
        self._go_on(client, game)
        self._audience.leave(client)

    def _go_on(self, client: str, game: int) -> None:
        """Let a frozen game go on, with this client steering."""
        record, slots = self._games.thaw(game)
        self._silent.pop(game, None)
        slot = self._games.slot(game)
        self._echoes.meet(slot)
        for other in self._silent_of(client):
            self._end(self._games.leave(other))
        ticket = self._tickets[game] = replace(self._tickets[game], client=client)
        self._game_of[client] = game
        self._wires.tie(slot, self._send.socket_of(client))
        self._keeper.resume(ticket, record, round(1000 * slots / SLOTS_PER_SECOND))
        self._show(self._audience.of(game), ticket)

    def _watch(self, client: str, game: int) -> None:
        ticket = self._tickets.get(game)
        if ticket is None or client in self._game_of:
            raise RefusedError(Refusal.UNKNOWN_GAME, "not_watched", game=game)
        self._audience.enter(client, game)
        self._show([client], ticket)

    def _show(self, clients: Collection[str], ticket: Ticket) -> None:
        """Show watchers a game as it stands; the same for all, as it takes half a millisecond."""
        if not clients:
            return
        watched: WatchedPayload = {
            "game": ticket.game,
            "speed": ticket.opening.speed,
            "opponent": opponent_payload(ticket.opponent),
            "frozen": self._game_of.get(ticket.client) != ticket.game,
            "view": watched_view(ticket, self._games.peek(ticket.game)),
        }
        self._send.spread(clients, "watched", watched)

    def _catch_up(self, client: str) -> None:
        game = self._game_of.get(client)
        if game is not None:
            self._send(client, "snapshot", self._snapshot(self._tickets[game]))
        elif (watched := self._audience.watched_by(client)) is not None:
            self._show([client], self._tickets[watched])

    def _snapshot(self, ticket: Ticket) -> SnapshotPayload:
        return {"game": ticket.game, "view": final_view(ticket, self._games.peek(ticket.game))}

    def _time(self, client: str, game: int, ply: int) -> None:
        """Tell a client its latency where that is news.

        Raises:
            RefusedError: UNKNOWN_GAME.
        """
        if self._silent.get(game) == client:
            self._go_on(client, game)
            return
        self._check_owner(client, game)
        latency = self._echoes.take(self._games.slot(game), ply, self._now())
        if latency is not None:
            self._send(client, "latency", latency)

    def _check_owner(self, client: str, game: int) -> None:
        if self._game_of.get(client) != game:
            raise RefusedError(Refusal.UNKNOWN_GAME, "not_running", game=game)

    def _take(self, reply: Reply) -> None:
        self.pool.answered(reply)
        if reply.actions is None:
            records = self._games.fail(reply.ask)
        else:
            records = self._games.answer(reply.ask, reply.actions, reply.faulty)
        for record in records:
            self._end(record)

    def _beat(self, slot: int, due: float) -> None:
        beat = self._games.beat(slot)
        silent = self._tick(beat.slots, beat.ticks, due) if len(beat.ticks) else ()
        for record in beat.finished:
            self._tell_waited(record)
            self._end(record)
        for ticket in silent:
            self._wait_for_silent(ticket)
        for ask in beat.asks:
            positions = self._positions if self.pool.answers_at_once(ask) else None
            if not self.pool.submit(question_of(self._games, ask, positions)):
                logger.error("model %s is asked for but not loaded", ask.model[:8])
                for record in self._games.fail(ask):
                    self._end(record)

    def _tick(self, slots: IntArray, ticks: Ticks, due: float) -> list[Ticket]:
        """Send ticks; return the games whose clients have said nothing for too long."""
        sockets = self._wires.sockets(slots)
        self._send.ticks(sockets, ticks, lambda row: self._tickets[int(ticks[row, 0])].client)
        now = self._now()
        self.lateness.add(now - due, len(ticks))
        for row, game in enumerate(ticks[:, 0].tolist()) if self._audience else ():
            watchers = list(self._audience.of(game))
            if watchers:
                sockets = np.array(list(map(self._send.socket_of, watchers)), dtype=np.int32)
                self._send.ticks(sockets, ticks[[row] * len(watchers)], watchers.__getitem__)
        self._echoes.wait(slots, ticks[:, 1], now)
        silent = self._games.games[self._echoes.silent_since(now - SILENCE_SECONDS)]
        return [self._tickets[game] for game in silent.tolist() if game]  # 0: it is over

    def _wait_for_silent(self, ticket: Ticket) -> None:
        """Freeze the game of a client that says nothing any more, before it rides into a wall."""
        game, client = ticket.game, ticket.client
        self._echoes.doubt(self._games.slot(game))
        if self._game_of.get(client) == game and self._freeze(client, game):
            self._silent[game] = client

    def _tell_waited(self, record: FinishedGame) -> None:
        """Tell a client that fell silent, and may hear again, that its game waits no longer."""
        client = self._silent.get(record.opening.game)
        if client is not None and record.ending is LiveEnding.ABANDONED:
            over = RefusedError(Refusal.UNKNOWN_GAME, "waited")
            self._send(client, "refused", refused(over))

    def _end(self, record: FinishedGame) -> None:
        watchers = tuple(self._audience.of(record.opening.game))
        ticket = self._forget(record.opening.game)
        self._keeper.finish(ticket, record, watchers)
        if record.kept:
            self.endings[record.ending] += 1
        elif watchers:
            over: OverPayload = {
                "game": ticket.game,
                "text": tell("live.left_first"),
                "view": watched_view(ticket, record),
            }
            self._send.spread(watchers, "over", over)

    def _forget(self, game: int) -> Ticket:
        ticket = self._tickets.pop(game)
        self.playing.leave((ticket.opponent.sha256, ticket.opening.speed))
        self.at.leave(ticket.address)
        self._silent.pop(game, None)
        self._audience.dismiss(game)
        if self._game_of.get(ticket.client) == game:
            del self._game_of[ticket.client]
        return ticket
