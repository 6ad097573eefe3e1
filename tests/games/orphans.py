"""Leaves argv[1] orphans behind that all end at once, tells when, waits for its stdin or a TERM."""

import os, signal, sys

count = int(sys.argv[1])
gate_in, gate_out = os.pipe()
pids_in, pids_out = os.pipe()
for _ in range(count):
    if os.fork() == 0:
        orphan = os.fork()
        if orphan == 0:
            os.close(gate_out)
            os.read(gate_in, 1)
            os._exit(0)
        os.write(pids_out, b"%d\n" % orphan)
        os._exit(0)
    os.wait()
os.close(gate_in)
os.close(gate_out)
print(os.read(pids_in, 1 << 16).decode().replace("\n", " "), flush=True)
signal.sigwait({signal.SIGTERM})
