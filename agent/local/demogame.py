"""A small UDP game server that shows what the agent can do for a game.

It needs nothing but a Python interpreter, and runs without an agent too::

    python3 demogame.py --port 7777 --match-seconds 30

Players are UDP clients that send ``JOIN name``, ``SAY text``, ``LEAVE``, or ``END`` to end the
match. Under an agent (``AGENT_URL``) the game tells it when it is ready, when a match begins or
ends, who is there, that it is well. On SIGTERM it saves its world, then it exits with 0.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

_TRIES = 3
_CALL_TIMEOUT = 5.0  # seconds
_LAST_CALLS = 2.0  # seconds that a leaving game gives to calls that are still under way


def say(text: str) -> None:
    """Write one line, at once, so that it is not lost in a buffer when the game is killed."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def find_port(environ: dict[str, str], default: int) -> int:
    """Return the first UDP port that Edgegap assigned to us, or *default* outside Edgegap.

    The mapping has an outer ``ports`` on the platform, yet not in every local set-up.
    """
    try:
        mapping = json.loads(environ.get("ARBITRIUM_PORTS_MAPPING", ""))
        ports = mapping.get("ports", mapping).values()
        return next(int(port["internal"]) for port in ports if "UDP" in port["protocol"].upper())
    except (ValueError, AttributeError, KeyError, TypeError, StopIteration):
        return default


