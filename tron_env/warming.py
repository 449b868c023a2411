"""Having every kernel of the engine compiled before it is needed."""

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.rows import KeptRows
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import PLANES, SEATS


def compile_kernels() -> None:
    """Compile what ``BatchEngine`` calls on one thread, or load it where that was done before.

    Call it before starting worker processes: they then load what is compiled here, instead of
    each compiling the same.
    """
    games = [0, 1]
    engine = BatchEngine(ARENA, len(games))
    engine.reset(games, games)
    engine.step(engine.headings)
    engine.step_restarting(engine.headings)
    engine.play_random(1)
    engine.reset_to(0, spawns_for(ARENA, 0))
    engine.reset_to_state(0, engine.state(0))
    index = np.array(games)
    for dtype in (np.float32, np.uint8):
        out = np.empty((len(games), PLANES, ARENA.height, ARENA.width), dtype)
        engine.gather(index, index % SEATS, out)
    KeptRows(out).write(engine, index, index % SEATS)
