"""Game servers that speak Agones' REST: ``agones_rest.py python|unity|unreal``.

``python`` is the published client, unchanged, through the conformance flow; the others do what
Unity's and Unreal's SDKs were read to do, with the periods shortened.
"""

import asyncio
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

FLAVOUR = sys.argv[1]
BASE = f"http://localhost:{os.environ['AGONES_SDK_HTTP_PORT']}"


def say(text):
    print(text, flush=True)


say(f"AGENT_URL={os.environ['AGENT_URL']}")


def python():
    import agones_python_sdk as agones
    from agones_python_sdk.exceptions import ApiException

    api = agones.SDKApi(agones.ApiClient(agones.Configuration(host=BASE)))
    changed, now = threading.Condition(), [""]

    def watch():
        answer = api.watch_game_server_without_preload_content()
        for line in answer:
            state = json.loads(line)["result"]["status"]["state"]
            with changed:
                if state != now[0]:
                    now[0] = state
                    say(f"watch {state}")
                    changed.notify_all()

    threading.Thread(target=watch, daemon=True).start()

    def state(wanted):
        with changed:
            assert changed.wait_for(lambda: now[0] == wanted, 60), (wanted, now)

    state("Scheduled")
    api.ready({})
    state("Ready")
    server = api.get_game_server()
    created = server.object_meta.creation_timestamp
    api.set_label(agones.SdkKeyValue(key="creation", value=created))
    api.set_annotation(agones.SdkKeyValue(key="uid", value=server.object_meta.uid))
    for _ in range(3):
        api.health({})
    told = api.get_game_server()
    assert told.object_meta.labels["agones.dev/sdk-creation"] == created
    assert told.object_meta.annotations["agones.dev/sdk-uid"] == server.object_meta.uid
    api.reserve(agones.SdkDuration(seconds="1"))
    state("Reserved")
    state("Ready")
    api.allocate({})
    state("Allocated")
    try:
        api.reserve(agones.SdkDuration(seconds="-1"))
        say("a reservation of -1 s was taken")
    except ApiException as error:
        assert error.status == 400, error
    say("played")
    api.shutdown({})
    state("Shutdown")


def call(method, path, body=None):
    """What Unity's does: only 200 is good."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.loads(response.read()) if response.status == 200 else None
    except (OSError, ValueError):
        return None


def insist(method, path, body=None):
    for _ in range(30):
        told = call(method, path, body)
        if told is not None:
            return told
        time.sleep(0.2)  # its pause between tries, 1 s there
    say(f"cannot {method} {path}")
    sys.exit(7)


def unity():
    insist("GET", "/gameserver")  # Connect(): 30 tries
    insist("POST", "/ready", {})
    insist("PUT", "/metadata/label", {"key": "map", "value": "dust"})
    insist("PATCH", "/v1beta1/lists/players", {"values": ["ann", "bob"]})
    say("in the match")
    while True:
        call("POST", "/health", {})
        try:
            with urllib.request.urlopen(BASE + "/watch/gameserver", timeout=60) as lines:
                for line in lines:
                    status = json.loads(line)["result"]["status"]
                    say(f"watch {status['state']} {status['lists']['players']['values']}")
                    if status["state"] == "Shutdown":
                        return
        except OSError:
            time.sleep(0.2)  # before it watches again


async def unreal():
    import aiohttp

    while call("GET", "/gameserver") is None:  # polled each 5 s, then Ready
        await asyncio.sleep(0.2)  # its poll, 5 s there
    insist("POST", "/ready", {})
    insist("POST", "/alpha/player/connect", {"playerID": "ann"})
    insist("POST", "/alpha/player/connect", {"playerID": "bob"})
    say("in the match")
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.ws_connect(BASE + "/watch/gameserver") as socket:
                    async for message in socket:
                        status = json.loads(message.data)["result"]["status"]
                        say(f"watch {status['state']} {status['players']['ids']}")
                        if status["state"] == "Shutdown":
                            return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)  # its reconnect check, 15 s there


if FLAVOUR == "python":
    python()
elif FLAVOUR == "unity":
    unity()
else:
    asyncio.run(unreal())
say("bye")
