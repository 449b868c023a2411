"""`tron bench arena`: what a round costs beside the inference that it cannot avoid."""

import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import numpy as np
import onnxruntime
import psutil

from arena.bench_models import convolutional, linear, plain_session
from arena.bench_plain import PlainArena
from arena.blocks import BlockEntrant, BlockTask, play_block
from arena.divisions import Usage
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.schedule import round_robin
from arena.settings import usable_cores
from arena.wire import OBSERVATION_SHAPE
from replays.format import decode
from tron_env.benchmarks import Measurement, Setting
from tron_env.types import Float32Array
from tron_env.warming import compile_kernels

ENTRANTS: Final = 16
STARTS: Final = 96
QUICK_STARTS: Final = 4
BATCHES: Final = (32, 64, 128, 256, 512, 1024)
RAW_SHARE: Final = 0.90
PLAIN_RATIO: Final = 100.0
MOST_MS: Final = 0.05
"""A position, of the networks that the shares are measured with."""
BARE_BEFORE: Final = 100
"""Inferences a game that are run bare before the round, about half of its own; the rest after it.
A machine becomes slower or faster within minutes, and then both sides have some of it."""
SEED: Final = "a7" * 32


@dataclass(frozen=True, slots=True)
class _Round:
    seconds: float
    games: int
    inferences: int
    inference_seconds: float
    """CPU time of the sandboxes, loading left out."""


def arena(setting: Setting) -> Iterator[Measurement]:
    """Measure a round of cheap networks against bare inference, and against HTTP and JSON."""
    cores = usable_cores()
    models = [convolutional(seed) for seed in range(ENTRANTS)]
    batch, seconds = min(
        ((batch, _alone(models[0], batch, 0.5)) for batch in BATCHES), key=lambda found: found[1]
    )
    yield Measurement("arena: a position of these networks", seconds * 1e3, "ms", MOST_MS, True)
    yield Measurement("arena: their best batch", batch, "positions")
    starts = QUICK_STARTS if setting.quick else STARTS
    setting.note(
        f"a round of {ENTRANTS} entrants, {starts} starts a pair, on {cores} cores: workers "
        "started, models loaded into sandboxes, replays encoded; compilation left out"
    )
    compile_kernels()
    half = BARE_BEFORE * _games(starts)
    before = _raw(models, half, batch, cores)
    played = _round(models, starts, cores)
    yield Measurement("arena: a round", played.games / played.seconds, "games/s")
    yield Measurement("arena: its inferences", played.inferences, "positions")
    setting.note(
        "the same inferences by ONNX Runtime alone, half of them before the round and half after: "
        "tensors in memory, one thread a core"
    )
    after = _raw(models, played.inferences - half, batch, cores)
    yield Measurement("arena: bare inference before the round", half / before, "positions/s")
    raw = before + after
    yield Measurement("arena: bare inference", played.inferences / raw, "positions/s")
    yield Measurement(
        "arena: inference in the sandboxes", played.inference_seconds / (cores * raw), "of bare CPU"
    )
    yield Measurement(
        "arena: bare inference's share of a round", raw / played.seconds, "of time", RAW_SHARE
    )
    yield from _against_plain(setting)


def _round(models: Sequence[bytes], starts: int, workers: int) -> _Round:
    """Play one round as the local executor does, up to replays that are ready to be stored."""
    with tempfile.TemporaryDirectory() as folder:
        store = ModelStore(Path(folder))
        tasks = _tasks([store.put(model) for model in models], starts)
        began = perf_counter()
        results = list(LocalExecutor(store, workers).play(tasks))
        seconds = perf_counter() - began
    used = sum((usage for result in results for _, usage in result.usage), Usage())
    games = sum(task.games for task in tasks)
    return _Round(seconds, games, used.positions, used.cpu_seconds)


def _games(starts: int) -> int:
    """Return how many games the measured round has."""
    return ENTRANTS * (ENTRANTS - 1) * starts


