"""Tells what terminal it has, then each SIGINT and each line it reads; "stop" ends it."""

import os, signal, sys

signal.signal(signal.SIGINT, lambda *_: os.write(1, b"INT\n"))
tty = os.open("/dev/tty", os.O_RDWR)
while os.tcgetpgrp(tty) != os.getpgid(0):  # PID 1 lends it right after the start
    pass
print("front", os.isatty(0), os.isatty(1), flush=True)
for line in sys.stdin:
    print("read", line.strip(), flush=True)
    if line.strip() == "stop":
        sys.exit(4)
