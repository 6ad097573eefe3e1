"""What an app version says about its container."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from .faults import Fault


class RestartPolicy(Enum):
    """What the platform does when the container's main process exits by itself."""

    ALWAYS = "always"
    NEVER = "never"
    ON_FAILURE = "on_failure"

    def restarts(self, exit_status: int) -> bool:
        """Return whether the container is started again after this exit status."""
        return self is RestartPolicy.ALWAYS or (
            self is RestartPolicy.ON_FAILURE and exit_status != 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port of the version.

    Attributes:
        internal: what the game binds; 0 = one-to-one: chosen at the deployment, the same outside.
        external: what players connect to, forwarded to the internal one; None = any free one.
        to_check: TCP only: READY waits until it accepts a connection.
    """

    name: str = "gameport"
    internal: int = 7777
    external: int | None = None
    protocol: str = "UDP"
    to_check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One app version, with the knobs that a test turns; times in seconds.

    Attributes:
        app: the app that it is a version of.
        name: its own name.
        command: the container's main process, found through PATH.
        env: custom variables; they win over the injected ones, None takes one away.
        matchmaker: the MM_* variables of a deployment made by a matchmaker.
        grace: ``termination_grace_period_seconds``, from SIGTERM to SIGKILL.
        mark_ready_after: from the container's start to READY; None waits for ``mark_ready``.
        max_duration: minutes from READY after which the platform ends it; -1 never.
        stop_delay: from an accepted stop to SIGTERM; None never comes to it.
        restart_delay: from an exit to the next start.
        faults: what becomes of the next self-stop calls, one after the other.
        listen: the address of the external ports.
        delay: what the network adds to each way, on forwarded ports.
        uid: the user and group that the container runs as; None leaves ours.
        on_line: is told each line of output with the name of its stream.
    """

    app: str = "local"
    name: str = "local"
    command: Sequence[str]
    env: Mapping[str, str | None] = field(default_factory=dict)
    matchmaker: Mapping[str, str] = field(default_factory=dict)
    ports: Sequence[Port] = (Port(),)
    tags: Sequence[str] = ("local",)
    grace: float = 5.0
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    mark_ready_after: float | None = 0.0
    stop_delay: float | None = 0.0
    max_duration: int = 1440
    restart_delay: float = 0.1
    faults: Sequence[Fault] = ()
    listen: str = "127.0.0.1"
    delay: float = 0.0
    cwd: Path | None = None
    uid: int | None = None
    on_line: Callable[[str, str], None] | None = None
