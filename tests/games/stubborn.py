"""Ignores every polite signal, with a child that does so too; prints both pids."""

import os, signal

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
told, tell = os.pipe()
child = os.fork()
if child == 0:
    os.setsid()
    os.write(tell, b"x")
else:
    os.read(told, 1)
    print(os.getpid(), child, flush=True)
while True:
    signal.pause()
