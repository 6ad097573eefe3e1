"""The one place where rooms meet."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from . import clock, journal, whereabouts
from .control.server import ControlServer
from .core import events as e
from .core import stopping
from .core.lifecycle import step
from .core.options import Options
from .core.state import State
from .edgegap.environment import Facts, facts
from .edgegap.selfstop import Courier
from .game.asking import Asker
from .game.crash import Coroner
from .game.outlook import Outlook
from .game.ports import Declared
from .game.usage import Meter
from .hearing import fact, is_on_edgegap, resynced
from .labels import labels
from .link import Link, Truth, held, read_truth
from .logs.following import Follower
from .logs.logbook import Logbook
from .logs.opening import open_shipper
from .memory import Memory
from .orders import Orders
from .pid1 import harden, wire
from .reporter import Reporter
from .runtime import Runtime
from .sdks.faces import open_faces
from .sdks.known import Known
from .sealed import read_settings

LOG = logging.getLogger("agent")


def main() -> int:
    """Be the service until PID 1 closes the channel; with ``--defaults`` without settings.

    Nothing here is read from the environment but the platform's facts: the settings were
    validated by ``agent.configure``, the secrets come over the channel. They come only to a
    process that nobody of the same uid can look into, so that is arranged first.
    """
    harden.hide()
    options = read_settings(wire.SETTINGS)
    if options is None:
        if "--defaults" not in sys.argv[1:]:
            _configure_again()
        options = Options(degraded=("cannot read the settings; the defaults hold",))
    journal.setup(options.log_format)
    return asyncio.run(_serve(options))


async def _serve(options: Options) -> int:
    """Say hello, go on where the last agent stopped, keep every room running."""
    memory = Memory(wire.STATE)
    memory.beat()
    with closing(Link()) as link:
        truth = await link.hello()
        for secret in truth.secrets.values():
            journal.mask(secret)
        stop_key = truth.secrets.get("ARBITRIUM_DELETE_URL", "").rpartition("/")[2]
        journal.mask(stop_key)
        known = facts(os.environ)
        if truth.start == 1:
            _greet(options, known, truth)
            whereabouts.leave(truth.url, os.environ)
        await Service(options, link, truth, known, memory).run()
    return 0


class Service:
    """All rooms, connected."""

    def __init__(
        self, options: Options, link: Link, truth: Truth, known: Facts, memory: Memory
    ) -> None:
        self._options = options
        self._link = link
        self._truth = truth
        self._memory = memory
        self._orders = Orders(
            link,
            options,
            now=clock.now,
            courier=self._deliver,
            journal=LOG,
            deployment=known.deployment.request_id or "",
        )
        self._shipper = open_shipper(
            truth,
            options,
            link=link,
            labels=labels(known, truth, options),
            linger=options.log_linger if is_on_edgegap(truth) else 0.0,  # nobody collects
        )
        state = recall(memory, truth, options)
        self._runtime = Runtime(
            state,
            options,
            now=clock.now,
            memory=memory,
            perform=self._orders.perform,
        )
        self._orders.post = self._runtime.post
        self._runtime.logs = self._shipper.status
        self._shipper.post = self._runtime.post
        self._orders.ship = self._shipper.finish
        self._courier = Courier(say=_say, report=self._runtime.post)
        self._server = ControlServer(
            desk=self._runtime,
            listeners=[(each.fd, each.address) for each in truth.listeners],
            deployment=known.deployment,
            match=known.match,
            token=truth.secrets.get("AGENT_TOKEN", ""),
        )
        self._keep_on_call_informed()
        logbook = Logbook(truth.spool, self._shipper.flush, self._shipper.count)
        self._coroner = Coroner(
            truth,
            link=link,
            logs=logbook,
            folder=options.crash_dir or truth.spool,
            deployment=known.deployment.request_id or "",
        )
        self._coroner.post = self._runtime.post
        password = truth.secrets.get("AGENT_RCON_PASSWORD", "")
        self._orders.follow(self._coroner, Asker(options, password, clock.now))
        self._server.show(logbook, self._coroner.latest)
        self._faces = open_faces(
            Known(
                desk=self._runtime,
                doors=truth.faces,
                deployment=msgspec.to_builtins(known.deployment, str_keys=True),
                match=msgspec.to_builtins(known.match, str_keys=True),
                options=options,
                born=truth.born,
            )
        )
        declared = [port for port in _declared(known) if port.number not in held(truth)]
        self._declared = tuple(port.name for port in declared)
        self._outlook = Outlook(
            options,
            declared,
            held(truth),
            desk=self._runtime,
            lines=Follower(truth.spool),
            read=state.lines_read,
        )

    def _keep_on_call_informed(self) -> None:
        meter = Meter(now=clock.now, game_pid=lambda: self._runtime.status().game.pid)
        reporter = Reporter(look=meter.look, journal=LOG)
        self._runtime.moved = reporter.moved
        self._orders.tell = lambda: reporter.tell(self._runtime.status())
        self._orders.present = lambda bill: reporter.present(bill, self._truth.boot)
        self._server.measure(meter.look)
        self._server.expect(self._runtime.note_call)

    async def run(self) -> None:
        """Run until PID 1 closes the channel."""
        async with self._orders.at_work(), asyncio.TaskGroup() as rooms:
            work = [rooms.create_task(self._beat(), name="beat")]
            self._link.order(
                "stop_plan",
                signum=self._options.stop_signal,
                after=stopping.signal_delay(self._options),
            )
            first = resynced(self._truth, self._declared)
            self._follow_game(first)
            self._runtime.post(first)
            work += [
                rooms.create_task(self._runtime.run(), name="runtime"),
                rooms.create_task(self._shipper.run(), name="logs"),
                rooms.create_task(self._server.run(), name="control"),
                rooms.create_task(self._outlook.run(), name="outlook"),
                *(rooms.create_task(port, name="ready port") for port in self._ready_port()),
                *(rooms.create_task(face.run(), name="face") for face in self._faces),
            ]
            await self._listen()
            for task in work:
                task.cancel()

    async def _listen(self) -> None:
        """Hand in what PID 1 says, tell it that it was heard."""
        async for message in self._link.messages():
            if message.get("is") == "truth":  # a hint was lost: all of it again
                event: e.Event | None = resynced(read_truth(message), self._declared)
            elif message.get("is") == "sealed":
                self._shipper.heard(message)
                self._coroner.heard(message)
                continue
            else:
                event = fact(message)
            if event is not None:
                self._follow_game(event)
                self._runtime.post(event)
                self._link.order("ack")

    def _follow_game(self, event: e.Event) -> None:
        """Tell the shipper whether there is somebody who still writes."""
        match event:
            case e.GameStarted(pid=pid, begins=begins):
                self._shipper.game_back()
                self._outlook.life(begins)
                self._coroner.follow(pid)
            case e.GameExited() | e.GameNotStarted():
                self._shipper.game_gone()
            case e.Resynced(game_pid=pid, game_exit=status, begins=begins):
                self._outlook.life(begins)
                is_running = pid is not None and status is None
                self._coroner.follow(pid)
                (self._shipper.game_back if is_running else self._shipper.game_gone)()
            case _:
                pass

    def _ready_port(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield the work of AGENT_READY_PORT, where there is one."""
        if doors := self._truth.faces.get("ready"):
            from .edgegap.readyport import ReadyPort

            fds = [each.fd for each in doors]
            yield ReadyPort(fds, self._runtime, self._options.ready_port_drain).run()

    async def _beat(self) -> None:
        while True:
            self._memory.beat()
            await clock.wait(asyncio.Event(), wire.BEAT_SECONDS)

    async def _deliver(self, reason: str, _: object) -> None:
        LOG.info("telling the platform to end this deployment: %s", reason)
        secrets = self._truth.secrets
        await self._courier.deliver(
            secrets["ARBITRIUM_DELETE_URL"],
            secrets.get("ARBITRIUM_DELETE_TOKEN", ""),
            storage=self._options.container_log_storage,
        )


