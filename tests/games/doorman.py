"""A game that says who comes and goes, as it is told through the pipe named by DOOR."""

import os, signal, sys

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print(f"AGENT_URL={os.environ.get('AGENT_URL', '')}", flush=True)
print(f"boot {os.getpid()}", flush=True)
while True:
    with open(os.environ["DOOR"]) as door:
        for line in door:
            print(line, end="", flush=True)
