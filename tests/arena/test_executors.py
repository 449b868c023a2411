"""The local executor: same results as in-process, whatever happens to its workers."""

import contextlib
import os
import signal
import threading
import time
from dataclasses import replace

import psutil
import pytest

from arena.blocks import BlockEntrant, BlockTask, play_block
from arena.confinement import Layer
from arena.errors import ArenaFault, SandboxLostError
from arena.executors.base import MAX_ATTEMPTS
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.schedule import round_robin
from tests.arena.rivals import rival

SEED = "5a" * 32


@pytest.fixture
def models(tmp_path):
    return ModelStore(tmp_path)


def tasks_for(models, entrants=4, starts=1):
    stored = [models.put(rival(number)) for number in range(entrants)]
    blocks = {}
    for duel in round_robin(entrants):
        blocks.setdefault(duel.block, []).append(duel)
    return [
        BlockTask(
            number,
            "arena",
            SEED,
            starts,
            tuple(
                BlockEntrant(rider, stored[rider], False)
                for rider in sorted(
                    {rider for duel in duels for rider in (duel.first, duel.second)}
                )
            ),
            tuple(duels),
        )
        for number, duels in blocks.items()
    ]


def test_a_machine_without_the_layers_of_the_round_plays_no_block(models, monkeypatch):
    (task, *_) = tasks_for(models)
    wanted = replace(task, layers=Layer.LIMITS | Layer.SECCOMP)
    monkeypatch.setattr("arena.blocks.available_layers", lambda: Layer.LIMITS | Layer.LANDLOCK)
    with pytest.raises(SandboxLostError, match="lacks seccomp"):
        play_block(wanted, models.get)


def by_number(results):
    return sorted(results, key=lambda result: result.number)


def worker_pids():
    return {child.pid for child in psutil.Process().children() if is_worker(child)}


def is_worker(child):
    try:
        return any("spawn_main" in part for part in child.cmdline())
    except psutil.Error:  # it ended while we looked
        return False


def test_blocks_played_anywhere_are_the_same(models):
    tasks = tasks_for(models)
    here = [play_block(task, models.get) for task in tasks]
    assert by_number(LocalExecutor(models, 2).play(tasks)) == by_number(here)
    assert worker_pids() == set()


def test_a_killed_worker_costs_nothing(models):
    tasks = tasks_for(models, starts=20)
    expected = by_number(play_block(task, models.get) for task in tasks)
    killed = []
    over = threading.Event()

    def kill_one():
        while not killed and not over.is_set():
            for pid in worker_pids():
                time.sleep(0.3)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                break

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        found = by_number(LocalExecutor(models, 2).play(tasks))
    finally:
        over.set()
        killer.join()
    assert killed
    assert found == expected


def test_a_fault_of_ours_is_retried_and_then_told(models, caplog):
    (task, *_) = tasks_for(models)
    for entrant in task.entrants:
        models.path(entrant.sha256).unlink()
    with pytest.raises(ArenaFault, match=rf"block 0 failed {MAX_ATTEMPTS} times.*is missing"):
        list(LocalExecutor(models, 1).play([task]))
    assert len(caplog.records) == MAX_ATTEMPTS
    assert worker_pids() == set()


def test_a_worker_that_dies_between_two_blocks_costs_nothing(models):
    tasks = tasks_for(models)
    results = LocalExecutor(models, 1).play(tasks)
    found = [next(results)]
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # gone, and left to be reaped
    found += results
    assert by_number(found) == [play_block(task, models.get) for task in tasks]


def test_nothing_to_play_starts_nothing(models):
    assert list(LocalExecutor(models, 2).play([])) == []


def test_stopping_early_ends_the_workers(models):
    results = LocalExecutor(models, 2).play(tasks_for(models, starts=10))
    next(results)
    results.close()
    assert worker_pids() == set()


@pytest.fixture
def two_cores():
    usable = os.sched_getaffinity(0)
    if len(usable) < 2:
        pytest.skip("there is one core")
    os.sched_setaffinity(0, sorted(usable)[:2])
    yield os.sched_getaffinity(0)
    os.sched_setaffinity(0, usable)


def used_cores():
    """Return the cores of each worker, and of all that it started."""
    found = set()
    for worker in map(psutil.Process, worker_pids()):
        cores = set(worker.cpu_affinity())
        for child in worker.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it ended while we looked
                cores.update(child.cpu_affinity())
        found.add(frozenset(cores))
    return found


def test_with_as_many_workers_as_cores_each_keeps_to_one_with_its_sandboxes(models, two_cores):
    results = LocalExecutor(models, 2).play(tasks_for(models))
    next(results)
    assert used_cores() == {frozenset({core}) for core in two_cores}
    results.close()


@pytest.mark.parametrize(("workers", "blocks"), [(2, 1), (3, 3)])
def test_otherwise_workers_use_all_cores(models, two_cores, workers, blocks):
    results = LocalExecutor(models, workers).play(tasks_for(models)[:blocks])
    next(results)
    assert used_cores() == {frozenset(two_cores)}
    results.close()
