import signal
import time

import pytest

from agent.core import budget
from tests.pid1.stage import PLATFORM, Agent, Stage, game, stage
from tests.waiting import until


def namespace_of(it: Stage) -> list[int]:
    """Return the processes below PID 1, less agents, by the kernel's list."""
    path = f"/proc/{it.pid}/task/{it.pid}/children"
    with open(path) as file:  # noqa: PTH123 - a path of /proc
        return [int(word) for word in file.read().split()]


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("namespace", [True, False])
def test_game_that_ignores_sigterm_is_killed_within_the_grace(*, namespace: bool) -> None:
    """1. SIGTERM. 2. Nothing helps. 3. SIGKILL before the platform's. 4. Nobody is left."""
    environ = {**PLATFORM, "AGENT_GRACE": "2s"}
    with stage("--", *game("stubborn"), environ=environ, namespace=namespace) as it:
        it.line()
        began = now()
        it.signal(signal.SIGTERM)
        assert it.wait() == 137
        took = now() - began
        assert budget.kill_at(0, 2) <= took
        assert "killing it" in it.rest()[1]


def test_container_ends_as_soon_as_the_game_does() -> None:
    environ = {**PLATFORM, "AGENT_GRACE": "1h"}
    with stage("--", *game("signalled", "TERM=0"), environ=environ, namespace=True) as it:
        it.line()
        it.signal(signal.SIGTERM)
        assert it.wait() == 0


@pytest.mark.parametrize(("environ", "status"), [(PLATFORM, 0), ({}, 3)])
def test_exit_status_of_a_platform_stop_is_zero_only_on_the_platform(
    environ: dict[str, str], status: int
) -> None:
    with stage("--", *game("signalled", "TERM=3"), environ=environ, namespace=True) as it:
        it.line()
        it.signal(signal.SIGTERM)
        assert it.wait() == status


def test_second_sigterm_does_nothing_more() -> None:
    command = game("signalled", "USR1=0")
    with stage("--", *command, environ=PLATFORM, namespace=True) as it:
        it.line()
        it.agent().hello()
        it.signal(signal.SIGTERM)
        assert it.line() == "TERM"
        for _ in range(3):
            it.signal(signal.SIGTERM)
            it.signal(signal.SIGUSR2)
            assert it.line() == "USR2"
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"


def test_second_sigint_kills_at_once() -> None:
    environ = {"AGENT_GRACE": "1h"}
    with stage("--", *game("signalled"), environ=environ, namespace=True) as it:
        it.line()
        it.signal(signal.SIGINT)
        assert it.line() == "TERM"
        it.signal(signal.SIGINT)
        assert it.wait() == 137


def test_stop_signal_is_the_one_that_was_set() -> None:
    environ = {"AGENT_STOP_SIGNAL": "SIGQUIT"}
    with stage("--", *game("signalled", "QUIT=0"), environ=environ, namespace=True) as it:
        it.line()
        it.signal(signal.SIGTERM)
        assert it.line() == "QUIT"
        assert it.wait() == 0


def test_agents_plan_delays_the_signal_while_it_answers() -> None:
    environ = {**PLATFORM, "AGENT_GRACE": "1h"}
    with stage("--", *game("signalled", "HUP=0"), environ=environ, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        agent.say("stop_plan", signum=int(signal.SIGHUP), after=3000)
        in_order(agent)
        it.signal(signal.SIGTERM)
        agent.hear("term")
        agent.say("ack")
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"
        agent.say("signal_game", signum=int(signal.SIGHUP))
        assert it.line() == "HUP"
        agent.hear("game_exited")
        agent.say("leave", status=0, why="done")
        assert it.wait() == 0


def test_silent_agent_does_not_delay_the_signal() -> None:
    environ = {**PLATFORM, "AGENT_GRACE": "1h"}
    with stage("--", *game("signalled", "HUP=0"), environ=environ, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        agent.say("stop_plan", signum=int(signal.SIGHUP), after=3000)
        in_order(agent)
        it.signal(signal.SIGTERM)
        assert it.line() == "HUP"


def test_game_is_signalled_once_whoever_wants_it() -> None:
    with stage("--", *game("signalled", "USR1=0"), environ=PLATFORM, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        for _ in range(3):
            agent.say("signal_game", signum=int(signal.SIGTERM))
        assert it.line() == "TERM"
        assert in_order(agent)["signalled"] is True
        it.signal(signal.SIGTERM)
        agent.hear("term")
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"


def test_stop_of_our_own_goes_on_without_its_agent() -> None:
    """1. The agent announces a stop. 2. It dies. 3. PID 1 kills. 4. A rescue tells."""
    with stage("--", *game("stubborn"), environ=PLATFORM, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        at = now()
        agent.say("stopping", report=True, signal_at=at, kill_at=at + 0.2, end_at=at + 0.4)
        in_order(agent)
        agent.end()
        it.line_with("killing it")
        for _ in range(5):
            it.agent().end(1)
        assert it.agent().module == "rescue"
        it.signal(signal.SIGTERM)
        assert it.wait() == 137


def test_stop_of_our_own_with_nobody_to_tell_ends_by_its_deadline() -> None:
    with stage("--", *game("stubborn"), namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        at = now()
        agent.say("stopping", report=False, signal_at=at, kill_at=at + 0.1, end_at=at + 0.2)
        assert it.wait() == 137


def test_sigterm_shortens_a_stop_of_our_own() -> None:
    environ = {**PLATFORM, "AGENT_GRACE": "1s"}
    with stage("--", *game("stubborn"), environ=environ, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        at = now()
        later = {"signal_at": at + 600, "kill_at": at + 900, "end_at": at + 1000}
        agent.say("stopping", report=True, **later)
        in_order(agent)
        it.signal(signal.SIGTERM)
        agent.hear("term")
        agent.say("stopping", report=True, **later)
        assert it.wait() == 137


def test_agents_order_kills_the_whole_tree() -> None:
    with stage("--", *game("stubborn"), environ=PLATFORM, namespace=True) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        agent.say("kill_game")
        assert agent.hear("game_exited")["status"] == signal.SIGKILL
        until(lambda: len(namespace_of(it)) == 1, what="the end of all but the agent")
        agent.say("leave", status=9, why="test")
        assert it.wait() == 9


def in_order(agent: Agent) -> dict[str, object]:
    """Return the truth, told after all that was said before."""
    agent.say("resync")
    return agent.hear("truth")
