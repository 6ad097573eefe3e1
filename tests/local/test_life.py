"""A deployment's statuses come in the platform's order, its stops keep the platform's rules."""

import asyncio
import signal
import sys
from itertools import pairwise

import pytest

from agent.errors import PlatformError
from agent.local.ledger import (
    ContainerExited,
    ContainerStarted,
    Record,
    SignalSent,
    Status,
    StopAccepted,
)
from agent.local.platform import Platform
from agent.local.variables import free_port
from agent.local.version import Port, RestartPolicy, Version

POLITE = ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1000; done"]
EVERY = [
    *(Status.INITIALIZING, Status.SEEKING, Status.SEEKED, Status.SCANNING, Status.DEPLOYING),
    *(Status.READY, Status.TERMINATING, Status.TERMINATED),
]


def signals(records: list[Record]) -> list[int]:
    return [record.signum for record in records if isinstance(record, SignalSent)]


async def test_polite_container_is_stopped_with_sigterm_alone(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE, grace=60))
    await deployment.wrote("up")
    deployment.stop()
    await deployment.terminated()
    assert deployment.statuses == EVERY
    assert signals(deployment.records) == [signal.SIGTERM]
    assert deployment.exit_status == 0
    assert deployment.stdout == b"up\nbye\n"


async def test_container_that_ignores_sigterm_is_killed_after_the_grace(
    platform: Platform,
) -> None:
    deployment = await platform.deploy(Version(command=STUBBORN, grace=0.3))
    await deployment.wrote("up")
    deployment.stop()
    await deployment.terminated()
    assert signals(deployment.records) == [signal.SIGTERM, signal.SIGKILL]
    assert deployment.exit_status == 137
    term, kill = (r.at for r in deployment.records if isinstance(r, SignalSent))
    assert kill - term >= 0.3


async def test_stop_before_ready_is_queued(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE, mark_ready_after=None))
    await deployment.wrote("up")
    deployment.stop()
    deployment.stop()
    assert signals(deployment.records) == []
    deployment.mark_ready()
    await deployment.terminated()
    assert deployment.statuses == EVERY
    assert len([r for r in deployment.records if isinstance(r, StopAccepted)]) == 1


async def test_ready_comes_after_its_time(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE, mark_ready_after=0.05))
    assert Status.READY not in deployment.statuses
    await deployment.reached(Status.READY)


async def test_checked_port_keeps_the_deployment_from_ready_until_it_is_open(
    platform: Platform,
) -> None:
    number = free_port("TCP")
    version = Version(command=POLITE, ports=[Port(internal=number, protocol="TCP", to_check=True)])
    deployment = await platform.deploy(version)
    await deployment.wrote("up")
    assert deployment.status is Status.DEPLOYING
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", number):
        await deployment.reached(Status.READY)


async def test_deployment_with_a_closed_checked_port_can_be_abandoned() -> None:
    ports = [Port(internal=free_port("TCP"), protocol="TCP", to_check=True)]
    async with Platform() as closing:
        deployment = await closing.deploy(Version(command=STUBBORN, ports=ports))
    assert Status.READY not in deployment.statuses


async def test_accepted_stop_may_never_be_carried_out(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE, stop_delay=None))
    await deployment.wrote("up")
    deployment.stop()
    await deployment.recorded(StopAccepted)
    assert deployment.status is Status.READY


@pytest.mark.parametrize(
    ("policy", "code", "restarts"),
    [("always", 0, 2), ("always", 7, 2), ("on_failure", 7, 2)],
)
async def test_policy_restarts_the_container_with_the_same_environment(
    platform: Platform, policy: str, code: int, restarts: int
) -> None:
    deployment = await platform.deploy(
        Version(
            command=["sh", "-c", f"echo $ARBITRIUM_REQUEST_ID; exit {code}"],
            restart_policy=RestartPolicy(policy),
            restart_delay=0.01,
        )
    )
    await deployment.recorded(ContainerStarted, 1 + restarts)
    assert deployment.life.restarts == restarts
    assert deployment.status is Status.READY
    assert set(deployment.stdout.split()) == {deployment.id.encode()}


@pytest.mark.parametrize(("policy", "code"), [("never", 0), ("never", 7), ("on_failure", 0)])
async def test_policy_ends_the_deployment_with_its_container(
    platform: Platform, policy: str, code: int
) -> None:
    deployment = await platform.deploy(
        Version(command=["sh", "-c", f"exit {code}"], restart_policy=RestartPolicy(policy))
    )
    await deployment.terminated()
    assert deployment.statuses == EVERY
    assert deployment.exit_status == code
    assert len([r for r in deployment.records if isinstance(r, ContainerStarted)]) == 1


async def test_stopped_container_is_not_restarted(platform: Platform) -> None:
    deployment = await platform.deploy(
        Version(command=["sh", "-c", "trap 'exit 3' TERM; echo up; sleep 1000 & wait"])
    )
    await deployment.wrote("up")
    deployment.stop()
    await deployment.terminated()
    assert deployment.exit_status == 3
    assert deployment.life.restarts == 0


async def test_stop_ends_a_deployment_between_two_starts(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=["true"], restart_delay=1000))
    await deployment.recorded(ContainerExited)
    deployment.stop()
    await deployment.terminated()
    assert deployment.life.restarts == 0
    assert deployment.statuses == EVERY


async def test_any_signal_can_be_sent_beside_the_rules(platform: Platform) -> None:
    program = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
        "print('up', flush=True)\n"
        "print(signal.sigwait([signal.SIGUSR1]).name, flush=True)\n"
    )
    deployment = await platform.deploy(Version(command=[sys.executable, "-c", program]))
    await deployment.wrote("up")
    deployment.signal(signal.SIGUSR1)
    await deployment.wrote("SIGUSR1")


async def test_records_are_in_order_of_time(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE))
    await deployment.wrote("up")
    deployment.stop()
    await deployment.terminated()
    times = [record.at for record in deployment.records]
    assert all(a <= b + 0.05 for a, b in pairwise(times))  # two processes' stamps


async def test_waiting_for_what_cannot_come_any_more_is_an_error(platform: Platform) -> None:
    deployment = await platform.deploy(
        Version(command=["true"], restart_policy=RestartPolicy.NEVER)
    )
    await deployment.terminated()
    with pytest.raises(PlatformError, match="ended without writing it"):
        await deployment.wrote("up")
    with pytest.raises(PlatformError, match="cannot see 2 ContainerStarted"):
        await deployment.recorded(ContainerStarted, 2)
    with pytest.raises(PlatformError, match=r"cannot see Status\.ERROR"):
        await deployment.reached(Status.ERROR)


async def test_signal_to_an_ended_container_is_nothing(platform: Platform) -> None:
    deployment = await platform.deploy(
        Version(command=["true"], restart_policy=RestartPolicy.NEVER)
    )
    await deployment.terminated()
    deployment.signal(signal.SIGTERM)
    assert signals(deployment.records) == []


async def test_stop_is_carried_out_after_its_delay(platform: Platform) -> None:
    deployment = await platform.deploy(Version(command=POLITE, stop_delay=0.2))
    await deployment.wrote("up")
    deployment.stop()
    await deployment.terminated()
    (accepted,) = (r.at for r in deployment.records if isinstance(r, StopAccepted))
    (sent,) = (r.at for r in deployment.records if isinstance(r, SignalSent))
    assert sent - accepted >= 0.2
