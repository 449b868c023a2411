"""Which core a worker and its sandboxes run on.

The engine writes what its sandboxes read next, and they take turns: on one core all of it stays in
that core's caches. So where there are as many workers as cores, each keeps to a core of its own;
when there is no work left for some, the others may use all of them.
"""

import contextlib
import os
from collections.abc import Collection

import psutil


def own_cores(workers: int) -> frozenset[int]:
    """Return the cores that workers keep to, one each; empty where they had better share."""
    if not hasattr(os, "sched_setaffinity"):
        return frozenset()
    usable = frozenset(os.sched_getaffinity(0))
    return usable if workers == len(usable) > 1 else frozenset()


def keep_to(pid: int, cores: Collection[int]) -> None:
    """Have a process, and all that it started and will start, run on these cores alone."""
    with contextlib.suppress(psutil.Error):  # it ended
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(OSError):  # it ended, or may not be told where to run
                os.sched_setaffinity(each.pid, cores)
