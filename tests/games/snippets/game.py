"""What a Python game server says to the agent; the standard library is enough."""

import json
import os
import time
import urllib.error
import urllib.request

AGENT = os.environ["AGENT_URL"]


def call(method, path, body=None):
    """Call the agent; a call that was cut off may always be made again."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(AGENT + path, data, method=method)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error  # it names the field and the fix
        except OSError:
            time.sleep(0.2)


def wait_for_stop():
    """Return as soon as the server has to go; run it in a thread of its own."""
    revision = 0
    while True:
        status = call("GET", f"/v1/status?after={revision}&wait=20")
        if status["phase"] in ("stopping", "stopped"):
            return status["stop"]
        revision = status["revision"]


call("POST", "/v1/ready")  # when the map is loaded
call("PUT", "/v1/players", {"ids": ["ann", "bob"], "capacity": 16})  # at each join, each leave
stop = wait_for_stop()
print(f"saving the world: {stop['reason']}, {stop['seconds_left']} s left")
