"""Plays blocks in processes of this machine, one block at a time each.

A worker that dies, or that reports a fault of ours, has its block played again elsewhere. Workers
end with their parent, however it ends.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from arena.blocks import BlockResult, BlockTask, play_block
from arena.errors import ArenaFault
from arena.executors.base import Attempts
from arena.executors.cores import keep_to, own_cores
from arena.models import ModelStore
from tron_env.warming import compile_kernels


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: "Connection[BlockTask | None, BlockResult | str]"
    task: BlockTask
    core: int | None
    """The only one that it runs on."""


class LocalExecutor:
    """An ``Executor`` over the cores of this machine.

    Args:
        models: where the models are.
        workers: how many processes, at least 1.
    """

    def __init__(self, models: ModelStore, workers: int) -> None:
        self._folder = models.folder
        self._workers = workers
        self._cores = own_cores(workers)

    def play(self, tasks: Sequence[BlockTask]) -> Iterator[BlockResult]:
        """Yield each block's result as it comes, the largest begun first; see ``Executor``."""
        waiting = deque(sorted(tasks, key=lambda task: -task.games))
        attempts = Attempts()
        workers: list[_Worker] = []
        # So that the workers load the kernels instead of all compiling the same.
        compile_kernels()
        try:
            while waiting and len(workers) < self._workers:
                workers.append(self._start(waiting.popleft(), workers))
            while workers:
                if len(workers) < self._workers:
                    self._spread(workers)
                ready = wait([worker.pipe for worker in workers])
                for worker in [worker for worker in workers if worker.pipe in ready]:
                    result = _reply(worker)
                    if isinstance(result, BlockResult):
                        yield result
                        if waiting:
                            _give(worker, waiting.popleft())
                            continue
                    else:
                        attempts.failed(worker.task.number, result)
                        waiting.append(worker.task)
                    _stop(worker)
                    workers.remove(worker)
                    if waiting:
                        workers.append(self._start(waiting.popleft(), workers))
        finally:
            for worker in workers:
                _stop(worker)

    def _start(self, task: BlockTask, others: Sequence[_Worker]) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._folder), daemon=True)
        process.start()
        theirs.close()
        core = min(self._cores - {other.core for other in others}, default=None)
        worker = _Worker(process, ours, task, core)
        if core is not None and process.pid is not None:
            keep_to(process.pid, {core})
        _give(worker, task)
        return worker

    def _spread(self, workers: Sequence[_Worker]) -> None:
        """Let workers use the cores of those that are gone."""
        for worker in workers:
            if worker.core is not None and worker.process.pid is not None:
                keep_to(worker.process.pid, self._cores)
                worker.core = None


def _give(worker: _Worker, task: BlockTask) -> None:
    worker.task = task
    # One that is dead by now ends its pipe, and with that its task is given to another.
    with contextlib.suppress(OSError):
        worker.pipe.send(task)


def _reply(worker: _Worker) -> BlockResult | str:
    try:
        return worker.pipe.recv()
    except (EOFError, OSError):
        return "its process died"


def _stop(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.process.close()
    worker.pipe.close()


def _work(pipe: "Connection[BlockResult | str, BlockTask]", folder: Path) -> None:
    """Play the blocks that come through ``pipe``; the parent decides when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    models = ModelStore(folder)
    while True:
        task = pipe.recv()
        try:
            pipe.send(play_block(task, models.get))
        except ArenaFault as fault:
            pipe.send(str(fault) or type(fault).__name__)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
