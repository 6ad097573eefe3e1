"""A game that looks for a secret everywhere a process of its uid can look.

It never knows the secret before it has looked: it keeps every byte that it could read, from its
first instruction on, and searches when the file named by BURGLAR_NEEDLES appears. The needles
come as hex lines, each with its lowest bit flipped, so that reading them finds nothing.
"""

import glob
import json
import os
import signal
import sys
import time
import urllib.request

needles_file = os.environ["BURGLAR_NEEDLES"]
loot = []  # (where, bytes)
tried = 0


def read(path):
    global tried
    tried += 1
    try:
        with open(path, "rb") as file:
            loot.append((path, file.read(1 << 20)))
    except OSError:
        pass


def read_memory(pid):
    global tried
    tried += 1
    try:
        with open(f"/proc/{pid}/maps") as file:
            spans = [line.split()[0].split("-") for line in file if " r" in line]
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for low, high in spans:
                try:
                    memory.seek(int(low, 16))
                    loot.append((f"/proc/{pid}/mem", memory.read(int(high, 16) - int(low, 16))))
                except (OSError, ValueError, OverflowError):
                    pass
    except OSError:
        pass


def visit():
    me = os.getpid()
    for folder in glob.glob("/proc/[0-9]*"):
        pid = int(folder.rsplit("/", 1)[1])
        if pid == me:
            continue
        for name in ("environ", "cmdline", "auxv", "stack", "syscall"):
            read(f"{folder}/{name}")
        for descriptor in glob.glob(f"{folder}/fd/*"):
            try:
                loot.append((descriptor, os.readlink(descriptor).encode()))
                if "socket" not in os.readlink(descriptor) and "pipe" not in os.readlink(
                    descriptor
                ):
                    read(descriptor)
            except OSError:
                pass
        read_memory(pid)


def call(method, path):
    global tried
    tried += 1
    try:
        request = urllib.request.Request(os.environ["AGENT_URL"] + path, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            loot.append((path, answer.read(1 << 20)))
    except OSError as error:
        body = error.read() if hasattr(error, "read") else b""
        loot.append((path, body))


visit()  # before anything else is running
loot.append(("own environ", open("/proc/self/environ", "rb").read()))
loot.append(("own environment", json.dumps(dict(os.environ)).encode()))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # also amid its last call
os.write(1, b"AGENT_URL=%s\nboot \n" % os.environ["AGENT_URL"].encode())
ends = time.monotonic() + 120
while not os.path.exists(needles_file) and time.monotonic() < ends:
    visit()
    for path in (
        "/healthz",
        "/readyz",
        "/v1/status",
        "/v1/deployment",
        "/v1/match",
        "/openapi.json",
    ):
        call("GET", path)
    identity = os.environ.get("ARBITRIUM_CONTEXT_URL", "").rsplit("/v1/", 1)
    if len(identity) == 2:
        call("GET", "/v1/" + identity[1])
    loot[:] = list({(where, what): None for where, what in loot})
    time.sleep(0.05)
found = set()
for line in open(needles_file):
    needle = bytes(byte ^ 1 for byte in bytes.fromhex(line.strip()))
    found |= {where for where, what in loot if needle in what}
os.write(1, f"looked {tried} times, loot {len(loot)}, found in {sorted(found)}\n".encode())
call("POST", "/v1/match/end")
while True:
    signal.pause()
