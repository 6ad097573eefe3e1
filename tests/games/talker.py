"""A game that numbers its lines, saves on SIGTERM, takes orders from its environment.

TALKER_RATE   lines a second on stdout (0 = none)
TALKER_LINES  leave by itself after that many lines
TALKER_EXIT   with this status
TALKER_TERM   save (default) | ignore | count: print each SIGTERM, leave on none
"""

import os
import signal
import sys
import time

rate = float(os.environ.get("TALKER_RATE", "0"))
most = int(os.environ.get("TALKER_LINES", "0"))
status = int(os.environ.get("TALKER_EXIT", "0"))
how = os.environ.get("TALKER_TERM", "save")
stopping = False


def out(text):
    os.write(1, (text + "\n").encode())


def on_term(number, frame):
    global stopping
    out(f"signal {number} at {time.clock_gettime(time.CLOCK_BOOTTIME):.6f}")
    stopping = how == "save"


for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, on_term)
out(f"AGENT_URL={os.environ.get('AGENT_URL', '')}")
out(f"DELETE_URL={os.environ.get('ARBITRIUM_DELETE_URL', '')}")
out(f"pid {os.getpid()} boot {time.clock_gettime(time.CLOCK_BOOTTIME):.6f}")
begun, count = time.monotonic(), 0
while not stopping and not (most and count >= most):
    if rate:
        count += 1
        out(f"line {count}")
        time.sleep(max(0.0, begun + count / rate - time.monotonic()))
    else:
        signal.pause() if not most else sys.exit(status)
if stopping:
    out("world saved")
out(f"last line {count}")
sys.exit(status)
