"""Prints the name of each signal it gets, in order; argv: signals that end it, as NAME=STATUS."""

import os, signal, sys

ends = dict(word.split("=") for word in sys.argv[1:])
every = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
# Blocked, then taken: handlers of signals that are pending together run in reverse order.
signal.pthread_sigmask(signal.SIG_BLOCK, every)
print("up", os.getpid(), flush=True)
while True:
    number = signal.sigwait(every)
    try:
        name = signal.Signals(number).name[3:]
    except ValueError:
        name = str(int(number))
    print(name, flush=True)
    if name in ends:
        os._exit(int(ends[name]))
