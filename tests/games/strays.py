"""Starts a stubborn child in a session of its own, prints its pid, exits with argv[1]."""

import os, signal, sys, time

told, tell = os.pipe()
stubborn = len(sys.argv) > 2 and sys.argv[2] == "stubborn"
if os.fork() == 0:
    os.setsid()
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(tell, b"x")
    os.close(1)
    os.close(2)
    while True:
        time.sleep(1000)
os.read(told, 1)
children = open(f"/proc/self/task/{os.getpid()}/children").read()
print("stray", children.strip(), flush=True)
sys.exit(int(sys.argv[1]))
