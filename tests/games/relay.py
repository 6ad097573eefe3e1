"""The pump in a process of its own: relay.py SPOOL_DIRECTORY LIMIT_BYTES LAG_BYTES

fd 3 is the game's stdout, 4 its stderr, 5 the agent's output; they go to 1, 2, 2. When fd 6 ends,
it drains for at most 20 s, prints its counters to fd 7 as JSON, and leaves.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from agent.pid1.pump import Pump
from agent.pid1.spool import open_spool

spool = open_spool(sys.argv[1], int(sys.argv[2]))
pump = Pump(spool, [("stdout", 3, 1), ("stderr", 4, 2), ("agent", 5, 2)], lag=int(sys.argv[3]))
pump.start()
os.read(6, 1)
pump.drain(time.clock_gettime(time.CLOCK_BOOTTIME) + 20)
os.write(7, json.dumps({"folder": spool.folder, **pump.counters()}).encode())
os._exit(0)
