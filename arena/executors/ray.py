"""Plays blocks on a Ray cluster: models through its object store, blocks as tasks.

Every machine of the cluster has tron-arena installed and sandboxes the models itself. A task that
dies with its worker or machine is begun again elsewhere, whole; records are those of the local
executor, since a block follows from the frozen field alone.
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import ray
from ray.exceptions import RayError

from arena.blocks import BlockResult, BlockTask, play_block
from arena.errors import ArenaFault, ClusterError
from arena.executors.base import Attempts
from arena.models import ModelStore

AUTO: Final = "auto"
"""The address of the cluster that this machine belongs to."""
TASKS_A_CORE: Final = 2
"""Blocks handed out ahead, so that no core waits for its next one; bounds what is in flight."""


class RayExecutor:
    """An ``Executor`` over the cores of a Ray cluster.

    Args:
        models: where this machine keeps the models.
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT`` of a running cluster; without one a
            cluster of this machine alone is started, and ended afterwards.
        workers: cores of a cluster that is started here, all by default.
    """

    def __init__(
        self, models: ModelStore, address: str | None = None, workers: int | None = None
    ) -> None:
        self._models = models
        self._address = address
        self._workers = workers

    def play(self, tasks: Sequence[BlockTask]) -> Iterator[BlockResult]:
        """Yield each block's result as it comes, the largest begun first; see ``Executor``.

        Raises:
            ClusterError: there is no cluster at the address.
        """
        if not tasks:
            return
        with self._cluster():
            yield from self._play(tasks)

    def _play(self, tasks: Sequence[BlockTask]) -> Iterator[BlockResult]:
        waiting = deque(sorted(tasks, key=lambda task: -task.games))
        attempts = Attempts()
        stored: dict[str, Any] = {}
        running: dict[Any, BlockTask] = {}
        try:
            while waiting or running:
                cores = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
                most = TASKS_A_CORE * max(1, cores)
                while waiting and len(running) < most:
                    task = waiting.popleft()
                    running[self._begin(task, stored)] = task
                (ready, *_), _ = ray.wait(list(running))
                task = running.pop(ready)
                result = _result(ready)
                if isinstance(result, BlockResult):
                    yield result
                else:
                    attempts.failed(task.number, result)
                    waiting.append(task)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _begin(self, task: BlockTask, stored: dict[str, Any]) -> Any:
        """Hand a block out; each model is put into the object store once a round."""
        for entrant in task.entrants:
            if entrant.sha256 not in stored:
                stored[entrant.sha256] = ray.put(self._models.get(entrant.sha256))
        return _play_remotely.remote(task, *(stored[entrant.sha256] for entrant in task.entrants))

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        """Be connected to the cluster; one that this process is connected to already is used."""
        if ray.is_initialized():
            yield
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would call its makers
        try:
            ray.init(
                address=self._address or "local",
                num_cpus=None if self._address else self._workers,
                include_dashboard=None if self._address else False,
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
        except (ConnectionError, ValueError, RuntimeError, RayError) as error:
            raise ClusterError(
                f"no Ray cluster answers at {self._address or 'this machine'}: {error}; "
                "start one by `ray start --head`, give this process its token where it asks for "
                "one (RAY_AUTH_MODE=token), or leave --address out"
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


@ray.remote(num_cpus=1, max_retries=0)
def _play_remotely(task: BlockTask, *models: bytes) -> BlockResult | str:
    """Play one block on whatever machine this is; return why, where a fault of ours kept it."""
    given = {entrant.sha256: model for entrant, model in zip(task.entrants, models, strict=True)}
    try:
        return play_block(task, given.__getitem__)
    except ArenaFault as fault:
        return str(fault) or type(fault).__name__


def _result(reference: Any) -> BlockResult | str:
    try:
        result: BlockResult | str = ray.get(reference)
    except RayError as error:  # its worker or machine is gone
        # Ray goes on to explain what may have come about how; this names what did.
        return str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
    return result
