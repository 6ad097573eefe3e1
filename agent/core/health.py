"""Whether the game still says that it is well."""

from dataclasses import dataclass, replace

from .options import Options
from .phases import Health

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the game last said of its health.

    Attributes:
        said: the last word, UNKNOWN before the first.
        heard_at: when; None before the first.
        since: when it first said so, of the times in a row.
        loading_until: a map travel may keep the game silent until then.
    """

    said: Health = Health.UNKNOWN
    heard_at: float | None = None
    since: float | None = None
    loading_until: float = 0.0


def heard(pulse: Pulse, status: str, seconds: float, now: float) -> Pulse:
    """Take a word of the game; "loading" buys *seconds* of silence."""
    until = now + seconds if status == Health.LOADING.value else 0.0
    said = Health(status)
    since = pulse.since if said is pulse.said else now
    return replace(pulse, said=said, heard_at=now, since=since, loading_until=until)


def silent_at(pulse: Pulse, ready_at: float | None, options: Options) -> float:
    """Return when silence becomes a sign of ill health.

    Armed by the first ping; before that only where a delay after ready is configured.
    """
    if pulse.heard_at is not None:
        return max(pulse.heard_at + options.health_timeout, pulse.loading_until)
    if options.health_delay and ready_at is not None:
        return ready_at + options.health_delay + options.health_timeout
    return NEVER


def judge(pulse: Pulse, ready_at: float | None, now: float, options: Options) -> Health:
    """Return the health as it is at *now*."""
    if pulse.said is Health.UNHEALTHY or now >= silent_at(pulse, ready_at, options):
        return Health.UNHEALTHY
    return pulse.said
