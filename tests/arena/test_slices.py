"""Long slices change how often processes take turns, and neither priority nor policy."""

import os
import subprocess
import sys

from arena.slices import lengthen_slices


def test_a_process_keeps_its_priority_and_policy():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        os.setpriority(os.PRIO_PROCESS, other.pid, 7)
        os.sched_setscheduler(other.pid, os.SCHED_BATCH, os.sched_param(0))
        assert lengthen_slices(other.pid)
        assert os.getpriority(os.PRIO_PROCESS, other.pid) == 7
        assert os.sched_getscheduler(other.pid) == os.SCHED_BATCH
        other.communicate(b"\n")
    assert not lengthen_slices(other.pid)
