"""A game that says what it should not, in colours, with a line that no bad pattern gets over.

leaky.py SECRET: it leaves on SIGTERM.
"""

import os
import signal
import sys

LINES = [
    b"LogNet: Warning: password is " + sys.argv[1].encode(),
    b"a" * 4000 + b"b",
    b"\x1b[31mLogNet: Error: red\x1b[0m",
    b"LogNet: join from 203.0.113.7:50123, caf\xe9",
    b"LogInit: written",
]

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.write(1, b"\n".join(LINES) + b"\n")
signal.sigwait({signal.SIGTERM})
os.write(1, b"LogExit: last words")