def recall(memory: Memory, truth: Truth, options: Options) -> State:
    """Return the state as the agent before us left it, or a new one."""
    try:
        state, records = memory.recall()
        if state is not None and state.boot_id == truth.boot:
            for now, event in records:
                state, _ = step(state, event, now, options)
            return state
    except (msgspec.MsgspecError, KeyError, OSError):
        LOG.exception("cannot read what the agent before us knew; starting anew")
    luck = int(truth.boot[:8], 16) / 0xFFFF_FFFF
    state = State(boot_id=truth.boot, born=truth.born, phase_since=truth.born, luck=luck)
    memory.keep(state)
    return state


def _greet(options: Options, known: Facts, truth: Truth) -> None:
    for line in options.degraded:
        LOG.warning(line)
    for line in (*options.notices, *known.complaints):
        LOG.warning(line)
    LOG.info("serving the game at %s", truth.url)


def _configure_again() -> NoReturn:
    root = str(Path(__file__).resolve().parent.parent)
    command = wire.command(sys.executable, root, "agent.configure")
    os.execv(command[0], command)  # noqa: S606 - the words are our own


def _say(level: str, text: str) -> None:
    LOG.log(logging.getLevelNamesMapping()[level.upper()], text)


def _declared(known: Facts) -> tuple[Declared, ...]:
    return tuple(
        Declared(port.name, port.internal, port.protocol.value)
        for port in known.deployment.ports.values()
    )
