"""A game that writes a lot, keeps a copy of all that it has written to stdout.

SCRIBE_COPY   the copy's path
SCRIBE_BYTES  so much at once, then it waits for SIGTERM
SCRIBE_LAST   so much more at SIGTERM
SCRIBE_RATE   so many times a second meanwhile it writes again (0 = none)
SCRIBE_CHUNK  so much each time
SCRIBE_MEMORY holds so many bytes meanwhile
SCRIBE_TERM   leave (default) | ignore | crash | child: a child of it goes on holding the pipe
"""

import os
import random
import signal
import subprocess
import sys
import time

copy = os.open(os.environ["SCRIBE_COPY"], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
how = os.environ.get("SCRIBE_TERM", "leave")
rate = float(os.environ.get("SCRIBE_RATE", "0"))
chance = random.Random(7)
memory = bytearray(os.urandom(1)) * int(os.environ.get("SCRIBE_MEMORY", "0"))
count = 0


def out(data):
    view = memoryview(data)
    while view:
        done = os.write(1, view)
        os.write(copy, view[:done])
        view = view[done:]


def write(size):
    """Lines that hardly shrink."""
    global count
    while size > 0:
        lines = []
        for _ in range(min(500, size // 110 + 1)):
            count += 1
            lines.append(f"{count:08} {chance.randbytes(50).hex()}\n")
        text = "".join(lines).encode()
        out(text)
        size -= len(text)


term = []
signal.signal(signal.SIGTERM, lambda *_: term.append(1))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
write(int(os.environ.get("SCRIBE_BYTES", "0")))
os.write(2, b"AGENT_URL=%s\nwritten\n" % os.environ.get("AGENT_URL", "").encode())
while True:
    timeout = 1 / rate if rate else 1000
    if signal.sigtimedwait([signal.SIGTERM], timeout):
        write(int(os.environ.get("SCRIBE_LAST", "0")))
        if how != "ignore":
            break
    elif rate:
        write(int(os.environ.get("SCRIBE_CHUNK", "1")))
if how == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if how == "child":
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True
    )
sys.exit(0)
