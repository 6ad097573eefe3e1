"""A server that takes a while to save, and quits at once on a second SIGTERM, as Unreal does."""

import os
import signal
import sys
import time

count = 0


def on_term(number, frame):
    global count
    count += 1
    os.write(1, b"SIGTERM %d\n" % count)
    if count > 1:
        os.write(1, b"save lost\n")
        os._exit(1)


signal.signal(signal.SIGTERM, on_term)
os.write(1, b"up\n")
while not count:
    signal.pause()
ends = time.monotonic() + float(sys.argv[1])
while time.monotonic() < ends:
    time.sleep(0.05)
os.write(1, b"saved\n")
