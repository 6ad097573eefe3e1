"""What PID 1 and the processes that it starts for itself agree on."""

# Fixed descriptor numbers in the agent and in the rescue process.
CHANNEL = 3  # SOCK_SEQPACKET; one JSON object a datagram
STATE = 4  # memfd: heartbeat and two slots, see agent/link
SETTINGS = 5  # memfd: length, CRC, JSON; written once by agent.configure
FILES = 6  # a pipe whose lines go to the container's stderr; /dev/null where nobody asked for it
LISTEN = 7  # the first listening socket; the truth message names them all

# The state memfd: a fixed header, then two sparse slots.
HEARTBEAT_OFFSET = 0  # u64, little endian; the agent adds 1 every BEAT_SECONDS
SLOTS_OFFSET = 4096
SLOT_BYTES = 16 * 1024 * 1024
BEAT_SECONDS = 10.0
LOOK_SECONDS = 30.0  # how often PID 1 looks at the heartbeat while nothing happens

# What is said on the channel. To PID 1, {"do": ...}:
#   hello        {}                      only after PR_SET_DUMPABLE 0; answered by the truth
#   signal_game  {signum}                the stop signal; sent to the group at most once a life
#   abort_game   {signum}                the hang signal; likewise at most once a life
#   kill_game    {}
#   restart_game {}
#   write_stdin  {text}
#   stop_plan    {signum, after}         at SIGTERM, PID 1 signals by itself `after` s later
#   stopping     {reason, report, signal_at, kill_at, end_at}   a stop of our own is on
#   ack          {}                      we have seen the last game_exited or term
#   seal_segment {token}                 all that is in the pipes too; answered by sealed
#   release_segment {stream, seq}        every sink has it
#   reported     {outcome, detail}       rescue: accepted | gone | rejected | failed
#   leave        {status, why}
# From PID 1, {"is": ...}:
#   truth        see below
#   game_started {pid, at, begins: {stream: offset}}
#   game_exited  {pid, status, at}      game_not_started {why, at}
#   term         {signum, at}
#   sealed       {token, ends: {stream: offset}, counters: {name: number}}
# truth: {boot, born, start, url, listeners: [{address: [host, port] | path, fd}],
#   faces: {door: as listeners},
#   game: {pid, started_at, exit, exited_at, path, folder, home, uid, begins}, term_at,
#   signalled, grace, spool,
#   secrets: {name: value}, notices: [line]}
# Times are CLOCK_BOOTTIME seconds; exit and status are raw wait statuses.

BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from importlib import import_module; sys.exit(import_module(sys.argv[2]).main())"
)


def command(python: str, root: str, module: str, *arguments: str) -> list[str]:
    """Return the argv that runs *module*'s ``main`` isolated from the game's environment."""
    return [python, "-I", "-c", BOOT, root, module, *arguments]
