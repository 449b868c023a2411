"""How long the kernel lets a process run before another that waits for the CPU gets it.

Linux gives each a millisecond or three, too little for sandboxes that take turns on a core: every
change empties the caches. Since 6.12 a process may be given longer slices. It gets no more of the
CPU by that, only later, so those that want it for a moment, such as live play, go first.
"""

import ctypes
import os
import platform
import struct
from typing import Final

LONG_SLICE_NS: Final = 100_000_000
"""The longest that Linux allows."""
SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")
"""``struct sched_attr`` in its first version: size, policy, flags, nice, and four we leave at 0 but
for the runtime."""

_libc = ctypes.CDLL(None, use_errno=True)


def lengthen_slices(pid: int) -> bool:
    """Ask the kernel to let a process of ours run for ``LONG_SLICE_NS`` at a time.

    Returns:
        Whether it was asked; older kernels say yes and change nothing. No for one that has ended.
    """
    number = SCHED_SETATTR.get(platform.machine())
    if number is None:
        return False
    try:
        policy, nice = os.sched_getscheduler(pid), os.getpriority(os.PRIO_PROCESS, pid)
    except OSError:
        return False
    wanted = ATTRIBUTES.pack(ATTRIBUTES.size, policy, 0, nice, 0, LONG_SLICE_NS, 0, 0)
    done: int = _libc.syscall(number, pid, ctypes.create_string_buffer(wanted), 0)
    return done == 0
