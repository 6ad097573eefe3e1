"""A game that writes its log to a file and turns it over.

DIARIST_LINES  so many lines
DIARIST_EVERY  the log is renamed after so many, as logrotate does: Game.log.1, .2, …
DIARIST_PAUSE  seconds after each of these
DIARIST_WAY    rename (default) | copytruncate
"""

import os
import shutil
import signal
import time
from pathlib import Path

log = Path("logs/Game.log")
lines = int(os.environ["DIARIST_LINES"])
every = int(os.environ["DIARIST_EVERY"])
pause = float(os.environ.get("DIARIST_PAUSE", "0"))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
log.parent.mkdir(exist_ok=True)


def turn_over():
    old = sorted(log.parent.glob("Game.log.*"), key=lambda each: -int(each.suffix[1:]))
    for each in old:
        each.rename(each.with_suffix(f".{int(each.suffix[1:]) + 1}"))
    if os.environ.get("DIARIST_WAY") == "copytruncate":
        shutil.copy(log, f"{log}.1")
        os.truncate(log, 0)
        return None
    log.rename(f"{log}.1")
    return log.open("ab", buffering=0)


out = log.open("ab", buffering=0)
for number in range(lines):
    out.write(b"line %08d of the diary\n" % number)
    if number % every == every - 1:
        time.sleep(pause)
        out = turn_over() or out
print("written", flush=True)
signal.sigwait([signal.SIGTERM])
out.write(b"goodbye")
