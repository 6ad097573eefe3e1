"""The words for what platform, agent or game do, each in its lane."""

import re
import signal

from .ledger import (
    ContainerExited,
    ContainerFailed,
    ContainerStarted,
    Record,
    SelfStopCalled,
    SignalSent,
    StatusTurned,
    StopAccepted,
)
from .timeline import Lane

_JOURNAL = re.compile(r"^agent(\[pid1\])?: (\S+Z info )?")  # what each of its lines begins with
_FIELDS = re.compile(r" line=\w+ boot=.*")  # a status line's, for programs


def line(stream: str, text: str) -> tuple[Lane, str]:
    """Return whose line of a container's output this is, without what is for programs."""
    said = _JOURNAL.match(text) if stream == "stderr" else None
    return (Lane.AGENT, _FIELDS.sub("", text[said.end() :])) if said else (Lane.GAME, text)


def sentence(record: Record) -> str:
    """Return what the platform did, or nothing where another record already tells it."""
    match record:
        case SelfStopCalled(answer="lost"):
            return "self-stop called: taken, its answer lost"
        case SelfStopCalled(answer=answer) if answer != "202":
            return f"self-stop called: {answer}, a fault on demand"
        case SelfStopCalled():
            return "self-stop called: 202, processed soon"
        case StatusTurned(status=status):
            return f"deployment is {status.name}"
        case StopAccepted(by=by) if by != "self-stop":
            return f"stop accepted: {by}"
        case _:
            return _of_container(record)


def _of_container(record: Record) -> str:
    match record:
        case ContainerStarted(pid=pid, restarts=restarts):
            again = f", start {restarts + 1}" if restarts else ""
            return f"container started, process {pid}{again}"
        case ContainerFailed(why=why):
            return why
        case SignalSent(signum=signum):
            return f"{signal.Signals(signum).name} to the container"
        case ContainerExited(exit_status=code):
            return f"container exited with {code}"
        case _:
            return ""
