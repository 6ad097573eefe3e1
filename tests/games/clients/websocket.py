"""Plays over a WebSocket, with the websockets library."""

import select, sys

from websockets.sync.client import connect

with connect(f"ws://{sys.argv[1]}:{sys.argv[2]}") as socket:
    print("playing", flush=True)
    select.select([sys.stdin], [], [])
