"""Live games as models see them, and one that is played before anybody comes."""

import itertools

import numpy as np

from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import PLANES, Action, Float32Array
from web.echoes import Echoes
from web.inference import Question
from web.live import LiveGames
from web.live_types import DEFAULT_SPEED, PERIODS, Ask, Opening, person_seat


class Room:
    """Memory for the positions of questions that are answered before the next is asked.

    Each time anew it would be fresh from the system, page by page, which takes longer than writing
    the positions and about as long as a small model's answer.
    """

    def __init__(self) -> None:
        self._observations: Float32Array = np.empty((0, PLANES, 0, 0), dtype=np.float32)

    def of(self, shape: tuple[int, int, int, int]) -> Float32Array:
        """Return an array whose content is over once the next is asked for."""
        if self._observations.shape[1:] != shape[1:] or len(self._observations) < shape[0]:
            self._observations = np.empty((2 * shape[0], *shape[1:]), dtype=np.float32)
        return self._observations[: shape[0]]


def question_of(games: LiveGames, ask: Ask, room: Room | None = None) -> Question:
    """Return ``ask`` with copies of its positions, as models see them.

    Args:
        games: the live games.
        ask: what is asked.
        room: holds the positions where the answer comes before the next question.
    """
    engine = games.engine
    shape = (ask.slots.size, PLANES, engine.ruleset.height, engine.ruleset.width)
    observations = np.empty(shape, dtype=np.float32) if room is None else room.of(shape)
    engine.gather(ask.slots, ask.seats, observations)
    return Question(
        ask,
        observations,
        engine.masks[ask.slots, ask.seats],
        engine.headings[ask.slots, ask.seats],
    )


def rehearse() -> None:
    """Play one game that nobody sees, which compiles whatever live games call."""
    seed = 0
    seat = person_seat(spawns_for(ARENA, seed))
    games = LiveGames(ARENA, 1, max(PERIODS.values()))
    games.open(Opening(1, seed, seat, DEFAULT_SPEED, ""))
    games.turn(1, Action.UP)
    echoes = Echoes(1)
    echoes.take(0, 1, now=0.0)
    nothing = np.zeros((0, 4), dtype=np.int64)
    games.hear(nothing, np.zeros(0, dtype=np.int32), echoes, now=0.0)
    for slot in itertools.count():
        beat = games.beat(slot)
        for ask in beat.asks:
            games.answer(ask, question_of(games, ask).headings)
        if beat.finished:
            return
