"""Tries to read what its parent hides: prints what it got of /proc/PPID, as one JSON line.

Argument "again": once more after a byte of its stdin.
"""

import json, os, sys


def probe(parent):
    found = {}
    for name in ("environ", "mem", "maps", "fd", "cwd", "exe"):
        path = f"/proc/{parent}/{name}"
        try:
            if name in ("cwd", "exe"):
                found[name] = os.readlink(path)
            elif name == "fd":
                found[name] = [os.readlink(f"{path}/{fd}") for fd in os.listdir(path)]
            else:
                with open(path, "rb") as file:
                    found[name] = file.read(1 << 16).decode("utf-8", "replace")
        except OSError as error:
            found[name] = error.errno
    print(json.dumps(found), flush=True)


probe(os.getppid())
if len(sys.argv) > 1:
    sys.stdin.read(1)
    probe(os.getppid())
