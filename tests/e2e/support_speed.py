# SPDX-License-Identifier: Apache-2.0
"""For scripts that compare speeds on a machine that others use, too: what a thread did with the time that it had a core,
against what a core was worth meanwhile."""
import zlib
from support import *

BLOCK = bytes(1 << 20)

def thread_times(tailrace, name):
    """Nanoseconds that a thread ran, and waited for a core while it could have run."""
    base = f"/proc/{tailrace.process.pid}/task"
    for task in os.listdir(base):
        if open(f"{base}/{task}/comm").read().strip() == name:
            run, waited = map(int, open(f"{base}/{task}/schedstat").read().split()[:2])
            return run, waited
    return 0, 0

def machine_speed():
    """Bytes a second of this thread's own time that a fixed piece of work takes: what a core is worth right
    now, while others share its caches."""
    begun = time.thread_time()
    for _ in range(40):
        zlib.crc32(BLOCK)
    return 40 * len(BLOCK) / (time.thread_time() - begun)
