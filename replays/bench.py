"""`tron bench replays`: how small replays are, and how fast they are read and analysed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import numpy as np

from replays.analysis import analyze
from replays.coding import code_headings
from replays.deep import CONFIRM, DEEP, deepen, make_evaluator
from replays.format import Replay, decode, encode
from replays.playback import Playback
from replays.summary import summarise
from replays.turns import packed_size
from replays.view import replay_view
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.benchmarks import Measurement, Setting
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import DeathCause, Outcome

Item = TypeVar("Item")

GAMES: Final = 60
QUICK_GAMES: Final = 12
RIDERS: Final = ("voronoi", "wall-hugger")
LONG: Final = (180, 220)
"""Plies of the games whose bytes are counted as those of a 200-ply game."""


def replays(setting: Setting) -> Iterator[Measurement]:
    """Measure on one core, over games of two shipped heuristics that always come out alike."""
    count = QUICK_GAMES if setting.quick else GAMES
    setting.note(f"{count} games of {' and '.join(RIDERS)}")
    games = recorded(count)
    data = [encode(game) for game in games]
    names = ("Ada", "Bo")
    sized = [
        len(code) * 200 / game.plies
        for code, game in zip(data, games, strict=True)
        if LONG[0] <= game.plies <= LONG[1]
    ]
    if sized:
        yield Measurement(
            "replays: a 200-ply game, the largest", max(sized), "bytes", 120, at_most=True
        )
    coded = [
        len(code or bytes(packed_size(game.plies))) / packed_size(game.plies)
        for game in games
        for code in [code_headings(game.actions, game.spawns, (32, 32))]
        if game.plies
    ]
    yield Measurement("replays: coded turns", float(np.mean(coded)), "of the packed ones")
    median, _ = _timed(decode, data)
    yield Measurement("replays: decode, median", median, "ms")
    median, _ = _timed(lambda code: replay_view(decode(code), names, ("model", "model")), data)
    yield Measurement(
        "replays: decode and draw the first frame, median", median, "ms", 20, at_most=True
    )
    median, worst = _timed(lambda code: summarise(code, names), data)
    yield Measurement("replays: territory pass, median", median, "ms", 30, at_most=True)
    yield Measurement("replays: territory pass, slowest", worst, "ms")
    step = count // (2 if setting.quick else 6)
    playbacks = [Playback(game) for game in sorted(games, key=lambda game: game.plies)[::step]]
    setting.note(f"deep pass of {len(playbacks)} games")
    evaluators = make_evaluator(DEEP), make_evaluator(CONFIRM)
    median, worst = _timed(lambda each: deepen(each, analyze(each), *evaluators), playbacks)
    yield Measurement("replays: deep pass, median", median / 1000, "s", 5, at_most=True)
    yield Measurement("replays: deep pass, slowest", worst / 1000, "s")


def _timed(function: Callable[[Item], object], items: Sequence[Item]) -> tuple[float, float]:
    """Return the median and the greatest CPU time of the calls, in ms, after one to warm up."""
    function(items[0])
    times = []
    for item in items:
        started = time.process_time()
        function(item)
        times.append((time.process_time() - started) * 1000)
    return float(np.median(times)), max(times)


def recorded(count: int, riders: Sequence[str] = RIDERS) -> list[Replay]:
    """Play and record games in lockstep; the same on every machine.

    Args:
        count: games, on starts 0, 1, 2 and so on.
        riders: who rides on each seat, by SPEC.
    """
    agents = [make_agent(name) for name in riders]
    engine = BatchEngine(ARENA, count)
    engine.reset(np.arange(count), np.arange(count, dtype=np.uint64))
    headings, lengths = [], np.zeros(count, dtype=int)
    while (live := np.flatnonzero(engine.outcomes == Outcome.ONGOING)).size:
        actions = np.zeros((count, 2), dtype=np.uint8)
        for seat, agent in enumerate(agents):
            actions[live, seat] = agent.act(engine, live, np.full(len(live), seat))
        engine.step(actions)
        lengths[live] += 1
        headings.append(engine.headings.copy())
    ridden = np.array(headings)
    found = []
    for game in range(count):
        first, second = (DeathCause(int(cause)) for cause in engine.causes[game])
        found.append(
            Replay(
                ruleset=ARENA,
                seed=game,
                spawns=spawns_for(ARENA, game),
                actions=ridden[: lengths[game], game],
                outcome=Outcome(int(engine.outcomes[game])),
                causes=(first, second),
            )
        )
    return found
