"""The named scenarios: what happens, what must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import acts
from . import promises as kept
from .acts import Act
from .faults import Fault, Refusal, Reset
from .promises import Promise
from .version import RestartPolicy

_SELF_STOP = (kept.SELF_STOPPED, kept.CONTAINER_LEFT)
_SHUTS_OUT = 503
_BUDGET = 10.0  # seconds: AGENT_STOP_TIMEOUT in all of them
_LATE = 5.0  # seconds that a busy machine may add to what is promised

QUICK: Mapping[str, str] = {
    "AGENT_PLAYERS": "api",
    "AGENT_STOP_TIMEOUT": f"{_BUDGET:g}s",
    "AGENT_DRAIN": "1s",
}
"""What all of them set; an app version may say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario.

    Attributes:
        title: what it shows, as a sentence.
        acts: what happens, one after the other; then the end is awaited.
        promises: what must have been kept, beside ``promises.ALWAYS``.
        env: timers, made short.
        policy: the restart policy, None = the version's.
        stop_delay: from an accepted stop to SIGTERM, seconds.
        is_held: the game's process stops before it becomes the game.
        ready_at_once: the deployment is READY with its container.
        storage: the status that the log store answers.
    """

    title: str
    acts: Sequence[Act]
    promises: Sequence[Promise]
    env: Mapping[str, str] = field(default_factory=dict)
    policy: RestartPolicy | None = None
    stop_delay: float = 0.0
    is_held: bool = False
    ready_at_once: bool = True
    faults: Sequence[Fault] = ()
    storage: int = 200


SCENARIOS: Mapping[str, Scenario] = {
    "happy-path": Scenario(
        title="a match is played, then the deployment ends itself",
        acts=(acts.play, acts.end_match),
        promises=(kept.ended_for("match_ended"), *_SELF_STOP, kept.SHIPPED),
    ),
    "nobody-joins": Scenario(
        title="a deployment that nobody joins ends itself",
        acts=(acts.get_ready, acts.tell_nobody),
        env={"AGENT_NOBODY_JOINED": "1s"},
        promises=(kept.ended_for("nobody_joined"), *_SELF_STOP, kept.SHIPPED),
    ),
    "everybody-leaves": Scenario(
        title="a deployment that everybody left ends itself",
        acts=(acts.get_ready, acts.join, acts.tell_nobody),
        env={"AGENT_EVERYBODY_LEFT": "1s"},
        promises=(kept.ended_for("everybody_left"), *_SELF_STOP, kept.SHIPPED),
    ),
    "crash-before-ready": Scenario(
        title="a game that crashes while it starts ends its deployment",
        acts=(acts.hold_at_birth, acts.crash),
        is_held=True,
        promises=(kept.ended_for("game_crashed"), *_SELF_STOP),
    ),
    "crash-in-match": Scenario(
        title="a game that crashes while it is played ends its deployment",
        acts=(acts.play, acts.crash),
        promises=(kept.ended_for("game_crashed"), *_SELF_STOP, kept.SHIPPED),
    ),
    "hang-in-match": Scenario(
        title="a game that hangs while it is played ends its deployment",
        acts=(acts.play, acts.hang),
        env={"AGENT_HEALTH_TIMEOUT": "3s", "AGENT_HANG_CAP": "1s"},
        promises=(kept.ended_for("game_unhealthy"), *_SELF_STOP, kept.SHIPPED),
    ),
    "ignores-sigterm": Scenario(
        title="a game that does not leave costs nobody the end of its log",
        acts=(acts.play, acts.ignore_signals, acts.stop_by_platform),
        promises=(kept.KILLED, kept.NOT_SELF_STOPPED, kept.SHIPPED),
    ),
    "platform-stop-in-match": Scenario(
        title="the platform's stop reaches the game, its log is out in time",
        acts=(acts.play, acts.stop_by_platform),
        promises=(
            *(kept.ended_for("platform_sigterm"), kept.LEFT),
            *(kept.NOT_SELF_STOPPED, kept.SHIPPED),
        ),
    ),
    "stop-before-ready": Scenario(
        title="a stop before the deployment is READY is waited for",
        acts=(acts.get_ready, acts.stop_by_game, acts.become_ready_late),
        ready_at_once=False,
        promises=(kept.ended_for("requested"), *_SELF_STOP, kept.SHIPPED),
    ),
    "stop-rejected": Scenario(
        title="a self-stop that the platform rejects is said loudly",
        acts=(acts.play, acts.end_match, acts.be_told_of_the_bill),
        faults=(Refusal(403),) * 100,
        promises=(kept.answered("403"), kept.CONTAINER_LEFT, kept.SHIPPED),
    ),
    "restart-always": Scenario(
        title="the platform has no container to start again",
        acts=(acts.play, acts.crash),
        policy=RestartPolicy.ALWAYS,
        stop_delay=2.0,
        promises=(kept.ended_for("game_crashed"), *_SELF_STOP, kept.SHIPPED),
    ),
    "self-stop-outage": Scenario(
        title="an outage of the platform's API delays the self-stop, no more",
        acts=(acts.play, acts.end_match),
        faults=(Refusal(_SHUTS_OUT), Refusal(_SHUTS_OUT), Reset()),
        promises=(
            *(kept.ended_for("match_ended"), kept.answered("503", "503", "reset", "202")),
            *(*_SELF_STOP, kept.SHIPPED),
        ),
    ),
    "storage-outage": Scenario(
        title="an outage of the log store delays nothing",
        acts=(acts.play, acts.end_match),
        storage=_SHUTS_OUT,
        promises=(
            *(kept.ended_for("match_ended"), *_SELF_STOP, kept.REFUSED),
            kept.within(_BUDGET + _LATE, "match's end"),
        ),
    ),
    "agent-killed": Scenario(
        title="the agent's death is nothing to the game",
        acts=(acts.play, acts.kill_agent, acts.end_match),
        promises=(kept.ended_for("match_ended"), *_SELF_STOP, kept.SHIPPED),
    ),
    "agent-frozen": Scenario(
        title="an agent that hangs does not eat the game's grace",
        acts=(acts.play, acts.freeze_agent, acts.stop_by_platform),
        promises=(kept.LEFT, kept.NOT_SELF_STOPPED),
    ),
}
