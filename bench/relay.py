"""The pump alone, between fd 0 and fd 1, as PID 1 would run it.

usage: python3 -I -S relay.py ROOT SPOOL_DIRECTORY COALESCE_SECONDS; ends when fd 4 does.
"""

import posix
import sys
import time

sys.path.insert(0, sys.argv[1])

from agent.pid1.pump import Pump
from agent.pid1.spool import open_spool

SPOOL = open_spool(sys.argv[2], 16 << 30)
PUMP = Pump(SPOOL, [("stdout", 0, 1)], lag=16 << 30, coalesce_seconds=float(sys.argv[3]))
PUMP.start()
posix.read(4, 1)
PUMP.drain(time.clock_gettime(time.CLOCK_BOOTTIME) + 60)
posix.close(1)  # its reader has it all: tidying up is not measured
COUNTERS = PUMP.counters()
STATUS = posix.read(posix.open("/proc/self/status", posix.O_RDONLY), 65536)
COUNTERS["peak_kib"] = int(STATUS.split(b"VmHWM:")[1].split()[0])
posix.write(3, repr(COUNTERS).replace("'", '"').encode())
SPOOL.discard()
posix._exit(0)  # noqa: SLF001 - as PID 1 leaves
