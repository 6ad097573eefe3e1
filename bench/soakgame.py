"""A game for the soak: numbers its lines, remembers how many it has written, ends as it is told.

usage: python3 soakgame.py PLAN; a JSON object, see ``soak.Plan``. It knows the agent as a game
would: by ``AGENT_URL`` alone, a call that was reset is made again.
"""

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

PLAN = json.loads(sys.argv[1])
CHANCE = random.Random(PLAN["seed"])
DONE, STOPPED = threading.Event(), threading.Event()
PEN = threading.Lock()


def open_count() -> mmap.mmap:
    """Return a counter that outlives us, however we end."""
    path = Path(PLAN["count"])
    path.write_bytes(bytes(8))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 8)


COUNT = open_count()


def write_line(text: str) -> None:
    with PEN:
        number = int.from_bytes(COUNT, "little") + 1
        os.write(1, f"line {number} {text}\n".encode())
        COUNT[:] = number.to_bytes(8, "little")


def write_lines() -> None:
    pause = 1 / PLAN["rate"]
    while not DONE.wait(pause * CHANCE.uniform(0.5, 1.5)):
        write_line("x" * CHANCE.randrange(10, 200))


def call(method: str, path: str, **body: object) -> None:
    for _ in range(200):
        request = urllib.request.Request(
            os.environ["AGENT_URL"] + path, json.dumps(body).encode(), method=method
        )
        try:
            urllib.request.urlopen(request, timeout=10).read()
        except OSError:
            if STOPPED.wait(0.1):
                return
        else:
            return


def leave_orphan() -> None:
    """Start a process whose parent is gone: PID 1 has to bury it."""
    subprocess.run(["sh", "-c", "(sleep 0.3) & exit 0"], check=True, start_new_session=True)


def play_matches() -> None:
    while not STOPPED.is_set():
        name = f"m{CHANCE.randrange(10**9)}"
        call("POST", "/v1/match/start", id=name)
        call("PUT", "/v1/players", ids=[f"p{n}" for n in range(CHANCE.randrange(1, 30))])
        call("POST", "/v1/health", status="healthy")
        if STOPPED.wait(CHANCE.uniform(0.5, 2)):
            return
        leave_orphan()
        call("PUT", "/v1/players", ids=[])
        call("POST", "/v1/match/end", id=name)


def end() -> None:
    """End the one match as the plan says."""
    match PLAN["end"]:
        case "match_ends":
            call("POST", "/v1/match/end", id="m")
        case "everybody_leaves":
            call("PUT", "/v1/players", ids=[])
        case "stops":
            call("POST", "/v1/stop", why="soak")
        case "leaves":
            DONE.set()
            PEN.acquire()
            os._exit(0)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "is_killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "falls_silent":
            call("POST", "/v1/health", status="unhealthy")


def main() -> None:
    def on_term(*_: object) -> None:
        if not PLAN["deaf"]:
            STOPPED.set()

    signal.signal(signal.SIGTERM, on_term)
    threading.Thread(target=write_lines, daemon=True).start()
    call("POST", "/v1/ready")
    if PLAN["end"] == "marathon":
        play_matches()
    elif PLAN["end"] != "nobody_joins":
        call("POST", "/v1/match/start", id="m")
        call("PUT", "/v1/players", ids=["a", "b"])
        leave_orphan()
        if not STOPPED.wait(PLAN["seconds"]):
            end()
    while not STOPPED.wait(60):
        pass
    DONE.set()
    time.sleep(CHANCE.uniform(0, 0.3))
    write_line("bye")
    with PEN:
        os._exit(0)


main()
