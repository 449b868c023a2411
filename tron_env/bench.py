"""`tron bench engine`: how fast games are played, each way of playing them.

Times leave out compilation and are those of one core. A number is the shortest time of each ply
over many repeats of the same recorded games, as other work on the machine only ever adds.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from time import perf_counter
from typing import Final

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.bench_games import (
    Script,
    engine_time,
    environment_time,
    recorded_steps,
    shortest_ply_times,
    write_script,
    yardstick_time,
)
from tron_env.bench_yardstick import PatchedGame, PlainEnvironment, PlainGame
from tron_env.benchmarks import Measurement, Setting, shortest_times
from tron_env.compiling import FOLDER_VARIABLE
from tron_env.env import TronEnv
from tron_env.memory import block_size
from tron_env.ruleset import ARENA, Ruleset
from tron_env.vector import TronVectorEnv
from tron_env.warming import compile_kernels

PLIES: Final = 60
"""Plies of a recorded game: half as many again as a random game lasts."""
TARGETS: Final = {64: 10e6, 1024: 10e6, 8192: 5e6}
TIMES_YARDSTICK: Final = 500.0
TIMES_YARDSTICK_ALONE: Final = 15.0
DUEL_PLIES: Final = "duel plies/s"


def engine(setting: Setting) -> Iterator[Measurement]:
    """Measure the engine against its targets and against plain Python and NumPy."""
    cores = one_core()
    seconds = 0.2 if setting.quick else 3.0
    began = perf_counter()
    compile_kernels()
    setting.note(
        f"kernels ready after {perf_counter() - began:.1f} s, which no time below includes"
    )
    yield from _actions_inside(setting, seconds)
    setting.note("writing down games")
    scripts = {n: write_script(ARENA, n, PLIES) for n in (1, *TARGETS)}
    yield from _actions_given(setting, scripts, seconds)
    yield from _against_the_yardstick(setting, scripts[1024], seconds)
    yield from _faces(setting, seconds)
    yield Measurement("engine: memory", block_size(1024, 32 * 32) / 1024, "bytes/game")
    if setting.quick:
        return
    for side in (8, 16, 64):
        setting.note(f"boards of {side}x{side} cells")
        script = write_script(Ruleset(side, side), 1024, PLIES)
        metric = f"engine: actions given, 1024 games of {side}x{side} cells"
        yield Measurement(metric, 1 / engine_time(script, seconds), DUEL_PLIES)
    yield from _threads(setting, cores)
    yield from _compilation(setting)


def one_core() -> set[int]:
    """Stay on one core from now on; return those that were allowed, none where none is told."""
    if not hasattr(os, "sched_setaffinity"):
        return set()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    return cores


def _actions_inside(setting: Setting, seconds: float) -> Iterator[Measurement]:
    for n in (1, *TARGETS):
        setting.note(f"actions drawn inside, {n} games")
        games = BatchEngine(ARENA, n)
        games.reset(range(n), range(n))
        plies = max(100, 10_000 // n)
        (time,) = shortest_times(partial(games.play_random, plies), seconds=seconds)
        yield Measurement(f"engine: actions drawn inside, {n} games", n * plies / time, DUEL_PLIES)


def _actions_given(
    setting: Setting, scripts: dict[int, Script], seconds: float
) -> Iterator[Measurement]:
    for n, script in scripts.items():
        setting.note(f"actions given, {n} games")
        speed = 1 / engine_time(script, seconds)
        metric = f"engine: actions given, {n} games"
        yield Measurement(metric, speed, DUEL_PLIES, TARGETS.get(n))


def _against_the_yardstick(
    setting: Setting, script: Script, seconds: float
) -> Iterator[Measurement]:
    setting.note("plain Python and NumPy on the same games")
    own = engine_time(script, seconds)
    fewer = Script(script.ruleset, script.seeds[:64], tuple(a[:64] for a in script.actions))
    plain = yardstick_time(fewer, PlainGame, seconds)
    patched = yardstick_time(fewer, PatchedGame, seconds)
    yield Measurement("engine: plain Python and NumPy", 1 / plain, DUEL_PLIES)
    yield Measurement("engine: the same, planes patched", 1 / patched, DUEL_PLIES)
    metric = "engine: actions given, 1024 games, against plain"
    yield Measurement(metric, plain / own, "times", TIMES_YARDSTICK)
    yield Measurement("engine: the same against patched", patched / own, "times")
    alone = environment_time(TronEnv("random"), seconds)
    yield Measurement("engine: TronEnv against a random opponent", 1 / alone, "steps/s")
    environment = environment_time(PlainEnvironment(script.ruleset), seconds)
    metric = "engine: TronEnv alone, against plain with a random opponent"
    yield Measurement(metric, environment / alone, "times", TIMES_YARDSTICK_ALONE)


def _faces(setting: Setting, seconds: float) -> Iterator[Measurement]:
    """Measure the environments, whose own starts after an ended game count as well."""
    for n in (64, 1024) if setting.quick else TARGETS:
        setting.note(f"TronVectorEnv, {n} games")
        games = TronVectorEnv(n, dtype=np.uint8)
        start = partial(games.reset, seed=0)
        actions = recorded_steps(start, games.step, games.action_masks)
        plies = [partial(games.step, each) for each in actions]
        speed = n * len(plies) / float(shortest_ply_times(start, plies, seconds).sum())
        metric = f"engine: TronVectorEnv against a random opponent, {n} games"
        yield Measurement(metric, speed, "steps/s")


def _threads(setting: Setting, cores: set[int]) -> Iterator[Measurement]:
    """Compare in another interpreter, whose threads do not stay on one core as this one's do."""
    if len(cores) < 2:
        return
    setting.note("two threads on two cores")
    code = "from tron_env.bench_games import two_threads; print(two_threads())"
    # Threads that wait by spinning take a core from the others where cores are shared.
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        found = _elsewhere(code, {"OMP_WAIT_POLICY": "PASSIVE"})
    finally:
        os.sched_setaffinity(0, here)
    yield Measurement("engine: two threads against one, 8192 games", float(found), "times")


def _compilation(setting: Setting) -> Iterator[Measurement]:
    """Compile everything anew, with an empty folder."""
    setting.note("compiling everything anew")
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        code = "from tron_env.warming import compile_kernels; compile_kernels()"
        _elsewhere(code, {FOLDER_VARIABLE: folder})
        yield Measurement("engine: compilation, once a version", perf_counter() - began, "s")


def _elsewhere(code: str, variables: Mapping[str, str]) -> str:
    """Run ``code`` in another interpreter; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
