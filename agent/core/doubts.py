"""What is odd about settings that are each fine by themselves."""

from signal import SIGKILL, SIGSTOP

from . import budget
from .durations import render
from .options import Options
from .spellings import signal_name

SHORTEST_GRACE = 5.0  # seconds; what the platform takes as termination_grace_period_seconds
LONGEST_GRACE = 3600.0
LONGEST_LIFE = 86_400.0  # seconds; the platform ends public deployments then
_RUDE = (SIGKILL, SIGSTOP)


def doubts(options: Options) -> tuple[tuple[str, str], ...]:
    """Return (setting, line) for each oddity; none of them keeps a setting from being used."""
    found = (
        ("AGENT_GRACE", _odd_grace(options)),
        ("AGENT_DRAIN", _long_drain(options)),
        ("AGENT_STOP_SIGNAL", _rude_signal(options)),
        ("AGENT_STOP_BY", _long_stop_list(options)),
        ("AGENT_STOP_FILE", _no_address(options, "file", "AGENT_STOP_FILE", options.stop_file)),
        ("AGENT_STOP_URL", _no_address(options, "http", "AGENT_STOP_URL", options.stop_url)),
        ("AGENT_RCON_PORT", _no_address(options, "rcon", "AGENT_RCON_PORT", options.rcon_port)),
        ("AGENT_MAX_DURATION", _long_life(options)),
        ("AGENT_MAX_DURATION_WARNING", _early_warning(options)),
        ("AGENT_HEALTH_TIMEOUT", _hasty_health(options)),
    )
    return tuple((setting, line) for setting, line in found if line)


def _odd_grace(options: Options) -> str:
    if SHORTEST_GRACE <= options.grace <= LONGEST_GRACE:
        return ""
    return (
        f"AGENT_GRACE={render(options.grace)} is no grace that the platform gives; set it to the "
        "app version's termination_grace_period_seconds (5 to 3600)"
    )


def _long_drain(options: Options) -> str:
    cut = budget.drain_seconds(options.stop_timeout, options.drain)
    if cut >= options.drain:
        return ""
    return (
        f"AGENT_DRAIN={render(options.drain)} is cut to {render(cut)}, a quarter of "
        f"AGENT_STOP_TIMEOUT={render(options.stop_timeout)}; raise that, or lower the drain"
    )


def _rude_signal(options: Options) -> str:
    if options.stop_signal not in _RUDE:
        return ""
    return (
        f"AGENT_STOP_SIGNAL={signal_name(options.stop_signal)} gives a game no chance to save; "
        "set it to TERM, INT or QUIT"
    )


def _long_stop_list(options: Options) -> str:
    caps = tuple(cap for _, cap in options.stop_by)
    room = budget.kill_at(0.0, options.grace) / 2
    if sum(caps) <= room:
        return ""
    return (
        f"the caps of AGENT_STOP_BY ({render(sum(caps))} together) shrink to {render(room)} at a "
        f"stop of the platform, half of the time to SIGKILL; raise AGENT_GRACE, or lower them"
    )


def _no_address(options: Options, way: str, setting: str, value: object) -> str:
    """Say that a way of the stop list leads nowhere."""
    if value or all(way != each for each, _ in options.stop_by):
        return ""
    return f"AGENT_STOP_BY names {way}, yet {setting} is not set; set it, or take {way} out"


def _long_life(options: Options) -> str:
    if 0 < options.max_duration <= LONGEST_LIFE:
        return ""
    shown = render(options.max_duration) if options.max_duration else "off"
    return (
        f"AGENT_MAX_DURATION={shown} is past 24h, when the platform ends public deployments "
        "without asking; lower it below 24h, or see that your fleet has no such limit"
    )


def _early_warning(options: Options) -> str:
    if not options.max_duration or options.max_duration_warning < options.max_duration:
        return ""
    return (
        f"AGENT_MAX_DURATION_WARNING={render(options.max_duration_warning)} is not shorter than "
        f"AGENT_MAX_DURATION={render(options.max_duration)}; lower it"
    )


def _hasty_health(options: Options) -> str:
    if options.health_timeout > options.health_period:
        return ""
    return (
        f"AGENT_HEALTH_TIMEOUT={render(options.health_timeout)} leaves no room for one ping in "
        f"AGENT_HEALTH_PERIOD={render(options.health_period)}; make it a multiple of the period"
    )
