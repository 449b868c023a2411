"""Games being opened, with a referee that only takes note."""

import queue

from tests.web.test_inference import Restless
from tests.web.test_recorder import NOBODY
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from web.inference import InferencePool
from web.live_types import cells_ahead
from web.lobby import MIN_CELLS_AHEAD, Lobby
from web.messages import Join
from web.referee import Command, Open
from web.tickets import Opponent

OPPONENT = Opponent("zoo/m", "M", "a model", None, "aa" * 32)


class Notes:
    """A referee whose orders are kept."""

    def __init__(self) -> None:
        self.pool = InferencePool(queue.SimpleQueue().put)
        self.posted: list[Command] = []

    def post(self, command: Command) -> None:
        self.posted.append(command)


class Anybody:
    """Knows one opponent."""

    def find(self, spec: str) -> Opponent:
        return OPPONENT

    def load(self, opponent: Opponent) -> Restless:
        return Restless()


def test_no_game_starts_right_before_a_wall():
    notes = Notes()
    seeds = iter(range(10_000))
    lobby = Lobby(notes, Anybody(), lambda opponent: NOBODY, seeds.__next__)  # type: ignore[arg-type]
    lobby.connect("c")
    for _ in range(50):
        lobby.join("c", None, Join("zoo/m", 10))
    opened = [command.ticket.opening.seed for command in notes.posted if isinstance(command, Open)]
    room = {seed: cells_ahead(spawns_for(ARENA, seed)[0], ARENA) for seed in range(max(opened))}
    assert opened[:-1] == [seed for seed, cells in room.items() if cells >= MIN_CELLS_AHEAD]
    assert min(room.values()) < MIN_CELLS_AHEAD, "some starts were passed over"
    notes.pool.close()
