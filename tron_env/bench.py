"""`tron bench engine`: how fast games are played, each way of playing them."""

from collections.abc import Iterator
from functools import partial

from tron_env.batch import BatchEngine
from tron_env.benchmarks import Measurement, Setting, shortest_times
from tron_env.ruleset import ARENA


def engine(setting: Setting) -> Iterator[Measurement]:
    """Measure the engine on one core."""
    for n in (1, 64, 1024, 8192):
        games = BatchEngine(ARENA, n)
        games.reset(range(n), range(n))
        plies = max(1, 20_000 // n)
        setting.note(f"random play inside the kernel, {n} games")
        (time,) = shortest_times(partial(games.play_random, plies), seconds=0.5)
        yield Measurement(f"engine: actions drawn inside, {n} games", n * plies / time, "plies/s")
