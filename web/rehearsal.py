"""Live games as models see them, and one that is played before anybody comes."""

import itertools

import numpy as np

from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import PLANES
from web.inference import Question
from web.live import LiveGames
from web.live_types import DEFAULT_SPEED, PERIODS, Ask, Opening, person_seat


def question_of(games: LiveGames, ask: Ask) -> Question:
    """Return ``ask`` with copies of its positions, as models see them."""
    engine = games.engine
    shape = (ask.slots.size, PLANES, engine.ruleset.height, engine.ruleset.width)
    observations = np.empty(shape, dtype=np.float32)
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
    for slot in itertools.count():
        beat = games.beat(slot)
        for ask in beat.asks:
            games.answer(ask, question_of(games, ask).headings)
        if beat.finished:
            return
