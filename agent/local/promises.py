"""What a deployment must have kept when it is over."""

import re
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .ledger import (
    ContainerExited,
    ContainerStarted,
    SelfStopCalled,
    SignalSent,
    Status,
    StopAccepted,
)
from .stage import Stage

_REASON = re.compile(rb" line=bill .*?\bstop=(\w+)")
_SHOWN = 3  # lines of a log that are named


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; *look* says what broke it, or nothing."""

    text: str
    look: Callable[[Stage], str]


def ended_for(reason: str) -> Promise:
    """The deployment is ended, and the reason is told."""

    def look(stage: Stage) -> str:
        told = [found.decode() for found in _REASON.findall(stage.deployment.stderr)]
        return "" if reason in told else f"the reasons told are: {', '.join(told) or 'none'}"

    return Promise(f"the deployment is ended for {reason}", look)


def within(seconds: float, since: str) -> Promise:
    """The self-stop arrives in time after a marked moment."""

    def look(stage: Stage) -> str:
        accepted = [r.at for r in stage.deployment.records if isinstance(r, StopAccepted)]
        if not accepted:
            return "no self-stop was accepted"
        took = accepted[0] - stage.marks[since]
        return "" if took <= seconds else f"it took {took:.1f} s"

    return Promise(f"the self-stop arrives within {seconds:g} s of the {since}", look)


def answered(*answers: str) -> Promise:
    """The self-stop calls met these answers, one after the other."""

    def look(stage: Stage) -> str:
        seen = [r.answer for r in stage.deployment.records if isinstance(r, SelfStopCalled)]
        return "" if seen[: len(answers)] == list(answers) else f"they were {', '.join(seen)}"

    return Promise(f"the self-stop is tried through {', '.join(answers)}", look)


def _self_stopped(stage: Stage) -> str:
    accepted = [r.by for r in stage.deployment.records if isinstance(r, StopAccepted)]
    return "" if accepted == ["self-stop"] else f"stops accepted: {accepted or 'none'}"


def _not_self_stopped(stage: Stage) -> str:
    calls = [r for r in stage.deployment.records if isinstance(r, SelfStopCalled)]
    return f"{len(calls)} self-stop calls came in" if calls else ""


def _terminated(stage: Stage) -> str:
    status = stage.deployment.status
    return "" if status is Status.TERMINATED else f"it is {status.name}"


def _in_grace(stage: Stage) -> str:
    kills = [r for r in stage.deployment.records if isinstance(r, SignalSent)]
    if any(r.signum == signal.SIGKILL for r in kills):
        return "the platform had to send SIGKILL"
    return ""


def _left(stage: Stage) -> str:
    code = stage.deployment.exit_status
    return "" if code == 0 else f"the container's exit status is {code}"


def _killed(stage: Stage) -> str:
    code = stage.deployment.exit_status
    want = 128 + signal.SIGKILL
    return "" if code == want else f"the container's exit status is {code}"


def _once(stage: Stage) -> str:
    starts = [r for r in stage.deployment.records if isinstance(r, ContainerStarted)]
    ends = [r for r in stage.deployment.records if isinstance(r, ContainerExited)]
    return "" if len(starts) == 1 else f"{len(starts)} starts, {len(ends)} exits"


def _shipped(stage: Stage) -> str:
    lines = Counter(stage.deployment.stdout.decode(errors="replace").splitlines())
    lines.subtract(Counter(stage.storage.messages.get("stdout", ())))
    missing = [line for line, count in lines.items() if count > 0 and line]
    shown = ", ".join(repr(line) for line in missing[:_SHOWN])
    return f"{len(missing)} lines are not in the store: {shown}" if missing else ""


def _refused(stage: Stage) -> str:
    return "" if stage.storage.refused else "the store was not even asked"


SELF_STOPPED = Promise("one self-stop ends it at the platform", _self_stopped)
NOT_SELF_STOPPED = Promise("a stop of the platform's needs no self-stop", _not_self_stopped)
TERMINATED = Promise("the deployment comes to its end", _terminated)
IN_GRACE = Promise("everything fits into the grace", _in_grace)
LEFT = Promise("the game is asked to leave, and leaves", _left)
CONTAINER_LEFT = Promise("the container leaves with exit status 0", _left)
KILLED = Promise("a game that does not leave is killed before the platform does it", _killed)
ONCE = Promise("the container is not started again", _once)
SHIPPED = Promise("every line of the game is in the store", _shipped)
REFUSED = Promise("the store is asked, and fails", _refused)

ALWAYS: Sequence[Promise] = (TERMINATED, IN_GRACE, ONCE)
