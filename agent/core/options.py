"""The validated settings as the service knows them, without secrets."""

from dataclasses import dataclass

from . import faces
from .phases import Mode, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every setting that outlives the start; all times in seconds.

    Filled by ``agent.configure`` from ``agent.settings.Settings``, whose field names,
    defaults and meanings are the same (a test compares them).
    """

    ready_when: str = "auto"  # conditions, see core.conditions
    start_timeout: float = 600.0
    nobody_joined: float = 300.0
    everybody_left: float = 120.0
    stale_players: float = 0.0  # 0 = off
    players: str = "auto"  # or a list of sources; "api", "log" alone: nobody is there at first
    players_log: tuple[str, ...] = ()  # presets, or "join REGEX", "leave REGEX"
    players_period: float = 10.0
    max_duration: float = 84_600.0  # 23h30m: public deployments are ended at 24 h
    max_duration_warning: float = 300.0
    on_match_end: str = "stop"  # or "ready"
    on_game_exit: Policy = Policy.STOP
    on_game_crash: Policy = Policy.STOP
    on_unhealthy: Policy = Policy.STOP
    stop_timeout: float = 60.0
    drain: float = 15.0
    stop_by: tuple[tuple[str, float], ...] = (("signal", 0.0),)  # (way, cap)
    stop_signal: int = 15
    stop_file: str = ""  # way "file": written as JSON {reason, seconds_left}
    stop_text: str = "stop"  # way "stdin": this line; way "rcon": this command
    stop_url: str = ""  # way "http": posted to
    rcon_port: int = 0
    grace: float = 5.0
    grace_assumed: bool = True
    stop_wait: float = 900.0
    after_stop_wait: str = "stay"  # or "exit"
    log_linger: float = 0.3
    log_labels: tuple[tuple[str, str], ...] = ()  # (name, value)
    log_redact: tuple[str, ...] = ()  # regular expressions
    log_redact_ips: bool = False
    log_preset: str = "plain"  # a name of logs.levels.PRESETS
    log_ansi: bool = False
    log_rate: int = 0  # lines a second of one source, 0 = all
    log_files: tuple[str, ...] = ()  # patterns, or "auto"
    log_files_echo: bool = False  # to the container's stderr, too
    health_period: float = 5.0
    health_timeout: float = 60.0
    health_delay: float = 0.0  # 0 = armed by the first ping only
    health_when: str = ""  # conditions; empty = the game's own word alone
    health_tries: int = 3  # failures of a look in a row
    ready_port_drain: str = "open"  # or "close"
    hang_signal: int = 6  # ABRT
    hang_cap: float = 10.0  # 0 = a game that hangs gets no such signal
    crash_dir: str = ""  # empty = the spool's folder
    port: int = 8655
    expect: tuple[str, ...] = ()  # calls, see core.expectations
    sdk: tuple[str, ...] = ()  # faces, see core.faces
    agones_allocate: str = "ready"  # or "match", "never"
    agones_counters: tuple[tuple[str, int], ...] = faces.CAPACITIES  # (name, capacity)
    agones_lists: tuple[tuple[str, int], ...] = faces.CAPACITIES
    mode: Mode = Mode.ENFORCE
    mode_given: bool = False  # AGENT_MODE was set, so idle and health stop outside Edgegap too
    container_log_storage: str = ""
    log_format: str = "text"  # or "json"
    status_period: float = 60.0  # of the status line; 0 = off
    degraded: tuple[str, ...] = ()  # one line a bad setting that was replaced by its default
    notices: tuple[str, ...] = ()  # one line a suspicious but harmless name