def _tasks(stored: Sequence[str], starts: int) -> list[BlockTask]:
    """Return the blocks of a round between the models of these hashes."""
    tasks = []
    for block, members in groupby(round_robin(len(stored)), key=lambda duel: duel.block):
        duels = tuple(members)
        riders = sorted({rider for duel in duels for rider in (duel.first, duel.second)})
        entrants = tuple(BlockEntrant(rider, stored[rider], False) for rider in riders)
        tasks.append(BlockTask(block, "arena", SEED, starts, entrants, duels))
    return tasks


def _raw(models: Sequence[bytes], inferences: int, batch: int, workers: int) -> float:
    """Return how long ONNX Runtime alone takes, the models' shares spread over the workers."""
    context = multiprocessing.get_context("spawn")
    each = inferences // len(models)
    with context.Pool(workers, _open, (models,)) as pool:
        pool.starmap(_infer, [(0, 1, 1)] * workers, chunksize=1)
        began = perf_counter()
        pool.starmap(_infer, [(model, each, batch) for model in range(len(models))], chunksize=1)
        return perf_counter() - began


_sessions: list[onnxruntime.InferenceSession] = []
"""A worker's, of all models."""


def _open(models: Sequence[bytes]) -> None:
    """Have a worker ready before the clock runs."""
    _sessions.extend(map(plain_session, models))


def _infer(model: int, inferences: int, batch: int) -> None:
    session = _sessions[model]
    tensors = _positions(batch)
    whole, rest = divmod(inferences, batch)
    for _ in range(whole):
        session.run(None, {"board": tensors})
    if rest:
        session.run(None, {"board": tensors[:rest]})


def _alone(model: bytes, batch: int, seconds: float) -> float:
    """Return the shortest time a position takes in batches of this size."""
    session = plain_session(model)
    tensors = {"board": _positions(batch)}
    session.run(None, tensors)
    best = float("inf")
    began = perf_counter()
    while perf_counter() - began < seconds:
        before = perf_counter()
        session.run(None, tensors)
        best = min(best, perf_counter() - before)
    return best / batch


def _positions(batch: int) -> Float32Array:
    random = np.random.Generator(np.random.PCG64(batch))
    positions: Float32Array = random.integers(0, 2, (batch, *OBSERVATION_SHAPE)).astype(np.float32)
    return positions


def _against_plain(setting: Setting) -> Iterator[Measurement]:
    """Compare CPU time a ply with an arena that asks by HTTP and JSON, with nets of one matrix."""
    models = (linear(1), linear(2))
    setting.note("two processes behind HTTP, one JSON request a model and ply")
    with PlainArena(models) as plain:
        plain.play(0)
        before = plain.cpu_seconds()
        plies = sum(plain.play(seed) for seed in range(1, 4 if setting.quick else 21))
        slow = (plain.cpu_seconds() - before) / plies
    yield Measurement("arena: HTTP and JSON", slow * 1e3, "CPU-ms/ply")
    setting.note("the same two networks in sandboxes, in one lockstep")
    fast = _lockstep_cpu(models, 64 if setting.quick else 512)
    yield Measurement("arena: lockstep", fast * 1e3, "CPU-ms/ply")
    yield Measurement("arena: CPU a ply of HTTP and JSON", slow / fast, "times", PLAIN_RATIO)


def _lockstep_cpu(models: tuple[bytes, bytes], starts: int) -> float:
    """Return the CPU seconds a ply of one duel, all processes together, sandboxes started."""
    stored = {str(number): model for number, model in enumerate(models)}
    (task,) = _tasks(list(stored), starts)
    play_block(task, stored.__getitem__)
    before = _cpu_seconds()
    result = play_block(task, stored.__getitem__)
    used = _cpu_seconds() - before
    games = [game for _, duel in result.duels for game in duel]
    return used / sum(len(decode(game.replay).actions) for game in games)


def _cpu_seconds() -> float:
    """Return the CPU time of this process, its fork server, and the sandboxes that are over."""
    total = process_time()
    for child in psutil.Process().children():
        times = child.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total