class Agent:
    """The control API, called in order by one thread, so that a call never stalls the game."""

    def __init__(self, url: str) -> None:
        """Begin to call *url*; an empty one means that there is no agent, calls do nothing."""
        self._url = url.rstrip("/")
        self._calls: queue.Queue[tuple[str, str, dict[str, object]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def present(self) -> bool:
        """Whether there is an agent."""
        return bool(self._url)

    def tell(self, method: str, path: str, **body: object) -> None:
        """Queue one call."""
        if self.present:
            self._calls.put((method, path, body))

    def close(self) -> None:
        """Let the queued calls go out, for a short time."""
        self._calls.put(None)
        self._thread.join(_LAST_CALLS)

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            self._call(*call)

    def _call(self, method: str, path: str, body: dict[str, object]) -> None:
        request = urllib.request.Request(  # noqa: S310 - the agent's own http URL
            self._url + path,
            data=json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        for _ in range(_TRIES):
            try:
                with urllib.request.urlopen(request, timeout=_CALL_TIMEOUT) as answer:  # noqa: S310
                    answer.read()
            except urllib.error.HTTPError as error:
                say(f"agent refused {method} {path}: {error.code}")
                error.close()
            except OSError:
                continue  # reset while the agent was started again: every verb may be repeated
            return
        say(f"agent did not answer {method} {path}")


class Game:
    """The match, its players, its world."""

    def __init__(self, arguments: argparse.Namespace, agent: Agent) -> None:
        """Open the world that was saved last, bind the game's port."""
        self._agent = agent
        self._arguments = arguments
        self._world = load(arguments.world)
        self._players: dict[tuple[str, int], str] = {}
        self._match = 0
        self._match_ends: float | None = None
        self._next_ping = 0.0
        self._running = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("0.0.0.0", arguments.port))  # noqa: S104 - players come from outside
        self.port = self._socket.getsockname()[1]

    def play(self, wake: socket.socket) -> None:
        """Serve until a stop signal; *wake* is readable once there was one."""
        say(f"listening on UDP {self.port}")
        self._agent.tell("POST", "/v1/ready")
        with selectors.DefaultSelector() as selector, self._socket:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while self._running:
                ready = [key.fileobj for key, _ in selector.select(self._until_next())]
                if wake in ready:
                    say(f"stop signal {signal.Signals(wake.recv(1)[0]).name}")
                    return
                if self._socket in ready:
                    self._take(*self._socket.recvfrom(2048))
                self._look_at_the_clock()

    def save(self) -> None:
        """Write the world, so that a half-written one never takes the old one's place."""
        if self._arguments.world:
            draft = self._arguments.world.with_suffix(".new")
            draft.write_text(json.dumps(self._world), encoding="utf-8")
            draft.replace(self._arguments.world)
        say("world saved: {matches} matches played, {lines} lines said".format(**self._world))

    def _until_next(self) -> float:
        times = [self._next_ping, *([self._match_ends] if self._match_ends else [])]
        return max(0.0, min(times) - time.monotonic())

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if now >= self._next_ping:
            self._next_ping = now + self._arguments.health_seconds
            self._agent.tell("POST", "/v1/health", status="healthy")
        if self._match_ends and now >= self._match_ends:
            self._end_match("time is up")

    def _take(self, packet: bytes, sender: tuple[str, int]) -> None:
        word, _, rest = packet.decode("utf-8", "replace").strip().partition(" ")
        if word == "JOIN":
            self._join(rest or "somebody", sender)
        elif sender not in self._players:
            self._send(sender, "JOIN first")
        elif word == "SAY":
            self._world["lines"] += 1
            self._tell_players(f"{self._players[sender]}: {rest}")
        elif word == "LEAVE":
            self._leave(sender)
        elif word == "END":
            self._end_match(f"{self._players[sender]} ended it")

    def _join(self, name: str, sender: tuple[str, int]) -> None:
        if sender not in self._players:  # a repeated JOIN only lost our answer
            self._players[sender] = name
            say(f"{name} joined, {len(self._players)} here")
            self._report_players()
            if self._match_ends is None and len(self._players) >= self._arguments.players:
                self._start_match()
        self._send(sender, f"WELCOME {name}")

    def _leave(self, sender: tuple[str, int]) -> None:
        name = self._players.pop(sender)
        say(f"{name} left, {len(self._players)} here")
        self._send(sender, f"BYE {name}")
        self._report_players()
        if not self._players:
            self._end_match("everybody left")

    def _start_match(self) -> None:
        self._match += 1
        self._match_ends = time.monotonic() + self._arguments.match_seconds
        say(f"match {self._match} started")
        self._agent.tell("POST", "/v1/match/start", id=str(self._match))
        self._tell_players("START")

    def _end_match(self, why: str) -> None:
        if self._match_ends is None:
            return
        self._match_ends = None
        self._world["matches"] += 1
        say(f"match {self._match} over: {why}")
        self._agent.tell("POST", "/v1/match/end", id=str(self._match))
        self._tell_players("OVER")
        self._running = self._agent.present  # with nobody to end us, we leave by ourselves

    def _report_players(self) -> None:
        self._agent.tell("PUT", "/v1/players", ids=sorted(self._players.values()), capacity=16)

    def _tell_players(self, text: str) -> None:
        for player in self._players:
            self._send(player, text)

    def _send(self, player: tuple[str, int], text: str) -> None:
        self._socket.sendto(text.encode(), player)


def load(path: Path | None) -> dict[str, int]:
    """Return the world that was saved last, or a new one."""
    world = {"matches": 0, "lines": 0}
    if path and path.exists():
        world.update(json.loads(path.read_text(encoding="utf-8")))
    return world


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7777, help="UDP port, where Edgegap says none")
    parser.add_argument("--players", type=int, default=1, help="so many make a match")
    parser.add_argument("--match-seconds", type=float, default=60.0)
    parser.add_argument("--health-seconds", type=float, default=5.0)
    parser.add_argument("--world", type=Path, help="file that keeps the world")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the game server; return its exit status."""
    wake, alarm = socket.socketpair()
    alarm.settimeout(0)
    signal.set_wakeup_fd(alarm.fileno())
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)  # the wake-up descriptor tells the loop
    arguments = parse(argv)
    arguments.port = find_port(dict(os.environ), arguments.port)
    agent = Agent(os.environ.get("AGENT_URL", ""))
    game = Game(arguments, agent)
    game.play(wake)
    game.save()  # first: the world matters more than the last calls
    agent.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
