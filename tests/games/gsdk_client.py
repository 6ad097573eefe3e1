"""A game with PlayFab's GSDK in one of its flavours: its casing, method, timeout, dislikes.

Written from what the clients' sources do: ``gsdk_client.py FLAVOUR [--no-terminate]``. It
starts up, stands by, is made active, has two players, loses them, ends when it is told to.
Each thing that the real client could not stand is an exit status of its own.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

FLAVOUR = sys.argv[1]
NULL_HEALTH = FLAVOUR == "unity"
PATCH = FLAVOUR in ("cpp", "csharp", "java", "unreal")
TIMEOUT = 1 if FLAVOUR == "java" else 5


def say(text):
    print(text, flush=True)


def die(status, why):
    say(f"client cannot stand it: {why}")
    sys.exit(status)


if FLAVOUR == "fallback":  # C++ and Unreal without a file
    config = {
        "heartbeatEndpoint": os.environ["HEARTBEAT_ENDPOINT"],
        "sessionHostId": os.environ["SESSION_HOST_ID"],
    }
else:
    with open(os.environ["GSDK_CONFIG_FILE"]) as file:
        config = json.load(file)
    for name in ("gameCertificates", "buildMetadata", "gamePorts"):
        config[name].items()
    if not all(isinstance(port, str) for port in config["gamePorts"].values()):
        die(20, "gamePorts are not texts")
    spelling = "publicIpV4Adress" if FLAVOUR in ("cpp", "csharp") else "publicIpV4Address"
    say(f"address {config['gameServerConnectionInfo'][spelling]}")
    say(f"ports {json.dumps(config['gameServerConnectionInfo']['gamePortsConfiguration'])}")
    probe = os.path.join(config["logFolder"], "probe")
    with open(probe, "w") as file:
        file.write("logs can be written")
    os.unlink(probe)

say(f"AGENT_URL={os.environ['AGENT_URL']}")
base = f"http://{config['heartbeatEndpoint']}/v1"
host = config["sessionHostId"]


def call(method, path, body):
    request = urllib.request.Request(
        f"{base}{path}",
        data=json.dumps(body).encode(),
        method=method,
        headers={"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        if response.status != 200:
            die(21, f"status {response.status}")
        return json.loads(response.read() or b"{}")


def cased(name):
    return name[0].lower() + name[1:] if FLAVOUR == "java" else name


def beat(state, players):
    body = {cased("CurrentGameState"): state}
    if not NULL_HEALTH:
        body[cased("CurrentGameHealth")] = "Healthy"
    listed = None if players is None else [{cased("PlayerId"): each} for each in players]
    body[cased("CurrentPlayers")] = listed
    if PATCH:
        told = call("PATCH", f"/sessionHosts/{host}", body)
    elif FLAVOUR == "legacy":
        told = call("POST", f"/titles/t/clusters/c/instances/{host}/heartbeat", body)
    else:
        told = call("POST", f"/sessionHosts/{host}/heartbeats", body)
    told["nextHeartbeatIntervalMs"] + 0  # Java unboxes both
    return told["operation"], told


if FLAVOUR != "legacy":
    try:
        call("POST", f"/metrics/{host}/gsdkinfo", {"Flavor": FLAVOUR, "Version": "1.0"})
    except OSError:
        say("no gsdkinfo")  # they all go on without it
state, players, failures, actives = "Initializing", None, 0, 0
beats_as_active = 0
while True:
    try:
        operation, told = beat(state, players)
    except (OSError, urllib.error.URLError) as error:
        failures += 1
        say(f"beat failed: {type(error).__name__}")
        # Java gives up after eight. Unity waits for 30 s, shortened here.
        if FLAVOUR == "java" and failures > 8:
            die(22, "too many failures")
        time.sleep(0.3)  # the pause after a failure, longer there
        continue
    if operation == "Active":
        actives += 1
        session = told["sessionConfig"]
        uuid.UUID(session["sessionId"])
        if FLAVOUR == "unity" and actives > 1:
            die(23, "a second Active")
        if state != "StandingBy":
            die(24, f"Active while {state}")
        say(f"active {session['sessionId']} {json.dumps(session['initialPlayers'])}")
        state, players = "Active", ["p1", "p2"]
    elif operation == "Terminate":
        say("told to terminate")
        state = "Terminating"
        beat(state, players)
        say("bye")
        sys.exit(0)
    elif operation != "Continue":
        die(25, f"operation {operation}")
    elif "sessionConfig" in told:
        die(26, "a session without Active")
    elif state == "Initializing":
        say("standing by")
        state = "StandingBy"
    elif state == "Active":
        beats_as_active += 1
        if beats_as_active == 3:
            say("two are playing")
        if os.path.exists(os.environ.get("LEAVE_FILE", "/nonexistent")):
            players = []
    time.sleep(0.05)  # nextHeartbeatIntervalMs, shortened
