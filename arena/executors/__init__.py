"""What plays the blocks of a round."""

from arena.errors import ClusterError
from arena.executors.base import Executor
from arena.models import ModelStore


def make_executor(
    engine: str, models: ModelStore, workers: int, address: str | None = None
) -> Executor:
    """Return what ``--engine`` names: ``local``, or ``ray`` on the cluster at ``address``.

    Raises:
        ClusterError: Ray is not installed.
    """
    if engine == "local":
        from arena.executors.local import LocalExecutor

        return LocalExecutor(models, workers)
    try:
        from arena.executors.ray import RayExecutor
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ClusterError("Ray is not installed: pip install 'tron-arena[cluster]'") from error
    return RayExecutor(models, address, workers)
