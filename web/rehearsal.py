"""Live games as models see them, and one that is played before anybody comes."""

import itertools

import numpy as np

from tron_env.positions import Positions
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import PLANES, Action, Float32Array
from web.echoes import Echoes
from web.inference import Question
from web.live import LiveGames
from web.live_types import DEFAULT_SPEED, PERIODS, Ask, Opening, person_seat


def question_of(games: LiveGames, ask: Ask, positions: Positions | None = None) -> Question:
    """Return ``ask`` with copies of its positions, as models see them.

    Args:
        games: the live games.
        ask: what is asked.
        positions: holds them where the answer comes before the next question.
    """
    engine = games.engine
    if positions is None:
        shape = (ask.slots.size, PLANES, engine.ruleset.height, engine.ruleset.width)
        observations: Float32Array = np.empty(shape, dtype=np.float32)
        engine.gather(ask.slots, ask.seats, observations)
    else:
        observations = positions.of(ask.slots, ask.seats)
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
    positions = Positions(games.engine)
    nothing = np.zeros((0, 4), dtype=np.int64)
    games.hear(nothing, np.zeros(0, dtype=np.int32), echoes, now=0.0)
    for slot in itertools.count():
        beat = games.beat(slot)
        for ask in beat.asks:
            games.answer(ask, question_of(games, ask, positions).headings)
        if beat.finished:
            return
